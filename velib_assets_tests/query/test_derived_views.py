"""Episodes and the typical week on DuckDB, against numbers computed by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.lake.keys import hour_of
from velib_assets.query.kpis import LIVE_VIEWS, REPORT_VIEWS, Kpi
from velib_assets.query.view_sql import HEADLINE, PRESENT, VIEW, states_sql
from velib_assets_tests.kpi_lake import at, engine_over, row, rows_of

EPISODES = (
    "SELECT station_id, kind, start_ts, end_ts, minutes, is_open, snapshots FROM kpi_episodes ORDER BY 1, 3"
)
WEEK = "SELECT day, hour, mean_fill_rate, snapshots FROM kpi_typical_week ORDER BY 1, 2"


def series(
    station: str, states: str, first: str = "2022-06-04 10:00", **changes: Any
) -> list[dict[str, Any]]:
    """One row of a station per 15 minutes: `0` short, `1` full, `.` neither, `-` not in the snapshot."""
    counts = {"0": (0, 20), "1": (20, 0), ".": (10, 10)}
    return [
        row(station, *counts[state], f"{at(first) + n * timedelta(minutes=15):%Y-%m-%d %H:%M}", **changes)
        for n, state in enumerate(states)
        if state != "-"
    ]


def episodes(lake: Path, *stations: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Station, kind, start and end as clock times, minutes, open, snapshots."""
    result = rows_of(engine_over(lake, [one for rows in stations for one in rows]), EPISODES)
    return [(*one[:2], f"{one[2]:%H:%M}", f"{one[3]:%H:%M}", *one[4:]) for one in result]


def test_episode_ends_at_the_first_snapshot_after_it(tmp_path: Path) -> None:
    assert episodes(tmp_path, series("a", ".00.11."), series("b", ".......")) == [
        ("a", "shortage", "10:15", "10:45", 30, False, 2),
        ("a", "saturation", "11:00", "11:30", 30, False, 2),
    ]


def test_shortage_followed_by_saturation_is_two_episodes(tmp_path: Path) -> None:
    assert episodes(tmp_path, series("a", "01.")) == [
        ("a", "shortage", "10:00", "10:15", 15, False, 1),
        ("a", "saturation", "10:15", "10:30", 15, False, 1),
    ]


def test_episode_at_the_newest_snapshot_is_open(tmp_path: Path) -> None:
    """An episode of one snapshot has 0 minutes."""
    assert episodes(tmp_path, series("a", "..00"), series("b", "...1")) == [
        ("a", "shortage", "10:30", "10:45", 15, True, 2),
        ("b", "saturation", "10:45", "10:45", 0, True, 1),
    ]


def test_gap_of_45_minutes_is_bridged_and_a_longer_one_ends_the_episode(tmp_path: Path) -> None:
    """What happened in a longer gap is unknown: the episode ends at its last snapshot."""
    assert episodes(tmp_path, series("a", "00--0."), series("b", "00---0.")) == [
        ("a", "shortage", "10:00", "11:15", 75, False, 3),
        ("b", "shortage", "10:00", "10:15", 15, False, 2),
        ("b", "shortage", "11:15", "11:30", 15, False, 1),
    ]


def test_gap_before_the_end_ends_the_episode_at_its_last_snapshot(tmp_path: Path) -> None:
    assert episodes(tmp_path, series("a", "00---."), series("b", "00--.-")) == [
        ("a", "shortage", "10:00", "10:15", 15, False, 2),
        ("b", "shortage", "10:00", "11:00", 60, False, 2),
    ]


def test_episode_of_a_missing_station_stays_open_for_45_minutes(tmp_path: Path) -> None:
    assert episodes(tmp_path, series("a", "0----"), series("b", "-0---"), series("c", ".....")) == [
        ("a", "shortage", "10:00", "10:00", 0, False, 1),
        ("b", "shortage", "10:15", "11:00", 45, True, 1),
    ]


@pytest.mark.parametrize(
    "changes", [{"is_stale": True}, {"is_installed": False}, {"is_renting": False}, {"is_renting": None}]
)
def test_closed_stale_or_unknown_station_ends_its_shortage(changes: dict[str, Any], tmp_path: Path) -> None:
    rows = [*series("a", "00"), *series("a", "0", "2022-06-04 10:30", **changes)]
    assert episodes(tmp_path, rows) == [("a", "shortage", "10:00", "10:30", 30, False, 2)]


def test_episodes_are_limited_to_25_hours(tmp_path: Path) -> None:
    """Exactly 25 hours ago is outside; an episode that began earlier starts with the window."""
    rows = [*series("a", "000.", "2022-06-03 10:00"), *series("a", ".", "2022-06-04 11:00")]
    assert episodes(tmp_path, rows) == [("a", "shortage", "10:15", "10:45", 30, False, 2)]


def test_episode_has_the_newest_name(tmp_path: Path) -> None:
    rows = [*series("a", "0", name="Old"), *series("a", "0", "2022-06-04 10:15", name="New")]
    result = rows_of(engine_over(tmp_path, rows), "SELECT name, snapshots FROM kpi_episodes")
    assert result == [("New", 2)]


# 2022-06-04 was a Saturday, and the first day of the four weeks before 2022-07-02.


def test_hour_of_the_week_is_the_mean_over_stations_and_snapshots(tmp_path: Path) -> None:
    """12:00 in Paris on two Saturdays: (0.5 + 0.0 + 1.0) / 3. Today's snapshot does not count."""
    rows = [
        row("a", 10, 10, "2022-06-11 10:00"),
        row("b", 0, 20, "2022-06-11 10:00"),
        row("a", 20, 0, "2022-06-18 10:45"),
        row("c", 20, 0, "2022-06-18 10:45", is_stale=True),
        row("a", 5, 15, "2022-06-18 11:00"),
        row("a", 0, 20, "2022-07-02 10:00"),
    ]
    assert rows_of(engine_over(tmp_path, rows), WEEK) == [(6, 12, 0.5, 2), (6, 13, 0.25, 1)]


def test_only_four_weeks_before_the_newest_day_count(tmp_path: Path) -> None:
    rows = [row("a", 5, 15, f"2022-{day} 10:00") for day in ("06-03", "06-04", "07-01", "07-02")]
    assert [(day, hour) for day, hour, *_ in rows_of(engine_over(tmp_path, rows), WEEK)] == [(5, 12), (6, 12)]


def test_clocks_go_forward(tmp_path: Path) -> None:
    """27 March 2022 in Paris: 03:00 follows 01:59. The hour from 2 to 3 does not exist."""
    rows = [row("a", n, 10 - n, f"2022-03-27 0{n}:30") for n in (0, 1, 2)]
    rows.append(row("a", 5, 5, "2022-03-28 12:00"))
    assert rows_of(engine_over(tmp_path, rows), WEEK) == [
        (7, 1, 0.0, 1),
        (7, 3, 0.1, 1),
        (7, 4, 0.2, 1),
    ]


def test_clocks_go_back(tmp_path: Path) -> None:
    """30 October 2022 in Paris: the hour from 2 to 3 occurs twice, and is one hour of the week."""
    rows = [row("a", n, 10 - n, f"2022-10-30 0{n}:30") for n in (0, 1, 2)]
    rows += [row("a", 3, 7, "2022-10-29 22:30"), row("a", 5, 5, "2022-10-31 12:00")]
    assert rows_of(engine_over(tmp_path, rows), WEEK) == [
        (7, 0, 0.3, 1),
        (7, 2, 0.05, 2),
        (7, 3, 0.2, 1),
    ]


@pytest.mark.parametrize("kpi", REPORT_VIEWS, ids=lambda kpi: kpi.name)
def test_columns_and_types_are_as_declared(kpi: Kpi, tmp_path: Path) -> None:
    """`read` compares names, order and types, and raises if they differ."""
    engine = engine_over(tmp_path, [*series("a", "00.1"), row("a", 5, 5, "2022-06-03 10:00")])
    names = [name for name, _, _ in kpi.columns]
    assert engine.read([kpi])[0].newest.column_names == names
    assert not engine_over(tmp_path / "new").read([kpi])[0].newest.num_rows
    assert engine_over(tmp_path / "new").read([kpi])[0].newest.column_names == names


def test_headlines_match_numbers_computed_by_hand(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, [*series("a", "00.1"), row("a", 5, 15, "2022-06-03 10:00")])
    states = {kpi.name: engine.read([kpi])[0].headline for kpi in REPORT_VIEWS}
    assert states == {
        "kpi_episodes": {"episodes": 2, "open_episodes": 1, "longest_minutes": 30},
        "kpi_typical_week": {"hours_of_the_week": 1, "highest_fill_rate": 0.25, "lowest_fill_rate": 0.25},
    }


@pytest.mark.parametrize("states", ["00.1", "...."])
def test_one_query_for_all_states_returns_those_of_single_queries(states: str, tmp_path: Path) -> None:
    """On Athena one query reads all, as each is charged for at least 10 MB."""
    engine = engine_over(tmp_path, [*series("a", states), *series("b", "....")])
    frame = engine.query(states_sql(LIVE_VIEWS, hour_of(at("2022-06-04 10:00"))))
    for kpi in LIVE_VIEWS:
        own, alone = frame[frame[VIEW] == kpi.name], engine.read([kpi])[0]
        names = [column.name for column in kpi.schema]
        rows = own[own[PRESENT].notna()][names].astype(object).to_numpy().tolist()
        assert rows == [list(row.values()) for row in alone.newest.to_pylist()]
        headline = {name: own[HEADLINE + name].iloc[0] for name in alone.headline}
        assert headline == alone.headline
