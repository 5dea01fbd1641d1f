"""The card's graphs of fill rates over 1: more bikes than the capacity, in a network without docks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from velib_assets.cli.station_text import card_text
from velib_assets.insights.known_stations import KnownStation
from velib_assets.insights.station_card import StationCard

NEWEST = datetime(2024, 11, 5, 12)  # noqa: DTZ001 - rows of a query have naive times, in UTC
FIRST = date(2024, 11, 1)


def card(rates: Sequence[float]) -> StationCard:
    """Return the card of a station that had one rate after the other, over 24 hours and over as many days."""
    step = timedelta(hours=24) / len(rates)
    snapshots = [
        _row(
            rate, NEWEST - timedelta(hours=24) + n * step, snapshot_ts=NEWEST - timedelta(hours=24) + n * step
        )
        for n, rate in enumerate(rates)
    ]
    description = {
        "station_id": "a",
        "name": "Place",
        "arrondissement": None,
        "commune": None,
        "capacity": 10,
        "lat": None,
        "lon": None,
    }
    minutes = dict.fromkeys(("minutes_covered", "minutes_in_operation"), 1440.0)
    minutes |= dict.fromkeys(("minutes_short", "minutes_saturated"), 0.0)
    minutes |= dict.fromkeys(("arrivals_at_least", "departures_at_least"), 0)
    days = [
        {
            "date": f"{FIRST + timedelta(days=n)}",
            "slots_stored": 96,
            "slots": 96,
            "snapshots": 96,
            "avg_fill_rate": rate,
            **minutes,
        }
        for n, rate in enumerate(rates)
    ]
    typical = [
        {"hour": n, "is_weekend": False, "mean_fill_rate": rate, "mean_bikes": 10 * rate}
        for n, rate in enumerate(rates)
    ]
    station = KnownStation(description, snapshots[-1])
    last = FIRST + timedelta(days=len(rates) - 1)
    return StationCard(station, NEWEST, snapshots, [], FIRST, last, days, typical)


def _row(rate: float, when: datetime, **others: Any) -> dict[str, Any]:
    bikes = round(10 * rate)
    row = {"ingested_ts": when, "reported_ts": when, "state": "ok", "bikes": bikes, "fill_rate": rate}
    return {
        **row,
        **dict.fromkeys(("mechanical", "ebikes", "docks")),
        "is_renting": True,
        "is_returning": True,
    } | others


def graphs(text: str) -> list[str]:
    """Return the lines with graphs."""
    return [line for line in text.splitlines() if line.count("|") == 2]


def test_highest_rate_over_1_is_the_top_of_the_scale() -> None:
    text = card_text(card([0.3, 3.0, 1.5, 0.0]), 80, "utf-8")
    last_24_hours, typical, days = graphs(text)
    assert last_24_hours.split("|")[1].split() == [*"▂█▅▁"]
    assert typical.split("|")[1].startswith("▂▂██▅▅▁▁")
    assert days.split("|")[1] == "".join(bar * 12 for bar in "▂█▅▁")
    assert days.endswith("0% to 300%")
    assert "0 to 30 bikes" in last_24_hours
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("highest", [0.5, 1.0])
def test_top_of_the_scale_is_1_for_rates_up_to_1(highest: float) -> None:
    last_24_hours, _, days = graphs(card_text(card([0.0, highest]), 80, "utf-8"))
    assert days.endswith("0% to 100%")
    assert last_24_hours.split("|")[1].split()[-1] == ("█" if highest == 1 else "▅")
