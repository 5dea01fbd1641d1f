"""What the report says about days: a calendar, a comparison with the same weekdays, best and worst stations.

It is computed from the rows of `kpi_daily_network` and `kpi_daily_station`. Minutes are compared as shares of
the time in operation, so that a day with gaps does not look better than it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean
from typing import Any

from velib_assets.lake.keys import SLOT
from velib_assets.lake.local_days import DAY

Row = Mapping[str, Any]
COMPLETE = 0.8
"""The share of a day's time that must be known for the day to count in a comparison."""

PERIODS = (7, 28)
TOP = 10
_LEAST_OPERATION = 0.5  # of the time in operation of the station with most, for a station to be ranked
_COUNTS = (
    "stations", "stations_opened", "stations_closed", "stations_silent", "slots_stored", "slots",
    "arrivals_at_least", "departures_at_least",
)  # fmt: skip
_NUMBERS = (
    "coverage", "avg_fill_rate", "min_fill_rate", "max_fill_rate", "ebike_share", "minutes_short",
    "minutes_saturated", "minutes_in_operation", "minutes_covered",
)  # fmt: skip
_SHARES = dict.fromkeys(("short_share", "saturated_share"), "double")
_SLOT_MINUTES = SLOT / timedelta(minutes=1)
DAY_COLUMNS = {
    "date": "string",
    **dict.fromkeys(_COUNTS, "bigint"),
    **dict.fromkeys(_NUMBERS, "double"),
    "time_covered": "double",
    **_SHARES,
}
"""The columns of a day of the calendar, with their types."""

_MEASURES = ("avg_fill_rate", "short_share", "saturated_share", "ebike_share", "departures_at_least")
_SUMS = {
    **dict.fromkeys(("minutes_in_operation", "minutes_short", "minutes_saturated"), "double"),
    **dict.fromkeys(("arrivals_at_least", "departures_at_least"), "bigint"),
}
STATION_COLUMNS = {**dict.fromkeys(("station_id", "name", "arrondissement"), "string"), **_SUMS, **_SHARES}
"""The columns of a ranked station, with their types."""


def calendar(network: Mapping[date, Row]) -> list[dict[str, Any]]:
    """Return the days in order, each with its numbers from `kpi_daily_network`; unknown ones are null."""
    return [_day(day, row) for day, row in sorted(network.items())]


def comparison(days: Sequence[Row], last: date) -> dict[str, Any] | None:
    """Compare the newest day up to `last` with the same weekdays before; None if there is none.

    Args:
        days: Days from `calendar`.
        last: The last local day that is over.

    Returns:
        The day's `date`; the dates of the same weekdays before, those that are `complete` and those that are
        `incomplete` and do not count; and for each measure its `value`, and over the complete days its mean
        (`typical`), `lowest` and `highest`, null without such days.
    """
    past = [day for day in days if day["date"] <= last.isoformat()]
    if not past:
        return None
    newest = past[-1]
    weekday = date.fromisoformat(newest["date"]).weekday()
    earlier = [day for day in past[:-1] if date.fromisoformat(day["date"]).weekday() == weekday]
    complete = [day for day in earlier if is_complete(day)]
    return {
        "date": newest["date"],
        "complete": [day["date"] for day in complete],
        "incomplete": [day["date"] for day in earlier if not is_complete(day)],
        "measures": [{"name": name, **_compared(name, newest, complete)} for name in _MEASURES],
    }


def is_complete(day: Row) -> bool:
    """Return whether enough of a day from `calendar` is known for its numbers to be compared."""
    return (day["time_covered"] or 0) >= COMPLETE


def best_and_worst(stations: Mapping[date, Sequence[Row]], last: date) -> list[dict[str, Any]]:
    """Return the stations with the least and the most time short or saturated, over each of `PERIODS`.

    Args:
        stations: The rows of `kpi_daily_station` per local day.
        last: The last day of the periods.

    Returns:
        For each period with a stored day: the number of `days`, how many of them are `stored`, and the ten
        `worst` and `best` stations. Of equally good stations, the ones with more movements come first.
        Stations that were in operation for less than half of the time of others are not ranked.
    """
    periods = []
    for length in PERIODS:
        stored = {day: rows for day, rows in stations.items() if last - length * DAY < day <= last}
        if stored:
            ranked = _ranked(stored)
            worst = sorted(ranked, key=lambda row: (-_trouble(row), row["station_id"]))
            best = sorted(ranked, key=lambda row: (_trouble(row), -_moves(row), row["station_id"]))
            periods.append(
                {
                    "days": length,
                    "stored": len(stored),
                    "worst": [row for row in worst[:TOP] if _trouble(row)],
                    "best": best[:TOP],
                }
            )
    return periods


def _day(day: date, row: Row) -> dict[str, Any]:
    numbers = {name: row.get(name) for name in (*_COUNTS, *_NUMBERS)}
    return {
        "date": day.isoformat(),
        **numbers,
        "time_covered": _time_covered(numbers),
        **_shares(numbers),
        "worst_stations": [code for code in (row.get("worst_stations") or "").split(", ") if code],
    }


def _time_covered(numbers: Row) -> float | None:
    """Return the share of the stations' day for which a snapshot says what their state was; null if unknown.

    A snapshot counts for up to 30 minutes, so a lake with two per hour can cover all of a day.
    """
    stations, slots, minutes = (numbers[name] for name in ("stations", "slots", "minutes_covered"))
    if not stations or not slots or minutes is None:
        return None
    return float(min(1.0, minutes / (stations * slots * _SLOT_MINUTES)))


def _shares(numbers: Row) -> dict[str, float | None]:
    """Return which part of the time in operation was short and saturated; null without any operation."""
    total = numbers["minutes_in_operation"]
    return {
        f"{state}_share": numbers[f"minutes_{state}"] / total if total else None
        for state in ("short", "saturated")
    }


def _compared(name: str, day: Row, earlier: Iterable[Row]) -> dict[str, float | None]:
    """Return a measure of a day and of earlier ones. A count of an incomplete day is not comparable."""
    values = [value for other in earlier if (value := other[name]) is not None]
    value = day[name] if name != "departures_at_least" or is_complete(day) else None
    if not values:
        return {"value": value, "typical": None, "lowest": None, "highest": None}
    return {"value": value, "typical": fmean(values), "lowest": min(values), "highest": max(values)}


def _ranked(stored: Mapping[date, Sequence[Row]]) -> list[dict[str, Any]]:
    """Return the sums of each station that was long enough in operation, with its newest name."""
    totals: dict[str, dict[str, Any]] = {}
    for _, rows in sorted(stored.items()):
        for row in rows:
            before = totals.get(row["station_id"], {})
            totals[row["station_id"]] = {
                "station_id": row["station_id"],
                "name": row.get("name") or before.get("name"),
                "arrondissement": row.get("arrondissement") or before.get("arrondissement"),
                **{name: before.get(name, 0) + (row.get(name) or 0) for name in _SUMS},
            }
    longest = max((row["minutes_in_operation"] for row in totals.values()), default=0)
    return [
        row | _shares(row)
        for row in totals.values()
        if row["minutes_in_operation"] and row["minutes_in_operation"] >= _LEAST_OPERATION * longest
    ]


def _trouble(row: Row) -> float:
    return float(row["short_share"] + row["saturated_share"])


def _moves(row: Row) -> float:
    return float(row["arrivals_at_least"] + row["departures_at_least"])
