"""The report's days, from days that the daily KPIs stored: equal to what the views say."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.lake.daily_schema import DAILY_NETWORK, DAILY_STATION
from velib_assets.lake.local_days import DAY, day_bounds, slots_in
from velib_assets.report.day_numbers import DAY_COLUMNS, STATION_COLUMNS
from velib_assets.report.days import report_days
from velib_assets_tests.kpi_lake import row
from velib_assets_tests.query.daily_lake import DailyLake
from velib_assets_tests.report.stored_days import network_day, station_day

SPRING, AUTUMN = date(2022, 3, 27), date(2022, 10, 30)
COMPUTED = {"date", "time_covered", "short_share", "saturated_share"}


def rows_of_day(day: date, step: timedelta, missing_hours: int = 0) -> list[dict[str, Any]]:
    """Return a local day's rows: station a is short half of the time, b never; the last hours are missing."""
    start, end = day_bounds(day)
    rows, when = [], start
    while when < end - missing_hours * timedelta(hours=1):
        text = f"{when:%Y-%m-%d %H:%M:%S}"
        rows += [row("a", 0 if when < start + (end - start) / 2 else 5, 10, text), row("b", 4, 6, text)]
        when += step
    return rows


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2022, 6, 5)])
def test_day_equals_that_of_the_views(tmp_path: Path, day: date) -> None:
    """Also on days of 23 and 25 hours."""
    quarter = timedelta(minutes=15)
    daily = DailyLake(tmp_path, [*rows_of_day(day - 7 * DAY, quarter), *rows_of_day(day, quarter)])
    for each in (day - 7 * DAY, day):
        assert [result.error for result in daily.store_day(each)] == [""] * 3
    found = report_days(daily.store, day + DAY)
    [view] = daily.view("kpi_daily_network", day)
    earlier, newest = found["calendar"]
    assert {name: newest[name] for name in DAY_COLUMNS if name not in COMPUTED} == {
        name: view[name] for name in DAY_COLUMNS if name not in COMPUTED
    }
    assert (newest["slots"], newest["time_covered"]) == (slots_in(day), 1)
    assert newest["short_share"] == view["minutes_short"] / view["minutes_in_operation"] == 0.25
    assert newest["worst_stations"] == ["a"]
    assert found["comparison"]["complete"] == [earlier["date"]] == [str(day - 7 * DAY)]
    stations = {row["station_id"]: row for row in daily.view("kpi_daily_station", day)}
    [worst] = found["periods"][0]["worst"]
    assert (worst["station_id"], worst["short_share"]) == ("a", 0.5)
    assert worst["minutes_short"] == stations["a"]["minutes_short"]
    assert [best["station_id"] for best in found["periods"][0]["best"]] == ["b", "a"]


def test_two_snapshots_per_hour_are_a_complete_day_and_a_hole_is_not(tmp_path: Path) -> None:
    half = timedelta(minutes=30)
    daily = DailyLake(tmp_path, [*rows_of_day(SPRING, half), *rows_of_day(SPRING + 7 * DAY, half, 6)])
    for day in (SPRING, SPRING + 7 * DAY):
        daily.store_day(day)
    complete, incomplete = report_days(daily.store, SPRING + 8 * DAY)["calendar"]
    assert complete["coverage"] == 0.5
    assert complete["time_covered"] == 1
    assert incomplete["time_covered"] == pytest.approx(0.75)
    assert incomplete["short_share"] == pytest.approx(12 / 18 / 2)


def test_columns_are_those_of_the_daily_kpis() -> None:
    network = {column.name: column.type for column in DAILY_NETWORK}
    stations = {column.name: column.type for column in DAILY_STATION}
    for wanted, known in ((DAY_COLUMNS, network), (STATION_COLUMNS, stations)):
        columns = {name: kind for name, kind in wanted.items() if name not in COMPUTED}
        assert columns.items() <= known.items()
    assert network_day().keys() <= network.keys()
    assert station_day("a").keys() <= stations.keys()
