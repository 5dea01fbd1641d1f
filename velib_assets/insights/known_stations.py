"""All stations that the lake knows: those of the newest snapshots, and those of the station register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from velib_assets.insights.statements import recent_statement
from velib_assets.query.engine import QueryEngine

Row = Mapping[str, Any]
"""A row of a query; times are naive datetimes in UTC."""

_DESCRIPTION = ("station_id", "name", "commune", "arrondissement", "lat", "lon", "capacity")


class KnownStation(NamedTuple):
    """A station: its description, and its newest row in the last 26 hours, or None.

    `row` has the columns of `known_stations.sql`. `gone_since` is when it left the feed, says the register.
    """

    description: Row
    row: Row | None = None
    former_names: tuple[str, ...] = ()
    gone_since: datetime | None = None


class KnownStations(NamedTuple):
    """The stations by code, and the time of the newest snapshot; None for a lake without rows."""

    newest_ts: datetime | None
    stations: Mapping[str, KnownStation]
    has_register: bool


def load_known_stations(engine: QueryEngine) -> KnownStations:
    """Read all stations, without a query to Athena.

    Raises:
        QueryError: A query failed.
    """
    seen, registered = engine.query_recent(
        lambda newest: [recent_statement(name, newest) for name in ("known_stations", "registered_stations")]
    )
    rows = {row["station_id"]: row for row in seen.to_pylist() if row["station_id"] is not None}
    register = {
        code: list(stretches)
        for code, stretches in groupby(registered.to_pylist(), lambda row: row["station_id"])
    }
    stations = {code: _station(rows.get(code), register.get(code, ())) for code in sorted({*rows, *register})}
    newest = next((row["newest_ts"] for row in rows.values()), None)
    return KnownStations(newest, stations, bool(register))


def _station(row: Row | None, stretches: Sequence[Row]) -> KnownStation:
    last = stretches[-1] if stretches else {}
    description = {name: _first((row or {}).get(name), last.get(name)) for name in _DESCRIPTION}
    former = [stretch["name"] for stretch in stretches if stretch["name"] not in (None, description["name"])]
    return KnownStation(description, row, tuple(dict.fromkeys(reversed(former))), last.get("valid_to"))


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)
