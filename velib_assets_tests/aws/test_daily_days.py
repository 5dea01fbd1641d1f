"""The daily KPIs through Athena, Glue and a bucket, against the same days in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.lake.listing import utc_now
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_store import DailyKpiResult, prepare_daily_kpis, store_daily_kpis
from velib_assets_tests.aws.test_lost_views import drop
from velib_assets_tests.aws.twin_lakes import TwinLakes

DAY = date(2022, 10, 30)  # of 25 hours
UTC_DAYS = [date(2022, 10, 30), date(2022, 10, 31)]


def stored(lakes: TwinLakes) -> Iterator[list[DailyKpiResult]]:
    """Build the history and store the day, in the bucket and in its twin."""
    for store, catalog, engine in (
        (lakes.store, lakes.catalog, lakes.engine()),
        (FolderStore(lakes.folder), lakes.twin, lakes.local()),
    ):
        catalog.register_history([result.file() for result in LocalHistoryJob(store, 1).run(UTC_DAYS)])
        prepare_daily_kpis(engine, catalog)
        yield store_daily_kpis(DAY, engine, store, catalog)


def test_day_in_a_bucket_is_the_day_in_a_folder(lakes: TwinLakes) -> None:
    """The files have the same bytes, and the views the same rows."""
    on_aws, locally = stored(lakes)
    assert [result.error for result in on_aws] == [""] * 3
    assert on_aws == locally
    for kpi in DAILY_KPIS:
        sql = f"SELECT * FROM {kpi.name} WHERE \"date\" = '{DAY}' ORDER BY 1"  # noqa: S608 - our own names
        rows = lakes.engine().query_table(sql)
        assert rows.num_rows
        assert rows.to_pylist() == lakes.local().query_table(sql).to_pylist()
    assert DAY not in outdated_local_days(lakes.catalog, lakes.store, utc_now())


def test_view_of_a_daily_kpi_that_was_dropped_is_defined_again(lakes: TwinLakes) -> None:
    list(stored(lakes))
    drop(lakes, "kpi_daily_network")
    assert lakes.engine().query("SELECT count(*) AS n FROM kpi_daily_network")["n"].iloc[0] == 1


def test_day_of_the_bucket_is_outdated_when_a_file_is_gone(lakes: TwinLakes) -> None:
    list(stored(lakes))
    key = daily_kpi_key("kpi_daily_station", DAY)
    lakes.emulator.client("s3").delete_object(Bucket=lakes.names.bucket, Key=key)
    assert DAY in outdated_local_days(lakes.catalog, lakes.store, utc_now())
