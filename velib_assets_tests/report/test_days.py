"""What the report says about days, from stored days with holes, gaps and damaged files."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key, source_prefix
from velib_assets.lake.store import Stored
from velib_assets.report.day_numbers import best_and_worst, calendar, comparison, is_complete
from velib_assets.report.days import report_days
from velib_assets_tests.report.stored_days import Row, network_day, station_day, write_day

SUNDAY = date(2022, 6, 5)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def compared(days: Mapping[date, Row], last: date = SUNDAY) -> dict[str, Any]:
    found = comparison(calendar(days), last)
    assert found
    return found


def measure(found: dict[str, Any], name: str) -> dict[str, Any]:
    [numbers] = [row for row in found["measures"] if row["name"] == name]
    return dict(numbers)


def test_day_is_compared_with_the_same_weekdays_only() -> None:
    days = {SUNDAY - n * DAY: network_day(avg_fill_rate=0.9) for n in range(1, 22)}
    for n, rate in ((0, 0.5), (7, 0.2), (14, 0.4), (21, 0.3)):
        days[SUNDAY - n * DAY] = network_day(avg_fill_rate=rate)
    found = compared(days)
    assert found["date"] == "2022-06-05"
    assert found["complete"] == ["2022-05-15", "2022-05-22", "2022-05-29"]
    assert measure(found, "avg_fill_rate") == {
        "name": "avg_fill_rate",
        "value": 0.5,
        "typical": pytest.approx(0.3),
        "lowest": 0.2,
        "highest": 0.4,
    }


def test_minutes_are_shares_of_the_time_in_operation() -> None:
    """Half of the day is missing, so half of the minutes: the share is the same."""
    half = network_day(minutes_covered=72_000.0, minutes_in_operation=72_000.0, minutes_short=1800.0)
    [day] = calendar({SUNDAY: half})
    assert (day["short_share"], day["saturated_share"]) == (0.025, 0.1)
    [idle] = calendar({SUNDAY: network_day(minutes_in_operation=0.0, minutes_short=0.0)})
    assert idle["short_share"] is None


def test_incomplete_days_do_not_count() -> None:
    days = {
        SUNDAY: network_day(minutes_covered=40_000.0, departures_at_least=10),
        SUNDAY - WEEK: network_day(minutes_covered=0.79 * 144_000, avg_fill_rate=0.9),
        SUNDAY - 2 * WEEK: network_day(minutes_covered=0.8 * 144_000),
    }
    found = compared(days)
    assert (found["complete"], found["incomplete"]) == (["2022-05-22"], ["2022-05-29"])
    assert measure(found, "avg_fill_rate")["typical"] == 0.4
    assert measure(found, "departures_at_least")["value"] is None
    assert measure(found, "avg_fill_rate")["value"] == 0.4


def test_day_with_two_snapshots_per_hour_is_complete() -> None:
    """A snapshot counts for up to 30 minutes, so half of the slots can cover all of the time."""
    [day] = calendar({SUNDAY: network_day(coverage=0.5, slots_stored=48, minutes_covered=143_000.0)})
    assert (day["coverage"], day["time_covered"]) == (0.5, pytest.approx(0.993, abs=1e-3))
    assert is_complete(day)
    [long] = calendar({SUNDAY: network_day(slots=92, minutes_covered=92 * 15 * 100.0)})
    assert long["time_covered"] == 1


def test_first_day_has_nothing_to_compare_with() -> None:
    found = compared({SUNDAY: network_day(), SUNDAY - DAY: network_day()})
    assert found["complete"] == []
    assert measure(found, "short_share") == {
        "name": "short_share",
        "value": 0.025,
        "typical": None,
        "lowest": None,
        "highest": None,
    }
    assert comparison([], SUNDAY) is None


def test_unknown_numbers_stay_unknown() -> None:
    unknown = network_day(avg_fill_rate=None, ebike_share=None, coverage=None, minutes_covered=None)
    days = {SUNDAY: unknown, SUNDAY - WEEK: network_day(ebike_share=None)}
    found = compared(days)
    assert measure(found, "avg_fill_rate") == {
        "name": "avg_fill_rate",
        "value": None,
        "typical": 0.4,
        "lowest": 0.4,
        "highest": 0.4,
    }
    assert measure(found, "ebike_share")["typical"] is None


def codes(rows: Sequence[Row]) -> list[str]:
    return [row["station_id"] for row in rows]


def test_stations_are_ranked_by_their_share_of_trouble() -> None:
    rows = [station_day("a", 100), station_day("b", 0, 300), station_day("c", 200, 200), station_day("d")]
    [week, month] = best_and_worst({SUNDAY: rows}, SUNDAY)
    assert (week["days"], week["stored"], month["days"], month["stored"]) == (7, 1, 28, 1)
    assert codes(week["worst"]) == ["c", "b", "a"]
    assert codes(week["best"]) == ["d", "a", "b", "c"]
    assert week["worst"][0]["short_share"] == pytest.approx(200 / 1440)


def test_busiest_of_equally_good_stations_is_first() -> None:
    rows = [station_day("a", moves=3), station_day("b", moves=9), station_day("c", moves=9)]
    [week, _] = best_and_worst({SUNDAY: rows}, SUNDAY)
    assert codes(week["best"]) == ["b", "c", "a"]
    assert week["worst"] == []


def test_periods_end_with_the_last_day() -> None:
    stations = {SUNDAY - n * DAY: [station_day("a", 10 * n)] for n in (-1, 0, 6, 7, 27, 28)}
    [week, month] = best_and_worst(stations, SUNDAY)
    assert (week["stored"], month["stored"]) == (2, 4)
    assert week["worst"][0]["minutes_short"] == 60
    assert month["worst"][0]["minutes_short"] == 60 + 70 + 270
    [only] = best_and_worst({SUNDAY - 8 * DAY: [station_day("a")]}, SUNDAY)
    assert only["days"] == 28
    assert best_and_worst({}, SUNDAY) == []


def test_station_that_was_hardly_in_operation_is_not_ranked() -> None:
    closed = station_day("closed", minutes_in_operation=0.0)
    short = station_day("new", 600, minutes_in_operation=600.0)
    [week, _] = best_and_worst({SUNDAY: [station_day("a", 5), closed, short]}, SUNDAY)
    assert codes(week["worst"]) == codes(week["best"]) == ["a"]


def test_newest_known_name_is_shown() -> None:
    days = {SUNDAY: [station_day("a", name=None)], SUNDAY - DAY: [station_day("a", name="New")]}
    days[SUNDAY - 2 * DAY] = [station_day("a", name="Old")]
    [week, _] = best_and_worst(days, SUNDAY)
    assert week["best"][0]["name"] == "New"


def read(lake: Path, today: date = SUNDAY + DAY) -> dict[str, Any]:
    found = report_days(FolderStore(lake), today)
    json.dumps(found, allow_nan=False)
    return found


def test_lake_without_days_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == {
        "first": "2022-03-08",
        "last": "2022-06-05",
        "calendar": [],
        "comparison": None,
        "periods": [],
    }


def test_calendar_has_90_days_and_no_more(tmp_path: Path) -> None:
    for n in (0, 1, 89, 90):
        write_day(tmp_path, SUNDAY - n * DAY, network_day())
    found = read(tmp_path)
    assert [day["date"] for day in found["calendar"]] == ["2022-03-08", "2022-06-04", "2022-06-05"]
    assert found["first"] == "2022-03-08"


def test_stored_day_of_the_newest_snapshot_ends_the_calendar(tmp_path: Path) -> None:
    """An archive's last day is stored. It is compared only if it is complete."""
    write_day(tmp_path, SUNDAY - DAY, network_day())
    write_day(tmp_path, SUNDAY, network_day(minutes_covered=9000.0), [station_day("a")])
    found = read(tmp_path, SUNDAY)
    assert (found["last"], found["comparison"]["date"]) == ("2022-06-05", "2022-06-04")
    assert found["periods"] == []
    write_day(tmp_path, SUNDAY, network_day(minutes_covered=140_000.0))
    found = read(tmp_path, SUNDAY)
    assert found["comparison"]["date"] == "2022-06-05"
    assert [period["stored"] for period in found["periods"]] == [1, 1]


@pytest.mark.parametrize(("day", "slots"), [(date(2022, 3, 27), 92), (date(2022, 10, 30), 100)])
def test_days_with_clock_changes_keep_their_slots(tmp_path: Path, day: date, slots: int) -> None:
    write_day(tmp_path, day, network_day(slots=slots, slots_stored=slots))
    [found] = read(tmp_path, day + DAY)["calendar"]
    assert (found["date"], found["slots"], found["slots_stored"]) == (day.isoformat(), slots, slots)


@pytest.mark.parametrize("content", [b"", b"PAR1 but no Parquet", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_damaged_day_is_left_out(tmp_path: Path, content: bytes) -> None:
    write_day(tmp_path, SUNDAY, network_day())
    write_day(tmp_path, SUNDAY - DAY, network_day())
    (tmp_path / daily_kpi_key("kpi_daily_network", SUNDAY)).write_bytes(content)
    found = read(tmp_path)
    assert [day["date"] for day in found["calendar"]] == ["2022-06-04"]
    assert found["comparison"]["date"] == "2022-06-04"


def test_other_files_beside_the_days_are_ignored(tmp_path: Path) -> None:
    write_day(tmp_path, SUNDAY, network_day())
    folder = tmp_path / source_prefix("kpi") / "kpi_daily_network"
    for name in ("date=2022-06-04/other.parquet", "date=2022-05-99/rows.parquet", "date=2022-06-03/rows"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert [day["date"] for day in read(tmp_path)["calendar"]] == ["2022-06-05"]


class CountingStore(FolderStore):
    """A store that counts the files of days that are read, other than to hash them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_days = 0

    def read(self, key: str) -> bytes:
        """See LakeStore."""
        self.read_days += key.startswith(source_prefix("kpi"))
        return super().read(key)

    def hash(self, stored: Stored) -> str:
        """See LakeStore."""
        before = self.read_days
        digest = super().hash(stored)
        self.read_days = before
        return digest


def test_days_are_read_only_when_one_changed(tmp_path: Path) -> None:
    """A new day, a day that was computed again, or the next date; not a report of the same day."""
    write_day(tmp_path, SUNDAY, network_day(), [station_day("a")])
    store = CountingStore(tmp_path)
    today = SUNDAY + DAY
    first = report_days(store, today)
    assert (report_days(store, today), store.read_days) == (first, 2)
    assert report_days(CountingStore(tmp_path), today) == first
    write_day(tmp_path, SUNDAY, network_day(avg_fill_rate=0.1))
    assert report_days(store, today)["calendar"][0]["avg_fill_rate"] == 0.1
    assert store.read_days == 4
    report_days(store, today + DAY)
    assert store.read_days == 6
    again = CountingStore(tmp_path)
    report_days(again, today + DAY)
    assert again.read_days == 0
