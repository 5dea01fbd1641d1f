"""VELIB_KEEP_HOURS_DAYS: the daily maintenance retires old hours, and healing leaves them alone."""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.defs.build import build_defs
from velib_assets.history.day import rebuild_day
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hours_of_day
from velib_assets.settings import Settings, SettingsError
from velib_assets_tests.defs.sensors.test_healing_sensor import evaluate
from velib_assets_tests.history.days import DAY, fill_day, snapshot

HOURS = hours_of_day(DAY)[:2]
NEWEST = hours_of_day(DAY + timedelta(days=41))[0]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a lake with two hours and their day, and an hour 41 days later; hours stay for 40 days."""
    settings = Settings(lake=tmp_path / "lake", keep_hours_days=40)
    store, catalog = FolderStore(settings.lake), LocalCatalog(settings.lake)
    fill_day(store, hours=2)
    fill_day(store, NEWEST.date(), hours=1)
    catalog.register([hashed_partition_of(store, hour) for hour in (*HOURS, NEWEST)])
    catalog.register_history([rebuild_day(store, DAY).file()])
    return settings


def maintain(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """Run the maintenance; return the steps that succeeded."""
    job = build_defs(settings).resolve_job_def("velib_maintenance")
    result = job.execute_in_process(instance=instance)
    return [str(event.step_key) for event in result.all_events if event.is_step_success]


def registered(settings: Settings) -> list[datetime]:
    """Return the hours in the catalog."""
    return [part.hour for part in LocalCatalog(settings.lake).partitions()]


def test_old_hours_are_retired_and_do_not_come_back(settings: Settings, instance: dg.DagsterInstance) -> None:
    assert "retire_old_hours" in maintain(settings, instance)
    assert registered(settings) == [NEWEST]
    cursor = None
    for _ in range(3):
        requests, cursor = evaluate(settings, instance, cursor)
        assert requests == []
    assert registered(settings) == [NEWEST]


def test_late_raw_makes_healing_request_all_hours_of_the_day(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    maintain(settings, instance)
    snapshot(FolderStore(settings.lake), HOURS[0].replace(minute=45))
    requests, _ = evaluate(settings, instance)
    hourly = [request for request in requests if "dagster/asset_partition_range_start" in request.tags]
    spans = {
        (
            request.tags["dagster/asset_partition_range_start"],
            request.tags["dagster/asset_partition_range_end"],
        )
        for request in hourly
    }
    assert ("2022-06-04-00:00", "2022-06-04-01:00") in spans


def test_hours_stay_unless_the_setting_is_set(settings: Settings, instance: dg.DagsterInstance) -> None:
    off = dataclasses.replace(settings, keep_hours_days=None)
    assert maintain(off, instance) == ["forget_old_runs"]
    assert registered(settings) == [*HOURS, NEWEST]


def test_newest_days_of_a_lake_of_recorded_days_stay(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """The views read the hours up to the newest one, however long ago that is."""
    maintain(dataclasses.replace(settings, keep_hours_days=41), instance)
    assert registered(settings) == [*HOURS, NEWEST]


@pytest.mark.parametrize(("text", "days"), [("off", None), ("", None), ("35", 35), ("400", 400)])
def test_setting_is_off_or_a_number_of_days(text: str, days: int | None) -> None:
    assert Settings.from_env({"VELIB_KEEP_HOURS_DAYS": text}).keep_hours_days == days


@pytest.mark.parametrize("text", ["0", "34", "-1", "3651", "1.5", "on"])
def test_days_that_the_views_need_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="VELIB_KEEP_HOURS_DAYS"):
        Settings.from_env({"VELIB_KEEP_HOURS_DAYS": text})
