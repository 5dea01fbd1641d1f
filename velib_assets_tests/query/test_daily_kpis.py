"""The daily KPIs against an independent computation in plain Python, and against numbers computed by hand."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets_tests.kpi_lake import row
from velib_assets_tests.query import invented_days as invented
from velib_assets_tests.query.daily_lake import REFERENCE, DailyLake, differences
from velib_assets_tests.query.daily_reference import midnight
from velib_assets_tests.query.invented_days import invented_rows

SPRING, AUTUMN, ORDINARY = date(2024, 3, 31), date(2024, 10, 27), date(2024, 7, 10)
DAY = date(2022, 6, 4)  # from 22:00 UTC of 3 June


def day_of(lake: Path, rows: Sequence[dict[str, Any]], name: str, day: date = DAY) -> list[dict[str, Any]]:
    """Compute the rows of a KPI on a day."""
    return DailyLake(lake, rows).rows(name, day)


def station(lake: Path, rows: Sequence[dict[str, Any]], day: date = DAY) -> dict[str, Any]:
    """The only row of kpi_daily_station."""
    (found,) = day_of(lake, rows, "kpi_daily_station", day)
    return found


def every_quarter(day: date, code: str = "a", bikes: int = 5, **changes: Any) -> list[dict[str, Any]]:
    """Rows of a station from half an hour before a local day to its end, every 15 minutes."""
    end, taken, rows = midnight(day + timedelta(days=1)), midnight(day) - timedelta(minutes=30), []
    while taken < end:
        rows.append(row(code, bikes, 20 - bikes, f"{taken:%Y-%m-%d %H:%M}", **changes))
        taken += timedelta(minutes=15)
    return rows


@pytest.mark.parametrize("outage", [False, True], ids=["whole", "outage"])
@pytest.mark.parametrize("day", [ORDINARY, SPRING, AUTUMN], ids=["24 hours", "23 hours", "25 hours"])
def test_daily_kpis_equal_an_independent_computation(tmp_path: Path, day: date, outage: bool) -> None:
    rows = invented_rows(day, outage=outage)
    daily = DailyLake(tmp_path, rows)
    assert [result.error for result in daily.store_day(day)] == [""] * 3
    for kpi in DAILY_KPIS:
        expected = REFERENCE[kpi.name](rows, day)
        assert expected
        assert differences(daily.view(kpi.name, day), expected) == []


def test_invented_days_have_what_the_definitions_distinguish() -> None:
    """Otherwise the comparison would prove little."""
    (network,) = REFERENCE["kpi_daily_network"](invented_rows(ORDINARY), ORDINARY)
    quality = {
        row["station_id"]: row for row in REFERENCE["kpi_station_quality"](invented_rows(ORDINARY), ORDINARY)
    }
    stations = REFERENCE["kpi_daily_station"](invented_rows(ORDINARY), ORDINARY)
    assert (network["stations_opened"], network["stations_closed"], network["stations_silent"]) == (1, 1, 2)
    assert quality[invented.FROZEN]["is_frozen"] is True
    assert quality[invented.QUIET]["is_frozen"] is None
    assert quality[invented.CLOSED]["is_frozen"] is False
    assert quality[invented.MOVES]["is_moved"] is True
    assert quality[invented.NEVER_REPORTS]["never_reported"] is True
    assert quality[invented.OVER_CAPACITY]["max_over_capacity"] == 2
    assert quality[invented.TYPES_DIFFER]["types_differ_snapshots"] > 0
    assert len({row["snapshots"] for row in stations}) > 3
    assert all(0 < row["minutes_covered"] <= 1440 for row in stations)


@pytest.mark.parametrize(("day", "minutes"), [(ORDINARY, 1440), (SPRING, 1380), (AUTUMN, 1500)])
def test_minutes_of_a_complete_day_are_those_of_the_day(tmp_path: Path, day: date, minutes: int) -> None:
    found = station(tmp_path, every_quarter(day), day)
    assert found["minutes_covered"] == found["minutes_in_operation"] == found["minutes_compared"] == minutes
    assert found["snapshots"] == minutes / 15


@pytest.mark.parametrize(("day", "slots"), [(ORDINARY, 96), (SPRING, 92), (AUTUMN, 100)])
def test_coverage_is_the_share_of_the_slots_of_the_day(tmp_path: Path, day: date, slots: int) -> None:
    rows = [values for n, values in enumerate(every_quarter(day)) if n < 2 or n % 4 == 1]
    (network,) = day_of(tmp_path, rows, "kpi_daily_network", day)
    assert (network["slots_stored"], network["slots"], network["coverage"]) == (slots / 4, slots, 0.25)


def test_two_snapshots_of_a_slot_are_one_slot(tmp_path: Path) -> None:
    rows = [row("a", 1, 1, f"2022-06-04 10:{minute}") for minute in ("00", "14", "15")]
    (network,) = day_of(tmp_path, rows, "kpi_daily_network")
    assert (network["snapshots"], network["slots_stored"]) == (3, 2)


def test_snapshot_counts_until_the_next_one_and_at_most_half_an_hour(tmp_path: Path) -> None:
    """10 minutes, then 30 of the two hours, then 30 after the last one."""
    rows = [
        row("a", 0, 20, "2022-06-04 10:00"),
        row("a", 5, 15, "2022-06-04 10:10"),
        row("a", 0, 20, "2022-06-04 12:10"),
    ]
    found = station(tmp_path, rows)
    assert (found["minutes_covered"], found["minutes_short"]) == (70, 40)


def test_last_snapshot_before_midnight_counts_into_the_day(tmp_path: Path) -> None:
    """Midnight in Paris is 22:00 UTC. The snapshot of 21:40 counts until 22:10: 10 minutes of them today."""
    rows = [row("a", 0, 20, "2022-06-03 21:40"), row("a", 5, 15, "2022-06-04 10:00")]
    found = station(tmp_path, rows)
    assert (found["minutes_covered"], found["minutes_short"], found["snapshots"]) == (40, 10, 1)


def test_snapshot_before_midnight_ends_with_the_first_one_of_the_day(tmp_path: Path) -> None:
    rows = [
        row("a", 5, 15, "2022-06-03 21:35"),
        row("a", 0, 20, "2022-06-03 21:50"),
        row("a", 5, 15, "2022-06-03 22:05"),
    ]
    found = station(tmp_path, rows)
    assert (found["minutes_covered"], found["minutes_short"], found["snapshots"]) == (35, 5, 1)


def test_last_snapshot_of_the_day_counts_until_midnight(tmp_path: Path) -> None:
    """What follows belongs to the next day."""
    rows = [row("a", 0, 20, "2022-06-04 21:45"), row("a", 0, 20, "2022-06-04 22:10")]
    assert station(tmp_path, rows)["minutes_short"] == 15


def test_minutes_of_two_days_add_up(tmp_path: Path) -> None:
    """No minute is lost or counted twice at midnight."""
    times = (
        "2022-06-03 21:20",
        "2022-06-03 21:52",
        "2022-06-03 22:11",
        "2022-06-04 21:58",
        "2022-06-04 22:40",
    )
    daily = DailyLake(tmp_path, [row("a", 5, 15, when) for when in times])
    days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
    covered = [daily.rows("kpi_daily_station", day)[0]["minutes_covered"] for day in days]
    assert covered == [30 + 8, 11 + 30 + 2, 28 + 30]


def test_absent_station_keeps_its_state_for_half_an_hour(tmp_path: Path) -> None:
    """A snapshot that lacks it says nothing about it. Its own next snapshot ends the state."""
    rows = [row("b", 5, 15, f"2022-06-04 10:{minute:02}") for minute in (0, 15, 30, 45)]
    rows += [row("a", 0, 20, "2022-06-04 10:00"), row("a", 5, 15, "2022-06-04 10:30")]
    a, _ = day_of(tmp_path, rows, "kpi_daily_station")
    assert (a["minutes_covered"], a["minutes_short"]) == (60, 30)


def test_unknown_state_is_covered_and_in_nothing_else(tmp_path: Path) -> None:
    rows = [
        row("a", None, 20, "2022-06-04 10:00"),
        row("a", 0, 20, "2022-06-04 10:15", is_stale=True),
        row("a", 0, 20, "2022-06-04 10:30", is_renting=None),
        row("a", 20, 0, "2022-06-04 10:45"),
    ]
    found = station(tmp_path, rows)
    minutes = {name: value for name, value in found.items() if name.startswith("minutes_")}
    assert minutes == {
        "minutes_covered": 75,
        "minutes_in_operation": 45,
        "minutes_short": 0,
        "minutes_saturated": 30,
        "minutes_stale": 15,
        "minutes_compared": 30,
    }


def test_fill_rate_is_weighted_by_time(tmp_path: Path) -> None:
    """0.25 for 10 minutes and 1.0 for 30; the station's e-bikes are 1 of 5, then 10 of 20."""
    rows = [
        row("a", 5, 15, "2022-06-04 10:00", mechanical=4, ebikes=1),
        row("a", 20, 0, "2022-06-04 10:10", mechanical=10, ebikes=10),
    ]
    found = station(tmp_path, rows)
    assert found["avg_fill_rate"] == (10 * 0.25 + 30) / 40
    assert (found["min_fill_rate"], found["max_fill_rate"]) == (0.25, 1)
    assert found["ebike_share"] == (10 * 1 + 30 * 10) / (10 * 5 + 30 * 20)


def test_bikes_are_compared_between_snapshots_of_half_an_hour(tmp_path: Path) -> None:
    """+3, then -4, then nothing for a gap of 31 minutes and for an unknown count."""
    rows = [
        row("a", 5, 15, "2022-06-03 21:45"),
        row("a", 8, 12, "2022-06-03 22:00"),
        row("a", 4, 16, "2022-06-03 22:30"),
        row("a", 9, 11, "2022-06-03 23:01"),
        row("a", None, 11, "2022-06-03 23:15"),
        row("a", 1, 19, "2022-06-03 23:30"),
    ]
    found = station(tmp_path, rows)
    assert (found["arrivals_at_least"], found["departures_at_least"]) == (3, 4)
    assert found["minutes_compared"] == 45
    assert (found["first_bikes"], found["last_bikes"]) == (8, 1)


def test_worst_stations_are_ranked_by_minutes_short_and_saturated(tmp_path: Path) -> None:
    rows = [row(code, 0, 20, f"2022-06-04 {hour}:00") for code, hour in (("b", 10), ("b", 11), ("c", 10))]
    rows += [row("a", 20, 0, "2022-06-04 10:00"), row("d", 5, 5, "2022-06-04 10:00")]
    daily = DailyLake(tmp_path, rows)
    ranks = [(found["station_id"], found["rank"]) for found in daily.rows("kpi_daily_station", DAY)]
    assert ranks == [("a", 2), ("b", 1), ("c", 3), ("d", None)]
    assert daily.rows("kpi_daily_network", DAY)[0]["worst_stations"] == "b, a, c"


def test_ten_of_the_worst_stations_are_named(tmp_path: Path) -> None:
    rows = [row(f"{n:02}", 0, 20, "2022-06-04 10:00") for n in range(12)]
    (network,) = day_of(tmp_path, rows, "kpi_daily_network")
    assert network["worst_stations"] == ", ".join(f"{n:02}" for n in range(10))


def test_opened_and_closed_stations_are_unknown_without_the_day_before(tmp_path: Path) -> None:
    """Unknown is not zero: on the first day, and after an outage of a day."""
    (network,) = day_of(tmp_path, [row("a", 5, 15, "2022-06-04 10:00")], "kpi_daily_network")
    assert (network["stations"], network["stations_opened"], network["stations_closed"]) == (1, None, None)


def test_partial_snapshot_opens_and_closes_no_station(tmp_path: Path) -> None:
    """The day before has only a snapshot of 3 of 10 stations."""
    rows = [row(f"{n}", 5, 15, "2022-06-04 10:00") for n in range(10)]
    rows += [row(f"{n}", 5, 15, "2022-06-03 10:00") for n in range(3)]
    (network,) = day_of(tmp_path, rows, "kpi_daily_network")
    assert (network["stations_opened"], network["stations_closed"]) == (None, None)


def test_partial_snapshot_has_no_extreme_fill_rate(tmp_path: Path) -> None:
    """Its stations are not those of the network."""
    rows = [row(f"{n}", 10, 10, "2022-06-04 10:00") for n in range(10)]
    rows += [row(f"{n}", 0, 20, "2022-06-04 10:15") for n in range(3)]
    (network,) = day_of(tmp_path, rows, "kpi_daily_network")
    assert (network["min_fill_rate"], network["max_fill_rate"]) == (0.5, 0.5)


class Frozen:
    """A day on which station 0 does not change while its five neighbours do."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        for n, values in enumerate(every_quarter(DAY)):
            taken: datetime = values["ingested_ts"]
            when = f"{taken:%Y-%m-%d %H:%M}"
            self.rows += [
                row(str(k), 5 + (n % 2 if k else 0), 15 - (n % 2 if k else 0), when, lat=48.85 + k / 1000)
                for k in range(6)
            ]

    def change(self, code: str, hour: int | None = None, **changes: Any) -> None:
        """Change the rows of a station, in one hour or in all."""
        for values in self.rows:
            if values["station_id"] == code and hour in (None, values["ingested_ts"].hour):
                values.update(changes)

    def judge(self, lake: Path) -> bool | None:
        """Whether station 0 is frozen."""
        found: bool | None = day_of(lake, self.rows, "kpi_station_quality")[0]["is_frozen"]
        return found


def test_station_without_a_change_among_moving_ones_is_frozen(tmp_path: Path) -> None:
    assert Frozen().judge(tmp_path) is True


@pytest.mark.parametrize(
    "changes", [{"bikes": 6}, {"docks": 14}, {"mechanical": 4}, {"ebikes": 1}, {"is_renting": False}]
)
def test_one_change_or_a_closed_hour_is_not_frozen(tmp_path: Path, changes: dict[str, Any]) -> None:
    frozen = Frozen()
    frozen.change("0", 12, **changes)
    assert frozen.judge(tmp_path) is False


def test_station_is_not_frozen_if_its_neighbours_are_quiet_too(tmp_path: Path) -> None:
    frozen = Frozen()
    for code in "123":
        frozen.change(code, bikes=5, docks=15, mechanical=5)
    assert frozen.judge(tmp_path) is False


def test_station_without_neighbours_is_not_judged(tmp_path: Path) -> None:
    """The quiet stations at the edge of the network have none within a kilometre."""
    frozen = Frozen()
    for code in "123":
        frozen.change(code, lat=48.9)
    assert frozen.judge(tmp_path) is None


def test_station_is_not_judged_over_a_gap_of_three_hours(tmp_path: Path) -> None:
    """What happened in it is not known."""
    frozen = Frozen()
    frozen.rows = [values for values in frozen.rows if not 9 <= values["ingested_ts"].hour < 12]
    assert frozen.judge(tmp_path) is None


def test_move_of_over_30_metres_is_one(tmp_path: Path) -> None:
    """A degree of latitude is 111.2 km: 0.0002 are 22 m, 0.0003 are 33 m."""
    rows = [row(code, 5, 15, "2022-06-03 10:00") for code in ("near", "far")]
    rows += [
        row("near", 5, 15, "2022-06-04 10:00", lat=48.8502),
        row("far", 5, 15, "2022-06-04 10:00", lat=48.8503),
        row("new", 5, 15, "2022-06-04 10:00"),
    ]
    moved = {r["station_id"]: r["is_moved"] for r in day_of(tmp_path, rows, "kpi_station_quality")}
    assert moved == {"near": False, "far": True, "new": None}


def test_station_has_a_row_if_a_snapshot_of_the_day_has_it(tmp_path: Path) -> None:
    rows = [row("past", 5, 15, "2022-06-03 21:59"), row("now", 5, 15, "2022-06-03 22:00")]
    daily = DailyLake(tmp_path, rows)
    for name in ("kpi_daily_station", "kpi_station_quality"):
        assert [found["station_id"] for found in daily.rows(name, DAY)] == ["now"]


def test_time_zone_of_the_machine_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    rows = invented_rows(AUTUMN)
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    found = day_of(tmp_path, rows, "kpi_daily_network", AUTUMN)
    monkeypatch.delenv("TZ")
    time.tzset()
    assert differences(found, REFERENCE["kpi_daily_network"](rows, AUTUMN)) == []


def test_reference_does_not_use_the_package() -> None:
    """It would otherwise share its faults."""
    text = Path(__file__).with_name("daily_reference.py").read_text(encoding="utf-8")
    assert "import velib_assets" not in text
    assert "from velib_assets" not in text
