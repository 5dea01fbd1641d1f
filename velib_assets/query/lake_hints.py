"""Hints for a query whose answer is empty because a part of the lake is missing."""

from __future__ import annotations

from velib_assets.lake.keys import STATIONS_KEY
from velib_assets.lake.listing import is_lake
from velib_assets.lake.schema import STATIONS
from velib_assets.lake.store import LakeStore
from velib_assets.query.duckdb_guard import catalog_tables, parse
from velib_assets.query.engine import QueryError
from velib_assets.query.lake_tables import STATION_EVENTS


def lake_hints(sql: str, store: LakeStore, empty_lake: str) -> list[str]:
    """Return what is missing of the lake for a query; nothing for one that reads no table.

    Args:
        sql: the query.
        store: the lake.
        empty_lake: what to do about a lake without snapshots.
    """
    try:
        names = {table.name for table in catalog_tables(parse(sql))}
    except QueryError:
        return []
    if names and not is_lake(store):
        return [empty_lake]
    listed = {item.key for item in store.list(STATIONS_KEY.rpartition("/")[0] + "/")}
    if not names.isdisjoint({STATIONS, STATION_EVENTS}) and STATIONS_KEY not in listed:
        repair = "the sensor velib_healing builds it again, and so does velib backfill of all hours"
        return [f"hint: {store.address(STATIONS_KEY)} does not exist, so {STATIONS} is empty; {repair}"]
    return []
