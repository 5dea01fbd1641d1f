"""Other programs read the history files: DuckDB, polars and pyarrow's data sets."""

from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import history_day_key, history_month_key
from velib_assets.lake.schema import HISTORY_COLUMNS
from velib_assets_tests.history.days import DAY, fill_day

NAMES = [column.name for column in HISTORY_COLUMNS]
ORDER = "station_id, ingested_ts"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    store = FolderStore(folder)
    fill_day(store, hours=3)
    job = LocalHistoryJob(store, 1)
    assert [result.error for result in job.run([DAY])] == [""]
    assert [result.error for result in job.compact([DAY])] == [""]
    return folder


@pytest.fixture(params=[history_day_key, history_month_key], ids=["day", "month"])
def path(request: pytest.FixtureRequest, lake: Path) -> Path:
    found: Path = lake / request.param(DAY)
    return found


def rows_of_clean_files(lake: Path) -> list[tuple[object, ...]]:
    """The expected rows, read by DuckDB from the hourly files."""
    files = str(lake / "clean" / "**" / "*.parquet")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        options = "hive_partitioning = true, hive_types_autocast = false"
        columns = ", ".join(f'"{name}"' for name in NAMES)
        sql = f"SELECT {columns} FROM read_parquet($files, {options}) ORDER BY {ORDER}"  # noqa: S608
        return db.execute(sql, {"files": files}).fetchall()


def test_duckdb_reads_the_rows_of_the_clean_files(lake: Path, path: Path) -> None:
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        found = db.execute(f"SELECT * FROM read_parquet('{path}', hive_partitioning = false)").fetchall()  # noqa: S608
    assert found == rows_of_clean_files(lake)
    assert len(found) == 18


def test_polars_reads_the_rows_of_the_clean_files(lake: Path, path: Path) -> None:
    found = polars.read_parquet(path, hive_partitioning=False)
    assert found.columns == NAMES
    expected = rows_of_clean_files(lake)
    assert [tuple(map(str, row)) for row in found.rows()] == [tuple(map(str, row)) for row in expected]
    station = polars.scan_parquet(path, hive_partitioning=False).filter(polars.col("station_id") == "16107")
    assert len(station.collect()) == 6


def test_data_set_of_pyarrow_reads_the_rows_of_the_clean_files(lake: Path, path: Path) -> None:
    found = ds.dataset(path, format="parquet").to_table()
    assert found.schema.names == NAMES
    assert found.schema.field("ingested_ts").type == pa.timestamp("ms", "UTC")
    expected = rows_of_clean_files(lake)
    assert [row["station_id"] for row in found.to_pylist()] == [row[1] for row in expected]
    assert [row["bikes"] for row in found.to_pylist()] == [row[NAMES.index("bikes")] for row in expected]
