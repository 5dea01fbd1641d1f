"""Defines the tables beside `source_velib` in a DuckDB session, over the files that the query needs."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    HOUR,
    STATIONS_KEY,
    daily_kpi_key,
    date_hour,
    hour_prefix,
    key_hour,
    quarantine_time,
    rejects_key,
    source_prefix,
)
from velib_assets.lake.listing import REASON_ENDING
from velib_assets.lake.schema import DATABASE, HISTORY, QUARANTINE, REJECTS, STATIONS
from velib_assets.query.daily_kpis import DAILY_KPIS, DailyKpi
from velib_assets.query.daily_sql import daily_view_sql
from velib_assets.query.duckdb_files import LakeFiles
from velib_assets.query.duckdb_history import define_history
from velib_assets.query.duckdb_rewrites import own_sql_to_duckdb
from velib_assets.query.duckdb_session import create_table
from velib_assets.query.frames import ARROW
from velib_assets.query.lake_tables import (
    LAKE_TABLES,
    STATION_EVENTS,
    station_events_sql,
)

_SCHEMAS = {table.name: table.schema for table in LAKE_TABLES}
_READ_ROWS = "quarantine_rows"
_DAY = timedelta(days=1)

Matching = Callable[[str, list[datetime]], Sequence[datetime]]
"""Returns the hours that a query needs of a table, given its name and all hours that the table may have."""


def define_lake_tables(
    db: duckdb.DuckDBPyConnection,
    names: Collection[str],
    files: LakeFiles,
    catalog: Catalog,
    matching: Matching,
) -> None:
    """Define those of LAKE_TABLES that are in `names`. The others cost nothing."""
    if HISTORY in names:
        define_history(db, files, catalog, partial(matching, HISTORY))
    for kpi in DAILY_KPIS:
        if not {kpi.name, kpi.table}.isdisjoint(names):
            keys = _daily_keys(FolderStore(files.lake), kpi, matching)
            create_table(db, files.existing(keys), kpi.table, kpi.schema)
            db.execute(own_sql_to_duckdb(daily_view_sql(kpi)))
    if not {STATIONS, STATION_EVENTS}.isdisjoint(names):
        create_table(db, files.existing([STATIONS_KEY]), STATIONS, _SCHEMAS[STATIONS])
        db.execute(own_sql_to_duckdb(station_events_sql()))
    store = FolderStore(files.lake)
    if REJECTS in names:
        hours = matching(REJECTS, _possible_hours(store, "rejects"))
        create_table(db, files.existing(map(rejects_key, hours)), REJECTS, _SCHEMAS[REJECTS])
    if QUARANTINE in names:
        rows = [
            row
            for hour in matching(QUARANTINE, _possible_hours(store, "quarantine"))
            for row in _quarantined(store, hour)
        ]
        _create_from(db, rows)


def _daily_keys(store: FolderStore, kpi: DailyKpi, matching: Matching) -> list[str]:
    """Return the keys of a daily KPI's files that a query needs; a day is represented by its first hour."""
    folder = f"{source_prefix('kpi')}{kpi.name}/"
    days = [day for name in store.folders(folder) if (day := key_hour(f"{name}/hour=00/"))]
    needed = {day for name in (kpi.name, kpi.table) for day in matching(name, days)}
    return [daily_kpi_key(kpi.name, day) for day in days if day in needed]


def _possible_hours(store: FolderStore, layer: str) -> list[datetime]:
    """Return all hours of the days that a layer has: only the days are listed, a year has 365."""
    days = [key_hour(f"{name}/hour=00/") for name in store.folders(source_prefix(layer))]
    return [day + n * HOUR for day in days if day for n in range(_DAY // HOUR)]


def _quarantined(store: FolderStore, hour: datetime) -> Iterator[dict[str, Any]]:
    date, hh = date_hour(hour)
    for item in store.list(hour_prefix("quarantine", hour)):
        taken = quarantine_time(item.key)
        if taken and item.key.endswith(REASON_ENDING):
            try:
                reason = json.loads(store.read(item.key))
                row = _row(reason, taken)
            except FileNotFoundError:
                continue
            except (ValueError, TypeError, AttributeError, RecursionError):
                text = f"{store.address(item.key)} cannot be read"
                row = {"ingested_at": taken, "code": "unreadable", "reason": text, "keys": []}
            addresses = ", ".join(store.address(key) for key in row.pop("keys"))
            yield {**row, "address": addresses or None, "date": date, "hour": hh}


def _row(reason: dict[str, Any], taken: datetime) -> dict[str, Any]:
    """Return a row of a reason; one that the clean step wrote has no feed, keys or size.

    Raises:
        ValueError, TypeError, AttributeError: If it is not a reason.
    """
    texts = {name: _text(reason.get(name)) for name in ("code", "reason", "feed", "raw_key")}
    keys = [str(key) for key in reason.get("keys") or [texts["raw_key"]] if key]
    size = reason.get("bytes")
    stated = datetime.fromisoformat(str(reason.get("ingested_at") or taken))
    moment = stated.astimezone(UTC) if stated.tzinfo else taken
    return {**texts, "ingested_at": moment, "keys": keys, "bytes": size if isinstance(size, int) else None}


def _text(value: object) -> str | None:
    return None if value is None else str(value).encode("utf-8", "replace").decode("utf-8")


def _create_from(db: duckdb.DuckDBPyConnection, rows: Iterable[dict[str, Any]]) -> None:
    """Define the quarantine table with these rows, whose times are aware."""
    schema = pa.schema([(column.name, ARROW[column.type]) for column in _SCHEMAS[QUARANTINE]])
    plain = [{**row, "ingested_at": row["ingested_at"].replace(tzinfo=None)} for row in rows]
    db.register(_READ_ROWS, pa.Table.from_pylist(plain, schema))
    columns = ", ".join(
        f'CAST("{column.name}" AS TIMESTAMP) AS "{column.name}"'
        if column.type == "timestamp"
        else f'"{column.name}"'
        for column in _SCHEMAS[QUARANTINE]
    )
    db.execute(f"CREATE TABLE {DATABASE}.{QUARANTINE} AS SELECT {columns} FROM {_READ_ROWS}")  # noqa: S608 - our own names
    db.unregister(_READ_ROWS)
