"""A station's card as data: the object of JSON, and the rows of CSV, with columns that stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from velib_assets.insights.known_stations import Row
from velib_assets.insights.plain import arrow_table, plain
from velib_assets.insights.station_card import StationCard, totals
from velib_assets.lake.daily_schema import DAILY_STATION
from velib_assets.lake.network import time_zone

_TEXTS = ("station_id", "name", "arrondissement")
_MATCH_TYPES = {
    **dict.fromkeys(_TEXTS, "string"), "capacity": "int", "state": "string", "bikes": "int", "docks": "int",
}  # fmt: skip
_DAY_TYPES = {"station_id": "string", "date": "string", "slots_stored": "bigint", "slots": "bigint"} | {
    column.name: column.type for column in DAILY_STATION if column.name not in (*_TEXTS, "minutes_compared")
}
_NOW = (
    "state", "bikes", "mechanical", "ebikes", "docks", "fill_rate", "is_renting", "is_returning",
    "reported_ts",
)  # fmt: skip
MATCH_COLUMNS = tuple(_MATCH_TYPES)
"""The columns of a list of stations."""
DAY_COLUMNS = tuple(_DAY_TYPES)
"""The columns of a station's days. `slots_stored` and `slots` are those of the network."""


def matches_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return a list of stations as a table with MATCH_COLUMNS."""
    return arrow_table(rows, _MATCH_TYPES)


def days_table(card: StationCard) -> pa.Table:
    """Return the stored days of a card as a table with DAY_COLUMNS."""
    return arrow_table(_days(card), _DAY_TYPES)


def card_object(card: StationCard, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return a card of JSON types; times are UTC and end with Z, dates are local."""
    row = card.station.row
    gone = card.station.gone_since if row is None else None
    now = {"ts": row["ingested_ts"], **{name: row[name] for name in _NOW}} if row else None
    content = {
        **card.station.description,
        "former_names": card.station.former_names,
        "gone_since": gone,
        "newest_ts": card.newest_ts,
        "now": now,
        "last_24_hours": [
            {"ts": past["snapshot_ts"], **_without(past, "snapshot_ts")} for past in card.snapshots
        ],
        "time_zone": time_zone(),
        "first_day": card.first,
        "last_day": card.last,
        "totals": totals(card.days),
        "typical_day": card.typical,
        "days": [_without(day, "station_id") for day in _days(card)],
        "events": card.events,
        "notes": notes,
    }
    result: dict[str, Any] = plain(content)
    return result


def _days(card: StationCard) -> list[dict[str, Any]]:
    code = card.station.description["station_id"]
    return [{name: code if name == "station_id" else day[name] for name in DAY_COLUMNS} for day in card.days]


def _without(row: Row, name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
