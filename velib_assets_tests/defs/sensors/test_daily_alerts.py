"""The alerts of the daily layer: one per fault, which names its days."""

from datetime import timedelta
from pathlib import Path

import dagster as dg

from velib_assets.defs.sensors.run_alerts import MAX_LINES
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hours_of_day
from velib_assets_tests.defs.daily_runs import run_days
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink, evaluate
from velib_assets_tests.history.days import DAY, fill_day

DAYS = 25


def test_range_of_failed_days_is_one_alert_and_a_retry_is_none(
    lake: Path, instance: dg.DagsterInstance
) -> None:
    """Also days that lack slots: the alerts of their hours have said so."""
    store, sink = FolderStore(lake), RecordingSink()
    days = [DAY + timedelta(days=n) for n in range(DAYS)]
    for day in days:
        fill_day(store, day, hours=1, per_hour=1)
    for day in days[1:]:
        (lake / clean_key(hours_of_day(day)[0])).write_bytes(b"damaged")
    cursor = evaluate(instance, None, sink)
    assert run_days(lake, instance, days[0], days[-1], ["station_history"]).success
    cursor = evaluate(instance, cursor, sink)
    (alert,) = sink.alerts
    assert alert.title == "station_history: check readable_files failed for 2022-06-05 to 2022-06-28"
    lines = alert.text.splitlines()
    assert len(lines) == MAX_LINES + 1
    assert clean_key(hours_of_day(days[1])[0]) in lines[0]
    assert lines[-1] == "and 4 more; see the checks in the UI"
    assert run_days(lake, instance, days[0], days[-1], ["station_history"]).success
    evaluate(instance, cursor, sink)
    assert len(sink.alerts) == 1
