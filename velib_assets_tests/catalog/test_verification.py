"""Damage in any part of a file is found, and healing it brings back the right sums."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.catalog import DAMAGED, Partition
from velib_assets.catalog.clean_hashes import check_clean_file, mark_damaged, record_hashes, refused
from velib_assets.catalog.registration import hashed_partition_of, partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.catalog.verification import Damage, register_problem, verify_hour
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    HOUR,
    STATIONS_KEY,
    clean_key,
    hour_prefix,
    hours_between,
    parse_hour,
    state_key,
)
from velib_assets.lake.store import Change
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_register
from velib_assets_tests.catalog.damaging import CUTS, PLACES, cut, flip, footer_start, in_page_data, size

FROZEN = Path(__file__).parent.parent / "frozen_lake" / "lake"
FIRST = parse_hour("2022-06-04T08")
UNUSABLE = "velib_20220604_111500.json.gz"
HOURS = list(hours_between(FIRST, FIRST + 3 * HOUR))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose hours were cleaned and registered with their hashes."""
    lake = tmp_path_factory.mktemp("built") / "lake"
    shutil.copytree(FROZEN / "raw", lake / "raw", ignore=shutil.ignore_patterns(UNUSABLE))
    store = FolderStore(lake)
    assert [result.error for result in LocalCleanJob(store).run(HOURS)] == [""] * len(HOURS)
    LocalCatalog(lake).register([hashed_partition_of(store, hour) for hour in HOURS])
    return lake


@pytest.fixture
def lake(built: Path, tmp_path: Path) -> Path:
    """A copy of that lake."""
    return Path(shutil.copytree(built, tmp_path / "lake"))


def damage_in(lake: Path) -> list[Damage]:
    store, parts = FolderStore(lake), {part.hour: part for part in LocalCatalog(lake).partitions()}
    problem = register_problem(store)
    register = None if problem else load_register(store).register
    found = [item for hour in HOURS for item in verify_hour(store, hour, parts.get(hour), register)[0]]
    return [*found, *([problem] if problem else [])]


def sums(lake: Path) -> list[tuple[int, int | None]]:
    tables = [pq.read_table(lake / clean_key(hour)) for hour in HOURS]
    return [(table.num_rows, sum(filter(None, table["bikes"].to_pylist()))) for table in tables]


def test_sound_lake_has_no_damage(lake: Path) -> None:
    assert damage_in(lake) == []
    assert all(part.sha256 for part in LocalCatalog(lake).partitions())


@pytest.mark.parametrize("change", [*PLACES, *CUTS])
def test_damage_in_any_part_of_a_clean_file_is_found_and_rebuilt(change: str, lake: Path) -> None:
    before, path = sums(lake), lake / clean_key(FIRST)
    flip(path, PLACES[change](path)) if change in PLACES else cut(path, CUTS[change](path))
    (found,) = damage_in(lake)
    assert (found.layer, found.address) == ("clean", str(path))
    assert found.repair == "Run `velib backfill 2022-06-04T08 2022-06-04T08`"
    assert [result.error for result in LocalCleanJob(FolderStore(lake)).run([FIRST])] == [""]
    assert damage_in(lake) == []
    assert sums(lake) == before


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_flips_all_over_a_clean_file_are_found(bit: int, lake: Path) -> None:
    store, path = FolderStore(lake), lake / clean_key(FIRST)
    (part,) = LocalCatalog(lake).partitions([FIRST])
    good = path.read_bytes()
    for position in range(bit, len(good), 97):
        flip(path, position, bit)
        assert check_clean_file(store, part, Register()).problem, position
        path.write_bytes(good)
    assert check_clean_file(store, part).problem == ""


@pytest.mark.parametrize("bit", [1, 5])
def test_flips_all_over_the_register_are_found(bit: int, lake: Path) -> None:
    path = lake / STATIONS_KEY
    good = path.read_bytes()
    missed = []
    for position in range(0, len(good), 13):
        flip(path, position, bit)
        missed += [] if register_problem(FolderStore(lake)) else [position]
        path.write_bytes(good)
    assert missed == []


@pytest.mark.parametrize("change", CUTS)
def test_truncated_register_is_found_and_counts_as_missing(change: str, lake: Path) -> None:
    path = lake / STATIONS_KEY
    cut(path, CUTS[change](path) if change != "the length gone" else size(path) - 8)
    (found,) = damage_in(lake)
    assert (found.layer, found.problem) == ("stations", "it is damaged")
    assert "`velib backfill 2022-06-04T08 2022-06-04T11`" in found.repair
    assert not load_register(FolderStore(lake)).register.stations


def test_register_of_an_older_version_is_sound(lake: Path) -> None:
    """It has no hash, and counts as it is."""
    table = pq.read_table(lake / STATIONS_KEY)
    hours = b'{"hours": [["2022-06-04T08", "2022-06-04T11"]]}'
    with pq.ParquetWriter(lake / STATIONS_KEY, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"velib": hours.decode()})
    assert register_problem(FolderStore(lake)) is None
    assert load_register(FolderStore(lake)).register.has(FIRST)


def _raw_of(lake: Path) -> Path:
    return min((lake / hour_prefix("raw", FIRST)).iterdir())


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty"])
def test_damaged_raw_is_found_with_the_command_that_replaces_it(how: str, lake: Path) -> None:
    path = _raw_of(lake)
    data = path.read_bytes()
    path.write_bytes({"flipped": b"", "truncated": data[: len(data) // 2], "empty": b""}[how])
    if how == "flipped":
        path.write_bytes(data)
        flip(path, len(data) // 2)
    found = [item for item in damage_in(lake) if item.layer == "raw"]
    assert [item.address for item in found] == [str(path)]
    key = path.relative_to(lake).as_posix()
    assert f"velib discard 2022-06-04T08 2022-06-04T08 --snapshot {key} " in found[0].repair


def test_missing_and_unregistered_hours_are_found(lake: Path) -> None:
    (lake / clean_key(HOURS[0])).unlink()
    LocalCatalog(lake).unregister([HOURS[1]])
    (lake / hour_prefix("clean", HOURS[2]) / "part-0.parquet").write_bytes(b"PAR1")
    (lake / clean_key(HOURS[3])).unlink()
    (lake / clean_key(HOURS[3])).mkdir()
    found = damage_in(lake)
    assert [(item.layer, item.problem[:25]) for item in found] == [
        ("clean", "it does not exist"),
        ("catalog", "the hour is not registered"[:25]),
        ("clean", "it is no clean file of this hour"[:25]),
        ("clean", "it cannot be read ([Errno"),
    ]


def test_hour_without_raw_says_that_it_cannot_be_rebuilt(lake: Path) -> None:
    shutil.rmtree(lake / hour_prefix("raw", FIRST))
    assert damage_in(lake) == []
    path = lake / clean_key(FIRST)
    flip(path, in_page_data(path))
    (found,) = damage_in(lake)
    assert "No usable raw snapshot is left" in found.repair


def test_file_without_a_hash_gets_one_when_it_is_verified(lake: Path) -> None:
    """As in a catalog of an older version: it is decoded, because nothing else can be told of it."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    catalog.register([partition_of(store, hour) for hour in HOURS])
    (part,) = catalog.partitions([FIRST])
    assert part.sha256 == ""
    _, sha256 = verify_hour(store, FIRST, part, Register())
    assert sha256 == hashlib.sha256(store.read(part.key)).hexdigest()
    cut(lake / part.key, 1000)
    assert "cannot be decoded" in check_clean_file(store, part).problem


def test_file_of_another_pyarrow_is_no_damage(lake: Path) -> None:
    """Its hash differs from the registered one, but cleaning raw now gives the same bytes."""
    store = FolderStore(lake)
    (part,) = LocalCatalog(lake).partitions([FIRST])
    before = part._replace(sha256="0" * 64)
    assert check_clean_file(store, before) == ("", part.sha256)
    assert refused(store, _Known(before), [part]) == {}


def written_by_another_pyarrow(path: Path) -> None:
    """Rename the writer of a file: between two versions, that is the only difference of its bytes."""
    data = path.read_bytes()
    own = f"version {pa.__version__}".encode()
    other = b"version " + b"9" * len(pa.__version__[:-4]) + pa.__version__[-4:].encode()
    assert (data.count(own), len(own)) == (1, len(other))
    path.write_bytes(data.replace(own, other))


def test_file_that_glue_writes_with_another_pyarrow_can_be_registered(lake: Path) -> None:
    """Rebuilding gave other bytes here than there, so an hour that was once damaged was refused for ever."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    mark_damaged(store, catalog, catalog.partitions([FIRST]))
    path = lake / clean_key(FIRST)
    written_by_another_pyarrow(path)
    rebuilt = hashed_partition_of(store, FIRST)
    assert refused(store, catalog, [rebuilt]) == {}
    assert check_clean_file(store, catalog.partitions([FIRST])[0]) == ("", rebuilt.sha256)
    flip(path, in_page_data(path))
    assert list(refused(store, catalog, [hashed_partition_of(store, FIRST)])) == [FIRST]


def test_wrong_statistics_in_a_file_of_another_pyarrow_are_damage(lake: Path) -> None:
    """Readers skip a file by them, so its rows would be missing in answers."""
    store, path = FolderStore(lake), lake / clean_key(FIRST)
    (part,) = LocalCatalog(lake).partitions([FIRST])
    written_by_another_pyarrow(path)
    data = path.read_bytes()
    station = data.index(b"8002", footer_start(data))
    path.write_bytes(data[:station] + b"7" + data[station + 1 :])
    assert pq.read_table(path).num_rows == part.rows
    assert "another SHA-256" in check_clean_file(store, part).problem


def test_outdated_file_with_another_hash_is_cleaned_again_and_not_refused(lake: Path) -> None:
    """Nothing can be compared with it, and it is replaced anyway."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    written_by_another_pyarrow(lake / clean_key(FIRST))
    _raw_of(lake).unlink()
    rebuilt = hashed_partition_of(store, FIRST)
    assert refused(store, catalog, [rebuilt]) == {}
    (found,) = damage_in(lake)
    assert "have changed since it was built" in found.problem


class _Known(LocalCatalog):
    """A catalog with one partition."""

    def __init__(self, part: Partition) -> None:
        self._part = part

    def partitions(self, _: object = None) -> list[Partition]:
        """See Catalog."""
        return [self._part]


def test_damaged_file_is_not_registered_again(lake: Path) -> None:
    """Its bytes would become the expected ones. A rebuilt file is registered."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    path = lake / clean_key(FIRST)
    flip(path, path.read_bytes().rindex(b"parquet-cpp") + 3)
    damaged = hashed_partition_of(store, FIRST)
    problems = refused(store, catalog, [damaged])
    assert f"{path} is damaged" in problems[FIRST]
    mark_damaged(store, catalog, catalog.partitions([FIRST]))
    assert [part.sha256 for part in catalog.partitions([FIRST])] == [DAMAGED]
    assert list(refused(store, catalog, [damaged])) == [FIRST]
    assert [result.error for result in LocalCleanJob(store).run([FIRST])] == [""]
    assert refused(store, catalog, [hashed_partition_of(store, FIRST)]) == {}


def rewritten_by_another_pyarrow(data: bytes) -> bytes:
    """Return the file with another version in its writer's name."""
    return data.replace(f"version {pa.__version__}".encode(), b"version 98.7.6")


def test_file_that_another_pyarrow_rebuilt_is_registered(lake: Path) -> None:
    """On AWS the cleaner's version is not the host's, so the host cannot give the same bytes."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    path = lake / clean_key(FIRST)
    mark_damaged(store, catalog, catalog.partitions([FIRST]))
    path.write_bytes(rewritten_by_another_pyarrow(path.read_bytes()))
    assert path.read_bytes().count(b"version 98.7.6") == 1
    assert refused(store, catalog, [hashed_partition_of(store, FIRST)]) == {}
    good = path.read_bytes()
    for place in ("page data", "the writer's name"):
        flip(path, PLACES[place](path), 0)
        assert list(refused(store, catalog, [hashed_partition_of(store, FIRST)])) == [FIRST], place
        path.write_bytes(good)


def test_marking_forgets_what_was_computed_from_the_damaged_file(lake: Path) -> None:
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    key, state = state_key("kpi_typical_week"), b'{"digest": "x"}'
    store.publish([Change(key, state)], lambda: True)
    mark_damaged(store, catalog, [], ["kpi_typical_week"])
    assert store.read(key) == state
    mark_damaged(store, catalog, catalog.partitions([FIRST]), ["kpi_typical_week"])
    assert store.read(key) == b"{}"


def test_hour_that_was_registered_meanwhile_keeps_its_registration(lake: Path) -> None:
    """Verification took long, and the partition that it had read replaced that of a later tick."""
    store, catalog = FolderStore(lake), LocalCatalog(lake)
    catalog.register([partition_of(store, hour) for hour in HOURS])
    read_before = catalog.partitions()
    _raw_of(lake).unlink()
    assert [result.error for result in LocalCleanJob(store).run([FIRST])] == [""]
    catalog.register([rebuilt := hashed_partition_of(store, FIRST)])
    record_hashes(catalog, dict.fromkeys(read_before, "0" * 64))
    assert [part.sha256[:1] for part in catalog.partitions()] == [rebuilt.sha256[:1], "0", "0", "0"]
    mark_damaged(store, catalog, read_before[:1])
    assert catalog.partitions([FIRST]) == [rebuilt]
