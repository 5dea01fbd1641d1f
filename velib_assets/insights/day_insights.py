"""Reads what a local day was like: the network's numbers beside the usual ones, stations, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import fmean
from typing import Any, NamedTuple

from velib_assets.insights.statements import days_statement, events_statement, stored_rows
from velib_assets.lake.local_days import DAY
from velib_assets.lake.schema import fill_rate_unit
from velib_assets.query.engine import QueryEngine
from velib_assets.report.day_numbers import calendar, is_complete

Row = Mapping[str, Any]
WEEKS = 4
"""How many of the same weekdays before are looked at."""


class Insight(NamedTuple):
    """A number of a day.

    Attributes:
        name: of the number, as in `kpi_daily_network` where it is a column of it.
        title: a few words for people.
        unit: of the number.
        value: of the day; None if not known.
        usual: its mean over the complete same weekdays before; None without any, or if it is not compared.
    """

    name: str
    title: str
    unit: str
    value: float | None
    usual: float | None


class DayInsights(NamedTuple):
    """What a local day was like.

    Attributes:
        day: the local day.
        is_complete: whether at least 80 % of its time is known, so that its counts can be compared.
        insights: its numbers.
        compared: the complete same weekdays of the four weeks before, oldest first.
        worst: its ten worst stations, with name and minutes.
        events: what happened to stations on it.
    """

    day: date
    is_complete: bool
    insights: Sequence[Insight]
    compared: Sequence[date]
    worst: Sequence[Row]
    events: Sequence[Row]


_RATIO = "ratio 0..1"
_FILL = fill_rate_unit()
NUMBERS = (
    ("coverage", "slots with a snapshot", _RATIO),
    ("stations", "stations", "stations"),
    ("stations_opened", "stations opened", "stations"),
    ("stations_closed", "stations closed", "stations"),
    ("stations_silent", "stations silent all day", "stations"),
    ("avg_fill_rate", "mean fill rate", _FILL),
    ("min_fill_rate", "lowest fill rate", _FILL),
    ("max_fill_rate", "highest fill rate", _FILL),
    ("ebike_share", "e-bikes among the bikes", _RATIO),
    ("short_share", "time short", _RATIO),
    ("saturated_share", "time saturated", _RATIO),
    ("arrivals_at_least", "bikes arrived, at least", "bikes"),
    ("departures_at_least", "bikes departed, at least", "bikes"),
)
_DOUBTFUL = (
    ("frozen", "stations frozen"),
    ("over_capacity", "stations above capacity"),
    ("types_differ", "stations whose bikes do not add up"),
    ("never_reported", "stations without a report time"),
    ("moved", "stations moved"),
)
NAMES = (*(name for name, _, _ in NUMBERS), *(name for name, _ in _DOUBTFUL))
"""The names of the numbers, in their order."""


def load_day(engine: QueryEngine, day: date) -> DayInsights | None:
    """Read a local day with four queries; None if it is not stored.

    Raises:
        QueryError: A query failed.
    """
    before = [day - 7 * n * DAY for n in range(WEEKS, 0, -1)]
    rows = stored_rows(engine, days_statement("network_days", [*before, day]))
    days = calendar({date.fromisoformat(row["date"]): row for row in rows})
    if not days or days[-1]["date"] != day.isoformat():
        return None
    *earlier, own = days
    compared = [other for other in earlier if is_complete(other)]
    worst, doubtful = (
        stored_rows(engine, days_statement(name, [day])) for name in ("worst_of_day", "doubtful_of_day")
    )
    events = stored_rows(engine, events_statement("events_of_day", day))
    doubts_of = doubtful[0] if doubtful else dict.fromkeys(name for name, _ in _DOUBTFUL)
    numbers = [
        Insight(name, title, unit, own[name], _usual(name, own, compared)) for name, title, unit in NUMBERS
    ]
    doubts = [Insight(name, title, "stations", doubts_of[name], None) for name, title in _DOUBTFUL]
    dates = [date.fromisoformat(other["date"]) for other in compared]
    return DayInsights(day, is_complete(own), [*numbers, *doubts], dates, worst, events)


def _usual(name: str, own: Row, compared: Sequence[Row]) -> float | None:
    """Return the mean over other days. Movements of a day that is not complete are not comparable."""
    if name.endswith("_at_least") and not is_complete(own):
        return None
    values = [value for other in compared if (value := other[name]) is not None]
    return fmean(values) if values else None
