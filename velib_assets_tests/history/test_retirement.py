"""Hours that history holds are retired, never lose a row, and come back when their raw or history changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.history.currency import outdated_days
from velib_assets.history.day import rebuild_day
from velib_assets.history.retired_days import (
    read_retired,
    reopen_days,
    retired_hours,
    settled_hours,
)
from velib_assets.history.retirement import Retired, retire_before, retire_day
from velib_assets.ingest.discard import discard_object
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, history_day_key, history_retired_key, hours_of_day, raw_key
from velib_assets.lake.listing import objects_by_hour, raw_objects, utc_now
from velib_assets.lake.packing import pack_day
from velib_assets.lake.store import Change
from velib_assets.stations.register_file import load_register
from velib_assets_tests.history.days import DAY, clean, fill_day, snapshot

COUNT = 4
HOURS = hours_of_day(DAY)[:COUNT]
LATER = DAY + timedelta(days=1)


class Lake(NamedTuple):
    """A lake with a day of four hours in its history."""

    store: FolderStore
    catalog: LocalCatalog

    def retire(self) -> list[Retired]:
        return list(retire_before(self.store, self.catalog, LATER))

    def clean(self, *hours: datetime) -> None:
        clean(self.store, *hours)
        self.catalog.register([hashed_partition_of(self.store, hour) for hour in hours])

    def build(self) -> str:
        """Build the day; return why it was not built."""
        result = rebuild_day(self.store, DAY)
        if not result.error:
            self.catalog.register_history([result.file()])
        return result.error

    def settled(self) -> list[datetime]:
        """Return the retired hours that are current, as healing sees them; other days are reopened."""
        raw = objects_by_hour(self.store, "raw", HOURS[0], HOURS[-1])
        return sorted(settled_hours(self.store, self.catalog, raw))

    def history(self) -> bytes:
        return self.store.read(history_day_key(DAY))

    def cleaned(self) -> list[datetime]:
        return sorted(objects_by_hour(self.store, "clean", HOURS[0], HOURS[-1]))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    fill_day(store, hours=COUNT)
    lake = Lake(store, catalog)
    lake.catalog.register([hashed_partition_of(store, hour) for hour in HOURS])
    assert lake.build() == ""
    return lake


def test_hours_leave_the_table_and_stay_in_the_history(lake: Lake) -> None:
    before = lake.history()
    assert lake.retire() == [Retired(DAY, COUNT)]
    assert lake.cleaned() == []
    assert lake.catalog.partitions() == []
    assert lake.history() == before
    assert [file.period for file in lake.catalog.history()] == ["2022-06-04"]
    assert [len(raw_objects(lake.store, hour)) for hour in HOURS] == [2] * COUNT
    assert retired_hours(lake.store, [*HOURS, HOURS[-1] + timedelta(hours=1)]) == {*HOURS}
    assert lake.settled() == HOURS
    assert outdated_days(lake.store, lake.catalog, DAY, DAY) == {}
    assert lake.retire() == []


def test_days_that_are_not_old_enough_stay(lake: Lake) -> None:
    assert list(retire_before(lake.store, lake.catalog, DAY)) == []
    assert lake.cleaned() == HOURS


def waits(lake: Lake, reason: str) -> None:
    (outcome,) = lake.retire()
    assert (outcome.hours, reason in outcome.reason) == (0, True), outcome
    assert len(lake.catalog.partitions()) >= COUNT
    assert [hour for hour in HOURS if hour not in lake.cleaned()] == []
    assert read_retired(lake.store, DAY) is None


def test_day_that_is_not_in_the_history_waits(lake: Lake) -> None:
    lake.catalog.unregister_history(["2022-06-04"])
    waits(lake, "is not current")


def test_day_whose_hour_was_cleaned_again_waits_for_its_history(lake: Lake) -> None:
    snapshot(lake.store, HOURS[0].replace(minute=45))
    lake.clean(HOURS[0])
    waits(lake, "is not current")


def test_day_with_new_raw_waits(lake: Lake) -> None:
    snapshot(lake.store, HOURS[0].replace(minute=45))
    waits(lake, "2022-06-04T00 is not cleaned from its raw snapshots as they are now")


def test_day_with_an_hour_that_is_not_cleaned_waits(lake: Lake) -> None:
    snapshot(lake.store, HOURS[-1] + timedelta(hours=1))
    waits(lake, "2022-06-04T04 is not cleaned")


def test_day_whose_pack_is_damaged_waits_and_stops_no_other(lake: Lake) -> None:
    fill_day(lake.store, LATER, hours=1)
    damage_pack(lake)
    first, second = retire_before(lake.store, lake.catalog, LATER + timedelta(days=1))
    assert (first.day, first.hours, second.day) == (DAY, 0, LATER)
    assert "is damaged" in first.reason


def test_damaged_pack_of_a_retired_day_hides_no_other_outdated_day(lake: Lake) -> None:
    lake.retire()
    damage_pack(lake)
    fill_day(lake.store, LATER, hours=1)
    lake.catalog.register([hashed_partition_of(lake.store, hours_of_day(LATER)[0])])
    assert [*outdated_days(lake.store, lake.catalog, DAY, LATER)] == [LATER]


def test_damaged_pack_lets_an_outdated_day_wait(lake: Lake) -> None:
    """Its pack may have an hour that is not cleaned."""
    damage_pack(lake)
    Path(lake.store.address(history_day_key(DAY))).unlink()
    assert outdated_days(lake.store, lake.catalog, DAY, DAY) == {}


def damage_pack(lake: Lake) -> None:
    pack_day(lake.store, DAY)
    (pack,) = lake.store.root.glob("raw/*/date=2022-06-04/*.zip")
    pack.write_bytes(pack.read_bytes()[:100])


def test_day_whose_history_file_is_damaged_waits(lake: Lake) -> None:
    path = Path(lake.store.address(history_day_key(DAY)))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(bytes(data))
    waits(lake, "is not as it was registered")


def test_history_file_without_a_hash_is_built_again_before(lake: Lake) -> None:
    """A restored catalog has no hashes. Damage could go unnoticed, and the clean files are still there."""
    before = lake.history()
    path = Path(lake.store.address(history_day_key(DAY)))
    path.write_bytes(before.replace(b"parquet-cpp", b"parquet-cqp"))
    lake.catalog.register_history([file._replace(sha256="") for file in lake.catalog.history()])
    assert lake.retire() == [Retired(DAY, COUNT)]
    assert lake.history() == before
    assert all(file.sha256 for file in lake.catalog.history())


def test_late_raw_reopens_the_day_which_is_built_and_retired_again(lake: Lake) -> None:
    lake.retire()
    before = lake.history()
    snapshot(lake.store, HOURS[1].replace(minute=45))
    assert lake.settled() == []
    assert retired_hours(lake.store, HOURS) == set()
    lake.clean(HOURS[1])
    assert "it alone has the rows of 2022-06-04T00, 2022-06-04T02, 2022-06-04T03" in lake.build()
    assert outdated_days(lake.store, lake.catalog, DAY, DAY) == {}  # it waits for its hours
    assert lake.history() == before
    lake.clean(*HOURS)
    assert [*outdated_days(lake.store, lake.catalog, DAY, DAY)] == [DAY]
    assert lake.build() == ""
    assert lake.history() != before
    assert lake.retire() == [Retired(DAY, COUNT)]
    assert lake.settled() == HOURS


def test_raw_of_an_hour_that_had_none_reopens_the_day(lake: Lake) -> None:
    lake.retire()
    snapshot(lake.store, HOURS[-1] + timedelta(hours=1))
    raw = objects_by_hour(lake.store, "raw", HOURS[0], HOURS[-1] + timedelta(hours=1))
    assert settled_hours(lake.store, lake.catalog, raw) == []
    assert retired_hours(lake.store, HOURS) == set()


def test_hour_whose_raw_is_all_unusable_does_not_reopen_the_day(lake: Lake) -> None:
    """The day would be cleaned and retired again, every day."""
    hour = HOURS[-1] + timedelta(hours=1)
    lake.store.create(raw_key(hour), b"damaged")
    (result,) = LocalCleanJob(lake.store, 1).run([hour])
    assert result.cleaned is not None
    assert result.cleaned.rows == 0
    assert lake.retire() == [Retired(DAY, COUNT)]
    raw = objects_by_hour(lake.store, "raw", HOURS[0], hour)
    assert sorted(settled_hours(lake.store, lake.catalog, raw)) == [*HOURS, hour]
    assert retired_hours(lake.store, HOURS) == {*HOURS}


@pytest.mark.parametrize("loss", ["file", "registration"])
def test_lost_history_is_built_again_from_raw_with_the_same_bytes(lake: Lake, loss: str) -> None:
    lake.retire()
    before = lake.history()
    if loss == "file":
        Path(lake.store.address(history_day_key(DAY))).unlink()
    else:
        lake.catalog.unregister_history(["2022-06-04"])
    assert lake.settled() == []
    lake.clean(*HOURS)
    assert lake.build() == ""
    assert lake.history() == before


def test_single_hour_that_is_cleaned_again_does_not_shrink_the_day(lake: Lake) -> None:
    lake.retire()
    before = lake.history()
    lake.clean(HOURS[2])
    assert "Run `velib backfill 2022-06-04 2022-06-04T03`" in lake.build()
    assert lake.history() == before
    assert outdated_days(lake.store, lake.catalog, DAY, DAY) == {}
    assert lake.settled() == HOURS


def test_discarded_hour_of_a_reopened_day_leaves_it(lake: Lake) -> None:
    lake.retire()
    assert reopen_days(lake.store, [DAY]) == HOURS
    for item in raw_objects(lake.store, HOURS[0]):
        discard_object(lake.store, item, "wrong", utc_now())
    lake.clean(*HOURS[1:])
    assert lake.build() == ""
    assert rebuild_day(lake.store, DAY).hours == COUNT - 1


def test_raw_that_is_gone_never_costs_the_rows(lake: Lake) -> None:
    """Raw that someone deleted was not discarded: the history keeps what nothing else has."""
    lake.retire()
    before = lake.history()
    for item in raw_objects(lake.store, HOURS[0]):
        Path(lake.store.address(item.key)).unlink()
    reopen_days(lake.store, [DAY])
    lake.clean(*HOURS[1:])
    assert "it alone has the rows of 2022-06-04T00" in lake.build()
    assert lake.history() == before


def test_interrupted_retirement_is_completed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the partitions and the files nothing is lost, and queries do not fail."""
    with monkeypatch.context() as patch:
        publish, calls = lake.store.publish, []

        def interrupted(changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
            calls.append(changes)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return publish(changes, precondition)

        patch.setattr(lake.store, "publish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lake.retire()
    assert lake.catalog.partitions() == []
    assert lake.cleaned() == HOURS[1:]
    assert lake.settled() == HOURS
    assert lake.retire() == [Retired(DAY, COUNT - 1)]
    assert lake.cleaned() == []


def test_damaged_record_lets_the_hours_be_cleaned_again(lake: Lake) -> None:
    lake.retire()
    Path(lake.store.address(history_retired_key(DAY))).write_bytes(b"{")
    assert lake.settled() == []
    assert retired_hours(lake.store, HOURS) == set()


def test_restored_catalog_leaves_retired_hours_retired(lake: Lake) -> None:
    lake.retire()
    Path(lake.store.address("catalog.sqlite")).unlink()
    restored = Lake(lake.store, LocalCatalog(Path(lake.store.address("x")).parent))
    restored.catalog.prepare()
    assert restored.catalog.partitions() == []
    assert [file.period for file in restored.catalog.history()] == ["2022-06-04"]
    assert restored.settled() == HOURS


def test_clean_files_that_a_restored_catalog_registers_again_are_retired_again(lake: Lake) -> None:
    files = {hour: lake.store.read(clean_key(hour)) for hour in HOURS}
    lake.retire()
    lake.store.create(clean_key(HOURS[0]), files[HOURS[0]])
    lake.catalog.register([hashed_partition_of(lake.store, HOURS[0])])
    register = load_register(lake.store).register
    outcome = retire_day(lake.store, lake.catalog, DAY, register)
    assert outcome == Retired(DAY, 1)
    assert lake.catalog.partitions() == []


def test_record_says_what_was_retired(lake: Lake) -> None:
    lake.retire()
    record = json.loads(lake.store.read(history_retired_key(DAY)))
    assert date.fromisoformat(record["day"]) == DAY
    assert sorted(record["clean"]) == [f"2022-06-04T0{number}" for number in range(COUNT)]
    assert record["clean"].keys() == record["raw"].keys()
    assert record["digest"] == lake.catalog.history()[0].digest


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b"\xff", b'{"day": "2022-06-04"}'])
def test_damaged_record_never_costs_the_rows(lake: Lake, content: bytes) -> None:
    """One hour is cleaned again before the others: the day keeps its file until all are."""
    lake.retire()
    before = lake.history()
    Path(lake.store.address(history_retired_key(DAY))).write_bytes(content)
    lake.clean(HOURS[2])
    assert "it alone has the rows of 2022-06-04T00" in lake.build()
    assert lake.history() == before
    lake.clean(*HOURS)
    assert lake.build() == ""
    assert lake.history() == before
    assert lake.retire() == [Retired(DAY, COUNT)]
