"""The state and the last 24 hours of a station on the report, computed in SQL."""

from pathlib import Path
from typing import Any

import pytest

from velib_assets.report.report_data import report_queries
from velib_assets_tests.kpi_lake import engine_over, row


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"is_installed": False, "is_stale": True}, "closed"),
        ({"is_installed": None}, "unknown"),
        ({"is_installed": None, "is_stale": True}, "unknown"),
        ({"is_stale": None}, "unknown"),
        ({"is_stale": True, "bikes": 0, "fill_rate": 0.0}, "stale"),
        ({"fill_rate": None, "bikes": 0, "docks": 0}, "unknown"),
        ({"bikes": 0, "fill_rate": 0.0}, "short"),
        ({"bikes": 0, "fill_rate": 0.0, "is_renting": False}, "ok"),
        ({"bikes": 0, "fill_rate": 0.0, "is_renting": None}, "ok"),
        ({"docks": 0, "bikes": 2, "fill_rate": 0.1}, "saturated"),
        ({"docks": 2, "bikes": 18, "fill_rate": 0.9}, "saturated"),
        ({"docks": 0, "bikes": 20, "fill_rate": 1.0, "is_returning": False}, "ok"),
        ({"docks": 3, "bikes": 17, "fill_rate": 0.85}, "ok"),
    ],
)
def test_state_follows_the_definitions_of_the_kpis(
    changes: dict[str, Any], state: str, tmp_path: Path
) -> None:
    engine = engine_over(tmp_path, [row("a", 10, 10) | changes])
    stations, *_ = engine.query_recent(report_queries)
    assert stations["state"].to_pylist() == [state]


def past(rows: list[dict[str, Any]], folder: Path) -> list[tuple[list[int | None], list[int | None]]]:
    """Return the past bikes and docks of each station of the newest snapshot."""
    stations, *_ = engine_over(folder, rows).query_recent(report_queries)
    return list(zip(stations["past_bikes"].to_pylist(), stations["past_docks"].to_pylist(), strict=True))


def test_history_of_station_present_in_every_snapshot(tmp_path: Path) -> None:
    rows = [row("a", 5, 1, "2022-06-04 10:15"), row("a", None, 2, "2022-06-04 10:30")]
    assert past(rows, tmp_path) == [([5, None], [1, 2])]


def test_history_is_null_where_station_is_missing(tmp_path: Path) -> None:
    times = [f"2022-06-04 {clock}" for clock in ("10:00", "10:15", "10:30")]
    rows = [row("a", 5, 1, times[0]), *(row("b", 2, 2, when) for when in times), row("a", 6, 0, times[2])]
    assert past(rows, tmp_path) == [([5, None, 6], [1, None, 0]), ([2, 2, 2], [2, 2, 2])]
