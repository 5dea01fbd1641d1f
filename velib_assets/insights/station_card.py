"""Reads the card of one station: its state, its last 24 hours, its typical day and its days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from velib_assets.insights.known_stations import KnownStation, KnownStations
from velib_assets.insights.statements import (
    history_statement,
    period_statement,
    recent_statement,
    stored_rows,
)
from velib_assets.lake.local_days import DAY, local_day_of
from velib_assets.query.engine import QueryEngine

Row = Mapping[str, Any]
"""A row of a query; times are naive datetimes in UTC."""

COMPLETE = 0.8
_SLOT_MINUTES = 15


class StationCard(NamedTuple):
    """What is known of a station.

    Attributes:
        station: its description and newest row.
        newest_ts: the time of the lake's newest snapshot, UTC.
        snapshots: one row per snapshot of the last 24 hours; the values are null where it lacks the station.
        events: what happened to the station, newest first.
        first: the first local day of the period.
        last: its last one: that of the newest snapshot if it is stored, else the day before.
        days: the stored local days of the period; the station's values are null where it has no snapshot.
        typical: the means per hour of the local day over the period, apart for weekends.
    """

    station: KnownStation
    newest_ts: datetime
    snapshots: Sequence[Row]
    events: Sequence[Row]
    first: date
    last: date
    days: Sequence[Row]
    typical: Sequence[Row]


def load_card(engine: QueryEngine, known: KnownStations, code: str, days: int) -> StationCard:
    """Read a station's card over so many local days. Two of the queries go to Athena.

    Raises:
        QueryError: A query failed.
        ValueError: The lake has no rows.
    """
    if known.newest_ts is None:
        raise ValueError("the lake has no rows")
    snapshots, events = engine.query_recent(
        lambda newest: [
            recent_statement(name, newest, station_id=code)
            for name in ("station_snapshots", "events_of_station")
        ]
    )
    last = local_day_of(known.newest_ts.replace(tzinfo=UTC))
    first = max(date(1970, 1, 2), last - days * DAY)
    stored = stored_rows(engine, period_statement("station_days", first, last, station_id=code))
    if stored and stored[-1]["date"] == last.isoformat():
        first = min(last, first + DAY)
    else:
        last -= DAY
    typical = stored_rows(
        engine,
        history_statement("typical_hours", first, last, by_month=engine.history_by_month, station_id=code),
    )
    return StationCard(
        known.stations[code],
        known.newest_ts,
        snapshots.to_pylist(),
        events.to_pylist(),
        first,
        last,
        [row for row in stored if row["date"] >= first.isoformat()],
        typical,
    )


def is_complete(day: Row) -> bool:
    """Return whether the state of the station is known for at least 80 % of a local day."""
    return bool(day["minutes_covered"] >= COMPLETE * day["slots"] * _SLOT_MINUTES)


def totals(days: Sequence[Row]) -> dict[str, Any]:
    """Return the totals of a station's days: how many are known, short and saturated, and for how long."""
    known = [day for day in days if day["snapshots"]]
    sums = {
        name: sum(day[name] for day in known)
        for name in (
            "minutes_covered",
            "minutes_short",
            "minutes_saturated",
            "arrivals_at_least",
            "departures_at_least",
        )
    }
    return {
        "days_stored": len(days),
        "days_known": len(known),
        "days_partly_known": sum(not is_complete(day) for day in known),
        "days_short": sum(day["minutes_short"] > 0 for day in known),
        "days_saturated": sum(day["minutes_saturated"] > 0 for day in known),
        **sums,
    }
