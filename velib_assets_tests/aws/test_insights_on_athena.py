"""The card of a station and the numbers of a day through Athena: those of local mode, in few queries."""

from __future__ import annotations

from datetime import date

from velib_assets.insights.absent_days import absence, outdated_note
from velib_assets.insights.day_insights import load_day
from velib_assets.insights.known_stations import load_known_stations
from velib_assets.insights.station_card import StationCard, load_card
from velib_assets.lake.listing import utc_now
from velib_assets.query.engine import QueryEngine
from velib_assets_tests.aws.test_daily_days import DAY, stored
from velib_assets_tests.aws.twin_lakes import TwinLakes


def card(engine: QueryEngine) -> StationCard:
    return load_card(engine, load_known_stations(engine), "b", 5)


def test_card_is_that_of_local_mode_in_two_queries(lakes: TwinLakes) -> None:
    list(stored(lakes))
    before = lakes.query_count()
    found = card(lakes.engine())
    assert lakes.query_count() == before + 2
    assert found == card(lakes.local())
    assert [day["date"] for day in found.days] == [str(DAY)]
    assert found.typical


def test_day_is_that_of_local_mode_in_at_most_four_queries(lakes: TwinLakes) -> None:
    list(stored(lakes))
    before = lakes.query_count()
    found = load_day(lakes.engine(), DAY)
    assert lakes.query_count() <= before + 4
    assert found is not None
    assert found == load_day(lakes.local(), DAY)
    assert outdated_note(lakes.catalog, lakes.store, DAY, utc_now()) == []


def test_lake_without_daily_tables_has_a_card_and_no_day(lakes: TwinLakes) -> None:
    found = card(lakes.engine())
    assert (found.days, found.typical) == ([], [])
    assert found.station.row is not None
    assert load_day(lakes.engine(), DAY) is None
    assert "its numbers are not built" in absence(lakes.catalog, lakes.store, DAY, utc_now())
    assert "is before the data" in absence(lakes.catalog, lakes.store, date(2022, 10, 1), utc_now())
