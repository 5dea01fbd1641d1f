"""A small handmade clean lake: rows, hourly files, their catalog and the engine over them.

The cleaner is not used, as the tests that use this lake are about the views.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.typed_snapshot import TABLE_SCHEMA
from velib_assets.lake.keys import STATIONS_KEY, clean_key, hour_of
from velib_assets.lake.schema import STATION_COLUMNS
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.frames import ARROW

T0 = datetime(2024, 11, 1, tzinfo=UTC)
STATION_SCHEMA = pa.schema([(column.name, ARROW[column.type]) for column in STATION_COLUMNS])


def at(text: str) -> datetime:
    """Parse `2022-06-04 10:15` as a UTC time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(
    station: str, bikes: int | None, docks: int | None, when: str = "2022-06-04 10:00", **changes: Any
) -> dict[str, Any]:
    """Return a row of a station in operation; the fill rate is computed from bikes and docks."""
    total = bikes + docks if bikes is not None and docks is not None else 0
    return {
        "ingested_ts": at(when),
        "station_id": station,
        "name": f"Station {station}",
        "commune": "Paris",
        "arrondissement": "Paris 1er",
        "lat": 48.85,
        "lon": 2.35,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "capacity": 20,
        "bikes": bikes,
        "mechanical": bikes,
        "ebikes": 0,
        "docks": docks,
        "fill_rate": bikes / total if bikes is not None and total else None,
        "reported_ts": at(when),
        "is_stale": False,
    } | changes


def write_hour(lake: Path, hour: datetime, rows: list[dict[str, Any]]) -> Partition:
    """Write an hour's file atomically, as the cleaner does, and return its partition."""
    path = lake / clean_key(hour)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    table = pa.Table.from_pylist(rows, schema=TABLE_SCHEMA)
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    footer = json.dumps({"digest": digest, "snapshots": [], "quarantined": []})
    with pq.ParquetWriter(temporary, TABLE_SCHEMA, compression="zstd", store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"velib": footer})
    size = temporary.stat().st_size
    temporary.replace(path)
    return Partition(hour, clean_key(hour), len(rows), size, digest)


def engine_over(lake: Path, rows: Iterable[dict[str, Any]] = ()) -> LocalQueryEngine:
    """Return an engine over a lake with these rows, each in the file of its hour."""
    hours: dict[datetime, list[dict[str, Any]]] = {}
    for values in rows:
        hours.setdefault(hour_of(values["ingested_ts"]), []).append(values)
    catalog = LocalCatalog(lake)
    catalog.register([write_hour(lake, hour, hour_rows) for hour, hour_rows in hours.items()])
    return LocalQueryEngine(lake, catalog)


def sql(*parts: str) -> str:
    """Join parts of a statement."""
    return " ".join(parts)


def rows_of(engine: LocalQueryEngine, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query as tuples."""
    return [tuple(values) for values in engine.query(sql).astype(object).itertuples(index=False)]


def stretch(code: str, start: float, end: float | None, **changes: Any) -> dict[str, Any]:
    """A row of the register, from and to so many hours after T0."""
    return {
        "station_id": code,
        "valid_from": T0 + timedelta(hours=start),
        "valid_to": None if end is None else T0 + timedelta(hours=end),
        "name": f"Station {code}",
        "lat": 48.85,
        "lon": 2.35,
        "capacity": 20,
        "commune": "Paris",
        "arrondissement": "Paris 1er",
    } | changes


def write_register(lake: Path, *rows: dict[str, Any]) -> None:
    """Write the station register."""
    path = lake / STATIONS_KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=STATION_SCHEMA), path)
