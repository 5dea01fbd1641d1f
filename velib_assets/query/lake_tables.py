"""The tables beside the network's: the station register, its events, rejects, quarantine and the history.

Locally, `duckdb_lake_tables` reads them; a table without files is empty. On AWS all but quarantine are in the
Glue catalog.
"""

from __future__ import annotations

from typing import NamedTuple

from velib_assets.lake.schema import (
    HISTORY,
    HISTORY_COLUMNS,
    HISTORY_GRAIN,
    PARTITION_COLUMNS,
    QUARANTINE,
    REJECT_COLUMNS,
    REJECTS,
    REJECTS_GRAIN,
    STATION_COLUMNS,
    STATIONS,
    STATIONS_GRAIN,
    Column,
)
from velib_assets.query.network_sql import sql_file

STATION_EVENTS = "station_events"


class LakeTable(NamedTuple):
    """A table or view.

    Attributes:
        name: of the table.
        grain: what one row represents.
        schema: the columns, in the table's order.
        hourly: whether each row belongs to an hour; the table then has the columns `date` and `hour`.
    """

    name: str
    grain: str
    schema: tuple[Column, ...]
    hourly: bool = False


LAKE_TABLES: tuple[LakeTable, ...] = (
    LakeTable(STATIONS, STATIONS_GRAIN, STATION_COLUMNS),
    LakeTable(
        STATION_EVENTS,
        "one event of a station: it opened, closed, moved, was renamed or resized",
        (
            Column("event_ts", "timestamp", "First snapshot that shows it", "UTC, milliseconds"),
            Column("station_id", "string", "Public station code"),
            Column("event", "string", "opened, closed, moved (over 30 m), renamed or resized"),
            Column("name", "string", "Station name, after the event"),
            Column("arrondissement", "string", "Paris 1er to Paris 20e; outside Paris, the commune"),
            Column("before", "string", "Position, name or capacity before; null for opened and closed"),
            Column("after", "string", "Position, name or capacity after; null for opened and closed"),
        ),
    ),
    LakeTable(
        REJECTS,
        REJECTS_GRAIN,
        (*REJECT_COLUMNS, *PARTITION_COLUMNS),
        hourly=True,
    ),
    LakeTable(
        QUARANTINE,
        "one quarantined response or raw object",
        (
            Column("ingested_at", "timestamp", "When it was taken", "UTC, milliseconds"),
            Column("code", "string", "Why, in one word; discarded: by velib discard"),
            Column("reason", "string", "Why, as a sentence"),
            Column("feed", "string", "Feed of the response, where it is known"),
            Column("raw_key", "string", "Key of the raw object, for one that was in raw"),
            Column("bytes", "bigint", "Size of the response, where it is known", "bytes"),
            Column("address", "string", "Where its bytes are; two files for a GBFS pair"),
            *PARTITION_COLUMNS,
        ),
        hourly=True,
    ),
    LakeTable(HISTORY, HISTORY_GRAIN, HISTORY_COLUMNS, hourly=True),
)


def station_events_sql() -> str:
    """Return the statement of the view `station_events`, in Athena's SQL."""
    return sql_file("velib_assets.query", STATION_EVENTS)
