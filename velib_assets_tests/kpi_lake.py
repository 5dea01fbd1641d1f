"""A small clean lake made by hand: rows of the table, hour files, their catalog and the engine over them.

What a test changes stands in the test. The cleaner is not used: these tests pin the views, not the rows.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.keys import clean_key, hour_of
from velib_assets.lake.schema import COLUMNS
from velib_assets.query.duckdb_engine import LocalQueryEngine

TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}
SCHEMA = pa.schema([(column.name, TYPES[column.type]) for column in COLUMNS])


def at(text: str) -> datetime:
    """`2022-06-04 10:15` as a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(
    station: str, bikes: int | None, docks: int | None, when: str = "2022-06-04 10:00", **changes: Any
) -> dict[str, Any]:
    """A station in operation at a snapshot; its fill rate follows from bikes and docks."""
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
    """Write an hour's file in one step, as the cleaner does, and give its partition."""
    path = lake / clean_key(hour)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), aside, compression="zstd", store_schema=False)
    size = aside.stat().st_size
    aside.replace(path)
    return Partition(hour, clean_key(hour), len(rows), size, f"digest-{len(rows)}-{size}")


def engine_over(lake: Path, rows: Iterable[dict[str, Any]] = ()) -> LocalQueryEngine:
    """An engine over a lake that holds these rows, each in its hour."""
    hours: dict[datetime, list[dict[str, Any]]] = {}
    for one in rows:
        hours.setdefault(hour_of(one["ingested_ts"]), []).append(one)
    catalog = LocalCatalog(lake)
    catalog.register([write_hour(lake, hour, found) for hour, found in hours.items()])
    return LocalQueryEngine(lake, catalog)


def sql(*parts: str) -> str:
    """A statement of its parts, for tests that vary one of them."""
    return " ".join(parts)


def rows_of(engine: LocalQueryEngine, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question as tuples."""
    return [tuple(found) for found in engine.query(sql).astype(object).itertuples(index=False)]
