"""The state of a station on the report: computed in SQL with the conditions of the KPIs."""

from pathlib import Path
from typing import Any

import pytest

from velib_assets.query.frames import rows_of_part
from velib_assets.report.report_query import STATIONS, report_sql
from velib_assets_tests.kpi_lake import at, engine_over, row


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
    rows = rows_of_part(engine.query_recent(report_sql(at("2022-06-04 10:00"))), STATIONS)
    assert rows["state"].to_pylist() == [state]
