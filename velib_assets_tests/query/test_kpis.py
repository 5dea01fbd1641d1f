"""The table of the KPIs and the rendering of their SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from velib_assets.query.kpis import KPIS, VIEWS, Kpi
from velib_assets.query.state_sql import state_sql
from velib_assets.query.view_sql import code_version, render, standalone_sql
from velib_assets.query.windows import four_weeks, last_26_hours, two_hours

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


def test_the_columns_are_the_contracts() -> None:
    """Dashboards rely on the names and on their order."""
    assert {kpi.name: ", ".join(name for name, _, _ in kpi.columns) for kpi in KPIS} == CONTRACT


def test_every_column_and_headline_says_what_it_is() -> None:
    """Lineage shows them; an empty description is a column that nobody understands."""
    assert all(description for kpi in VIEWS for _, _, description in kpi.columns)
    assert all(kpi.headlines and all(h.description for h in kpi.headlines) for kpi in VIEWS)


@pytest.mark.parametrize("kpi", VIEWS, ids=lambda kpi: kpi.name)
def test_each_view_is_one_statement_that_replaces_itself(kpi: Kpi) -> None:
    """Athena wants the statement first, without a comment before it or a semicolon after it."""
    statement = render(kpi, NOON)
    assert statement.startswith(f"CREATE OR REPLACE VIEW velib_db_tf.{kpi.name} AS\n")
    assert ";" not in statement
    assert "$" not in statement


def test_newest_hours_are_constants_on_the_partition_columns() -> None:
    """Athena prunes on constants only."""
    assert """WHERE (("date" = '2022-06-04' AND "hour" IN ('10', '11', '12')))""" in render(TOP10, NOON)


def test_a_window_across_midnight_names_both_days() -> None:
    """`hour IN (...)` without its day would read those hours of every day."""
    statement = render(TOP10, datetime(2022, 6, 4, 1, tzinfo=UTC))
    assert """(("date" = '2022-06-03' AND "hour" IN ('23')) OR """ in statement
    assert """ OR ("date" = '2022-06-04' AND "hour" IN ('00', '01')))""" in statement


def test_an_empty_table_renders_a_false_filter() -> None:
    """`IN ()` is no SQL."""
    assert "WHERE (1 = 0)" in render(TOP10, None)


def test_the_other_views_do_not_change_with_the_hour() -> None:
    """Their definition would be called changed each hour otherwise."""
    assert all(render(kpi, NOON) == render(kpi, None) for kpi in KPIS if kpi.hourly)


def test_the_window_is_the_three_hours_that_two_hours_can_touch() -> None:
    """A snapshot at 12:10 has snapshots of 10:15 within two hours."""
    assert [hour.hour for hour in two_hours(NOON)] == [10, 11, 12]


def test_a_day_is_the_26_hours_that_25_hours_can_touch() -> None:
    """A snapshot at 12:10 has snapshots of 11:15 of the day before within 25 hours."""
    assert (last_26_hours(NOON)[0], last_26_hours(NOON)[-1]) == (NOON - timedelta(hours=25), NOON)
    assert len(last_26_hours(NOON)) == 26


def test_four_weeks_are_whole_days_before_today_and_named_by_their_dates() -> None:
    """They are the same at every hour of a day, so that the view is defined anew once a day."""
    hours = four_weeks(NOON)
    assert hours == four_weeks(NOON.replace(hour=0))
    assert (hours[0], hours[-1]) == (
        datetime(2022, 5, 7, 0, tzinfo=UTC),
        datetime(2022, 6, 3, 23, tzinfo=UTC),
    )
    statement = render(VIEWS[-1], NOON)
    assert """WHERE ("date" IN ('2022-05-07', '2022-05-08', """ in statement
    assert """'2022-06-03'))""" in statement
    assert statement.count("'20") == 28


def test_code_version_is_the_templates_digest() -> None:
    """It changes with the SQL and not with the hour."""
    assert len({code_version(kpi) for kpi in VIEWS}) == len(VIEWS)
    assert sha256(standalone_sql(TOP10).encode()).hexdigest().startswith(code_version(TOP10))


def test_questions_for_the_newest_state_prune_by_constants() -> None:
    """Asking for the newest state must not read the history."""
    there = """"date" = '2022-06-04' AND "hour" IN ('12')"""
    assert all(there in state_sql(kpi, NOON) for kpi in KPIS if kpi.hourly)


def test_a_limit_ends_the_question() -> None:
    """The preview shows a few rows only."""
    assert state_sql(TOP10, NOON).endswith("ORDER BY critical_score DESC, station_id")
