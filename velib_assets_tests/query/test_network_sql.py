"""SQL files are written for Vélib' and rendered for the network of the process."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from velib_assets.insights.statements import history_statement
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import daily_view_sql, day_sql
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import station_events_sql
from velib_assets.query.network_sql import UNDECLARED_ZONE, in_time_zone, sql_file
from velib_assets.query.view_sql import render, standalone_sql, states_sql
from velib_assets.report.report_data import report_queries
from velib_assets.settings import CHECKOUT
from velib_assets_tests.network_process import call_as

FILES = sorted(path for path in (CHECKOUT / "velib_assets").rglob("*.sql"))
NEWEST, DAY = datetime(2022, 6, 4, 17, tzinfo=UTC), date(2022, 6, 4)


def statements() -> dict[str, str]:
    """Return the SQL of everything for the network of this process."""
    made = {view.name: render(view, NEWEST) for view in VIEWS}
    made |= {f"alone {view.name}": standalone_sql(view) for view in VIEWS}
    made |= {f"day {kpi.name}": day_sql(kpi, DAY) for kpi in DAILY_KPIS}
    made |= {f"view {kpi.name}": daily_view_sql(kpi) for kpi in DAILY_KPIS}
    made |= {f"report {number}": sql for number, sql in enumerate(report_queries(NEWEST))}
    made["typical"] = history_statement("typical_hours", DAY, DAY, station_id="x")
    return made | {"states": states_sql(VIEWS[:2], NEWEST), "events": station_events_sql()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_of_velib_is_rendered_as_it_is_written(path: Path) -> None:
    package = ".".join(path.relative_to(CHECKOUT).parent.parts)
    text = path.read_text(encoding="utf-8").strip()
    assert in_time_zone(sql_file(package, path.stem)) == text


def test_statements_of_another_network_have_its_tables_and_time_zone() -> None:
    made = call_as("rouen", statements, VELIB_TIMEZONE="Asia/Tokyo")
    words = {word for sql in made.values() for word in re.findall(r"\b\w*(?:velib|rouen)\w*\b", sql)}
    assert words == {"velib_db_tf", "source_rouen", "rouen_history"}
    zones = {name for name, sql in made.items() if "'Asia/Tokyo'" in sql}
    assert {"kpi_typical_week", "alone kpi_typical_week", "typical"} <= zones
    assert any(name.startswith("report ") for name in zones)
    assert [name for name, sql in made.items() if "Paris" in sql] == []
    # 4 June in Tokyo begins at 15:00 UTC on the day before.
    assert "TIMESTAMP '2022-06-03 15:00:00.000'" in made["day kpi_daily_network"]


def test_text_of_a_view_says_that_the_time_zone_is_not_known() -> None:
    """What Dagster shows is made when the definitions load, before the lake is read."""
    made = call_as("rouen", statements)
    assert f"AT TIME ZONE '{UNDECLARED_ZONE}'" in made["alone kpi_typical_week"]
    assert "AT TIME ZONE 'UTC'" in made["kpi_typical_week"]
