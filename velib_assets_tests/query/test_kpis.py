"""The table of the views, and the rendering of their SQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from pandas.testing import assert_frame_equal

from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS, REPORT_VIEWS, VIEWS, Kpi
from velib_assets.query.view_sql import code_version, conditions, render, standalone_sql, state_sql
from velib_assets.query.windows import DAY, FOUR_WEEKS, TWO_HOURS
from velib_assets.settings import CHECKOUT
from velib_assets_tests.kpi_lake import engine_over, row, sql

NOON = datetime(2022, 6, 4, 12, tzinfo=UTC)
CONTRACT = {
    "kpi_taux_remplissage": "ingested_ts, station_id, name, arrondissement, bikes, docks, capacity, "
    "fill_rate, is_stale, date, hour",
    "kpi_shortage": "ingested_ts, station_id, name, arrondissement, bikes, docks, fill_rate, date, hour",
    "kpi_station_saturation": "ingested_ts, station_id, name, arrondissement, bikes, docks, "
    "fill_rate, date, hour",
    "kpi_saturation_par_arrondissement": "ingested_ts, arrondissement, station_count, avg_fill_rate, "
    "shortage_count, saturation_count, date, hour",
    "kpi_top10_2hour": "station_id, name, arrondissement, avg_fill_rate, shortage_hits, saturation_hits, "
    "critical_score",
}
TOP10 = KPIS[-1]
WEEK = REPORT_VIEWS[-1]


def test_columns_match_the_contract() -> None:
    """Dashboards rely on the names and their order."""
    assert {kpi.name: ", ".join(name for name, _, _ in kpi.columns) for kpi in KPIS} == CONTRACT


def test_every_column_and_headline_has_a_description() -> None:
    """The lineage shows them."""
    assert all(description for kpi in VIEWS for _, _, description in kpi.columns)
    assert all(kpi.headlines and all(h.description for h in kpi.headlines) for kpi in VIEWS)


@pytest.mark.parametrize("kpi", VIEWS, ids=lambda kpi: kpi.name)
def test_each_view_is_one_complete_statement(kpi: Kpi) -> None:
    """Athena accepts no comment before the statement and no semicolon after it."""
    for statement in (render(kpi, NOON), render(kpi, None)):
        assert statement.startswith(f"CREATE OR REPLACE VIEW velib_db_tf.{kpi.name} AS\n")
        assert ";" not in statement
        assert "$" not in statement


@pytest.mark.parametrize("kpi", VIEWS, ids=lambda kpi: kpi.name)
def test_query_in_the_ui_returns_the_rows_of_the_view(kpi: Kpi, lake_of_2022: LocalQueryEngine) -> None:
    """As it is shown, on a lake whose newest hour is long past."""
    view = lake_of_2022.query(sql("SELECT * FROM", kpi.name))
    pasted = lake_of_2022.query(standalone_sql(kpi))
    assert len(view)
    by = list(view.columns)
    assert_frame_equal(pasted.sort_values(by, ignore_index=True), view.sort_values(by, ignore_index=True))


@pytest.fixture(scope="module")
def lake_of_2022(tmp_path_factory: pytest.TempPathFactory) -> LocalQueryEngine:
    """Return an engine over six weeks with one snapshot per day, then three hours after a midnight."""
    days = [NOON - timedelta(days=n) for n in range(40, 0, -1)]
    night = [NOON.replace(hour=22) - timedelta(days=1) + timedelta(minutes=15 * n) for n in range(14)]
    rows = [
        row(station, bikes, 10 - bikes, f"{when:%Y-%m-%d %H:%M}")
        for when in (*days, *night)
        for station, bikes in (("1", when.minute // 15), ("2", 0), ("3", 10))
    ]
    return engine_over(tmp_path_factory.mktemp("lake"), rows)


def test_conditions_are_written_once() -> None:
    """The views and the report take them from one file."""
    package = CHECKOUT / "velib_assets"
    files = [path for kind in ("py", "sql") for path in package.rglob(f"*.{kind}")]
    condition = re.compile(r"fill_rate\W{1,4}0\.9|bikes = 0\b|NOT is_stale AND fill_rate")
    assert [path.name for path in files if condition.search(path.read_text(encoding="utf-8"))] == []
    assert conditions()["saturated"] == (
        "is_installed AND NOT is_stale AND fill_rate IS NOT NULL"
        " AND is_returning AND (docks = 0 OR fill_rate >= 0.9)"
    )


def test_newest_hours_are_constants_on_the_partition_columns() -> None:
    """Athena prunes by constants only."""
    assert """WHERE (("date" = '2022-06-04' AND "hour" IN ('10', '11', '12')))""" in render(TOP10, NOON)


def test_window_across_midnight_contains_both_days() -> None:
    """`hour IN (...)` without the day would read those hours of every day."""
    statement = render(TOP10, datetime(2022, 6, 4, 1, tzinfo=UTC))
    assert """(("date" = '2022-06-03' AND "hour" IN ('23')) OR """ in statement
    assert """ OR ("date" = '2022-06-04' AND "hour" IN ('00', '01')))""" in statement


def test_empty_table_renders_a_false_filter() -> None:
    """`IN ()` is not valid SQL."""
    assert "WHERE (1 = 0)" in render(TOP10, None)


def test_views_without_a_window_do_not_change_with_the_hour() -> None:
    """Otherwise each hour would change their definition."""
    assert all(render(kpi, NOON) == render(kpi, None) for kpi in KPIS if kpi.hourly)


def test_two_hours_can_touch_three_hours() -> None:
    """For a snapshot at 12:10, one at 10:15 is within two hours."""
    assert [hour.hour for hour in TWO_HOURS.hours(NOON)] == [10, 11, 12]


def test_25_hours_can_touch_26_hours() -> None:
    """For a snapshot at 12:10, one at 11:15 on the day before is within 25 hours."""
    hours = DAY.hours(NOON)
    assert (hours[0], hours[-1]) == (NOON - timedelta(hours=25), NOON)
    assert len(hours) == 26


def test_four_weeks_are_complete_days_before_today() -> None:
    """They are the same at every hour of a day, so that the view is updated once per day."""
    hours = FOUR_WEEKS.hours(NOON)
    assert hours == FOUR_WEEKS.hours(NOON.replace(hour=0))
    assert (hours[0], hours[-1]) == (
        datetime(2022, 5, 7, 0, tzinfo=UTC),
        datetime(2022, 6, 3, 23, tzinfo=UTC),
    )
    statement = render(WEEK, NOON)
    assert """WHERE ("date" IN ('2022-05-07', '2022-05-08', """ in statement
    assert """'2022-06-03'))""" in statement
    assert statement.count("'20") == 28


def test_days_of_the_history_are_constants_and_their_hours_are_not_read() -> None:
    """Athena prunes by constants only, and the partitions of the history are months."""
    days = [datetime(2022, 6, day, tzinfo=UTC).date() for day in (1, 2)]
    statement = render(WEEK, NOON, days, by_month=True)
    hours, _, history = statement.partition(" UNION ALL ")
    assert "FROM velib_db_tf.source_velib WHERE" in hours
    assert """'2022-05-31', '2022-06-03'))""" in hours
    assert """WHERE "date" IN ('2022-06-01', '2022-06-02') AND "month" IN ('2022-06'))""" in history


def test_code_version_is_a_digest_of_the_statement() -> None:
    """It changes with the SQL, and not with the hour."""
    assert len({code_version(kpi) for kpi in VIEWS}) == len(VIEWS)
    assert sha256(standalone_sql(TOP10).encode()).hexdigest().startswith(code_version(TOP10))


def test_queries_for_the_newest_state_prune_by_constants() -> None:
    """They must not read the history."""
    partition = """"date" = '2022-06-04' AND "hour" IN ('12')"""
    assert all(partition in state_sql(kpi, NOON) for kpi in KPIS if kpi.hourly)


def test_query_for_the_newest_state_ends_with_the_order() -> None:
    """The preview shows the first rows."""
    assert state_sql(TOP10, NOON).endswith("ORDER BY critical_score DESC, station_id")
