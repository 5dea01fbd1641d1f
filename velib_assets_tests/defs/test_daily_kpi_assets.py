"""The assets of the daily KPIs: what a run over days stores, marks, checks and alerts."""

from pathlib import Path

import dagster as dg
import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets_tests.defs.daily_runs import checks, failed, run_days, written
from velib_assets_tests.history.days import DAY, fill_day

NAMES = [kpi.name for kpi in DAILY_KPIS]


@pytest.fixture
def store(lake: Path) -> FolderStore:
    return FolderStore(lake)


def green(instance: dg.DagsterInstance, name: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(name))


def test_day_is_stored_after_its_history_in_one_run(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, per_hour=4)
    result = run_days(lake, instance, DAY)
    assert result.success
    for name in NAMES:
        facts = written(result)[name, "2022-06-04"]
        path = lake / daily_kpi_key(name, DAY)
        assert (facts["file"], facts["bytes"]) == (str(path), path.stat().st_size)
        assert facts["dagster/table_name"] == f"velib_db_tf.{name}"
        assert checks(result)[name, "day_computed", "2022-06-04"].passed
    assert written(result)["kpi_daily_station", "2022-06-04"]["stations"] == 3
    assert written(result)["kpi_daily_network", "2022-06-04"]["coverage"] == pytest.approx(88 / 96)
    doubts = {"within_capacity", "equal_bike_types"}  # the helper changes `bikes` alone
    assert {check for _, check, _ in failed(result)} == doubts
