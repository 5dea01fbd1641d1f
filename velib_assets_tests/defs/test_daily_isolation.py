"""A tick does not depend on how much history there is."""

import shutil
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.digests import is_month
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key, day_text, history_day_key, history_month_key, hours_of_day
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.settings import Settings
from velib_assets_tests.defs.daily_runs import run_days
from velib_assets_tests.defs.test_graph import run
from velib_assets_tests.history.days import DAY, fill_day, snapshot
from velib_assets_tests.opened_files import opened_below


def multiply(lake: Path, days: int) -> None:
    """Copy the daily layer of a day to the days before it."""
    (file,) = [file for file in LocalCatalog(lake).history() if not is_month(file)]
    before = [DAY - n * ONE_DAY for n in range(1, days)]
    for day in before:
        for source, target in [
            (history_day_key(DAY), history_day_key(day)),
            *((daily_kpi_key(kpi.name, DAY), daily_kpi_key(kpi.name, day)) for kpi in DAILY_KPIS),
        ]:
            (lake / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(lake / source, lake / target)
    LocalCatalog(lake).register_history(
        HistoryFile(day_text(day), history_day_key(day), *file[2:]) for day in before
    )


@pytest.fixture
def tick_hour() -> datetime:
    return hours_of_day(DAY + 2 * ONE_DAY)[10]


def test_tick_opens_the_same_files_with_a_year_of_history(
    tmp_path: Path, instance: dg.DagsterInstance, tick_hour: datetime
) -> None:
    """Of the history the days of the typical week, and of the daily KPIs at most what 100 days have.

    A day that the history holds with other rows than the hours have is not opened.
    """
    opened: list[set[Path]] = []
    for days in (100, 465):
        lake = tmp_path / str(days)
        store = FolderStore(lake)
        fill_day(store, hours=4, per_hour=1)
        assert run_days(lake, instance, DAY).success
        multiply(lake, days)
        snapshot(store, tick_hour)
        with opened_below(lake / "history", lake / "kpi") as paths:
            assert run(Settings(lake=lake), instance, tick_hour).success
        opened.append({path.relative_to(lake) for path in paths if path.is_file()})
    assert [path for path in opened[1] if path.parts[0] == "history"] == [Path(history_day_key(DAY))]
    assert opened[0] == opened[1]


def test_opened_history_is_noticed(lake: Path, instance: dg.DagsterInstance) -> None:
    """Otherwise the test above could not fail."""
    fill_day(FolderStore(lake), hours=1, per_hour=1)
    assert run_days(lake, instance, DAY).success
    engine = LocalQueryEngine(lake, LocalCatalog(lake))
    with opened_below(lake / "history", lake / "kpi") as paths:
        engine.query_table("SELECT count(bikes) FROM velib_history")
        engine.query_table("SELECT count(stations) FROM kpi_daily_network")
    assert paths >= {lake / history_month_key(DAY), lake / daily_kpi_key("kpi_daily_network", DAY)}
