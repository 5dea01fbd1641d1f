"""Healing verifies all clean files in turns, and requests the damaged ones."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.aws.api import AwsError
from velib_assets.catalog.catalog import DAMAGED, CatalogError
from velib_assets.catalog.registration import hashed_partition_of, partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.build import SENSOR_INTERVALS
from velib_assets.defs.sensors.verification_turn import FILES, damaged_in_turn, files_per_round
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, clean_key, hours_between, parse_hour
from velib_assets.settings import Settings
from velib_assets_tests.catalog.damaging import in_page_data
from velib_assets_tests.defs.sensors.test_healing_sensor import carry_out, evaluate, spans

RAW = Path(__file__).parents[2] / "frozen_lake" / "lake" / "raw"
FIRST = parse_hour("2022-06-04T08")
HOURS = list(hours_between(FIRST, FIRST + 3 * HOUR))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A lake whose four hours are registered with their hashes."""
    shutil.copytree(RAW, tmp_path / "lake" / "raw")
    store = FolderStore(tmp_path / "lake")
    assert [result.error for result in LocalCleanJob(store).run(HOURS)] == [""] * len(HOURS)
    LocalCatalog(store.root).register([hashed_partition_of(store, hour) for hour in HOURS])
    return store


def flip(store: FolderStore, hour: datetime) -> bytes:
    """Flip a bit that neither Arrow nor DuckDB notices; return the bytes before."""
    path = store.root / clean_key(hour)
    good = path.read_bytes()
    data = bytearray(good)
    data[good.rindex(b"parquet-cpp") + 3] ^= 1
    path.write_bytes(bytes(data))
    return good


def turn(store: FolderStore, state: dict[str, Any]) -> list[datetime]:
    return [part.hour for part in damaged_in_turn(store, LocalCatalog(store.root), state)]


def test_each_turn_reads_few_files_and_goes_on_where_the_last_one_ended(store: FolderStore) -> None:
    for hour in HOURS:
        flip(store, hour)
    state: dict[str, Any] = {}
    turns = [turn(store, state) for _ in range(len(HOURS) // FILES)]
    assert [len(found) for found in turns] == [FILES] * len(turns)
    assert [hour for found in turns for hour in found] == HOURS
    assert turn(store, state) == HOURS[:FILES]


@pytest.mark.parametrize(("target", "hours_per_day"), [("local", 2), ("aws", 22)])
def test_year_is_verified_within_a_month(target: str, hours_per_day: int) -> None:
    """On a computer where the daemon runs two hours a day, and on AWS, where rounds are rare."""
    seconds, *_ = SENSOR_INTERVALS[target]
    assert 365 * 24 / files_per_round(seconds) <= 30 * hours_per_day * 3600 / seconds


def test_longer_rounds_read_more_files(store: FolderStore) -> None:
    for hour in HOURS:
        flip(store, hour)
    assert len(damaged_in_turn(store, LocalCatalog(store.root), {}, files=3)) == 3


def test_gaps_are_passed(store: FolderStore) -> None:
    late = HOURS[-1] + 1000 * HOUR
    target = store.root / clean_key(late)
    target.parent.mkdir(parents=True)
    shutil.copyfile(store.root / clean_key(HOURS[0]), target)
    LocalCatalog(store.root).register([hashed_partition_of(store, late)])
    flip(store, late)
    state: dict[str, Any] = {}
    found: list[datetime] = []
    for _ in range(12):
        found += turn(store, state)
    assert found == [late]


def test_file_without_a_hash_gets_one(store: FolderStore) -> None:
    catalog = LocalCatalog(store.root)
    catalog.register([partition_of(store, hour) for hour in HOURS])
    state: dict[str, Any] = {}
    assert [turn(store, state) for _ in range(2)] == [[], []]
    assert catalog.partitions() == [hashed_partition_of(store, hour) for hour in HOURS]


def test_damaged_hour_is_requested_until_it_is_rebuilt(
    store: FolderStore, instance: dg.DagsterInstance
) -> None:
    good, settings = flip(store, HOURS[1]), Settings(lake=store.root)
    requests, cursor = evaluate(settings, instance)
    assert spans(requests) == [("2022-06-04-09:00", "2022-06-04-09:00")]
    (part,) = LocalCatalog(store.root).partitions([HOURS[1]])
    assert part.sha256 == DAMAGED
    assert carry_out(settings, instance, requests[0])
    assert (store.root / clean_key(HOURS[1])).read_bytes() == good
    assert LocalCatalog(store.root).partitions([HOURS[1]]) == [hashed_partition_of(store, HOURS[1])]
    assert evaluate(settings, instance, cursor)[0] == []


def test_damaged_hour_of_a_crawler_is_requested(store: FolderStore, instance: dg.DagsterInstance) -> None:
    """Its partition has neither digest nor hash, so the catalog cannot say that the file is damaged."""
    catalog = LocalCatalog(store.root)
    catalog.register([partition_of(store, hour)._replace(digest="") for hour in HOURS])
    path = store.root / clean_key(HOURS[1])
    data = bytearray(path.read_bytes())
    data[in_page_data(path)] ^= 255
    path.write_bytes(bytes(data))
    requests, _ = evaluate(Settings(lake=store.root), instance)
    assert spans(requests) == [("2022-06-04-09:00", "2022-06-04-09:00")]


def test_lake_without_clean_files_has_nothing_to_verify(tmp_path: Path) -> None:
    assert turn(FolderStore(tmp_path), {}) == []


def test_damaged_hour_is_requested_also_if_the_catalog_cannot_be_told(
    store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crawler's catalog stores no hash, and a full disk no mark."""

    def refuse(*_: object) -> int:
        raise CatalogError("the disk is full")

    flip(store, HOURS[1])
    monkeypatch.setattr(LocalCatalog, "register", refuse)
    requests, cursor = evaluate(Settings(lake=store.root), instance)
    assert spans(requests) == [("2022-06-04-09:00", "2022-06-04-09:00")]
    assert evaluate(Settings(lake=store.root), instance, cursor)[0] == []


def test_damaged_hour_before_the_first_partition_is_not_requested(
    store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A run over it would fail: it has no partition."""
    flip(store, HOURS[0])
    assert evaluate(Settings(lake=store.root, first_hour=HOURS[1]), instance)[0] == []


def test_object_that_cannot_be_fetched_does_not_stop_healing(store: FolderStore) -> None:
    """One that is archived in Glacier, say. It is not called damaged, and the next file is verified."""

    class Archived(FolderStore):
        def read(self, key: str) -> bytes:
            if key == clean_key(HOURS[0]):
                raise AwsError("S3 GetObject: InvalidObjectState")
            return super().read(key)

    flip(store, HOURS[1])
    state: dict[str, Any] = {}
    found = damaged_in_turn(Archived(store.root), LocalCatalog(store.root), state)
    assert ([part.hour for part in found], state["verify"]) == ([HOURS[1]], "2022-06-04T10")
