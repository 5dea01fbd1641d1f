"""A query that meets a damaged file names it, and the command that rebuilds it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.registration import hashed_partition_of, partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, raw_key
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.engine import LakeReadError, QueryError
from velib_assets_tests.samples import HOUR, at, raw, records

COMMAND = "velib backfill 2022-06-04T10 2022-06-04T10"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    store = FolderStore(tmp_path)
    for minute in (0, 15):
        store.create(raw_key(at(minute)), raw(records(), minute).data)
    assert [result.error for result in LocalCleanJob(store).run([HOUR])] == [""]
    LocalCatalog(tmp_path).register([hashed_partition_of(store, HOUR)])
    return tmp_path


def query(lake: Path, sql: str = "SELECT * FROM source_velib") -> int:
    return len(LocalQueryEngine(lake, LocalCatalog(lake)).query(sql))


@pytest.mark.parametrize("registered", [hashed_partition_of, partition_of])
def test_every_failure_by_a_flipped_bit_names_the_file(
    registered: Callable[[FolderStore, datetime], Partition], lake: Path
) -> None:
    """DuckDB says only "TProtocolException: Invalid data" of some, and not in which file."""
    LocalCatalog(lake).register([registered(FolderStore(lake), HOUR)])
    path = lake / clean_key(HOUR)
    good, failures = path.read_bytes(), []
    for position in range(0, len(good), 41):
        path.write_bytes(good[:position] + bytes([good[position] ^ 16]) + good[position + 1 :])
        try:
            query(lake)
        except QueryError as error:
            failures.append(error)
    expected = re.compile(rf"{re.escape(str(path))} is damaged: .+; rebuild that hour: {COMMAND}")
    assert len(failures) > 20
    assert [str(error) for error in failures if not expected.fullmatch(str(error))] == []
    assert {type(error) for error in failures} == {LakeReadError}
    path.write_bytes(good)
    assert query(lake) == 80


@pytest.mark.parametrize("left", [0, 4, 100, -1, -8])
def test_truncated_file_is_named(left: int, lake: Path) -> None:
    path = lake / clean_key(HOUR)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(LakeReadError, match=f"is damaged: .*{COMMAND}"):
        query(lake)


def test_sound_copy_is_not_blamed_for_a_damaged_one(tmp_path: Path) -> None:
    """The copies of a bucket have ETags as digests; those of a crawler's table have no hash."""
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    hours = [HOUR, HOUR + timedelta(hours=1)]
    for hour in hours:
        store.create(raw_key(hour), raw(records()).data)
    assert [result.error for result in LocalCleanJob(store).run(hours)] == ["", ""]
    catalog.register([partition_of(store, hour)._replace(digest="an ETag") for hour in hours])
    path = tmp_path / clean_key(hours[1])
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(LakeReadError, match=f"{re.escape(str(path))} is damaged: "):
        query(tmp_path)


def test_fault_of_the_query_is_not_blamed_on_a_file(lake: Path) -> None:
    with pytest.raises(QueryError, match="Could not convert") as failed:
        query(lake, "SELECT CAST(name AS integer) FROM source_velib")
    assert not isinstance(failed.value, LakeReadError)


@pytest.mark.parametrize(("late", "said"), [("'x'", "Could not convert"), ("n / 0", "DIVISION_BY_ZERO")])
def test_fault_of_the_query_in_a_late_row_is_said_like_one_in_the_first(
    late: str, said: str, lake: Path
) -> None:
    """Arrow's stream makes an OSError of it."""
    numbers = (
        "SELECT a + 1000 * b AS n FROM UNNEST(sequence(1, 1000)) AS a(a), UNNEST(sequence(1, 200)) AS b(b)"
    )
    sql = f"SELECT CAST(CASE WHEN n > 200000 THEN {late} ELSE 1 END AS integer) FROM ({numbers})"  # noqa: S608
    with pytest.raises(QueryError, match=said) as failed:
        query(lake, sql.replace("ELSE 1", "ELSE '1'") if "'" in late else sql)
    assert not isinstance(failed.value, LakeReadError)
