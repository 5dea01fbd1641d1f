"""The table `velib_history` in the local engine."""

from pathlib import Path

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets_tests.kpi_lake import engine_over, row, rows_of

ROWS = [
    row("a", 1, 19, "2022-06-04 10:00"),
    row("b", 2, 18, "2022-06-04 23:45"),
    row("a", 3, 17, "2022-06-05 10:00"),
    row("a", 4, 16, "2022-07-01 10:00"),
]


def test_query_on_source_velib_runs_on_velib_history(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, ROWS)
    days = sorted({values["ingested_ts"].date() for values in ROWS})
    job, catalog = LocalHistoryJob(FolderStore(tmp_path), 1), LocalCatalog(tmp_path)
    catalog.register_history([result.file() for result in job.run(days)])
    select = "SELECT * FROM {} WHERE date >= '2022-06-05' ORDER BY ingested_ts, station_id"
    assert rows_of(engine, select.format("velib_history")) == rows_of(engine, select.format("source_velib"))
    months = [result.file() for result in job.compact([days[0].replace(day=1)])]
    assert catalog.register_history(months) == 1
    assert rows_of(engine, select.format("velib_history")) == rows_of(engine, select.format("source_velib"))
