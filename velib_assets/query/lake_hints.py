"""Hints for a query whose result lacks rows because a part of the lake is missing."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from velib_assets.catalog.catalog import Catalog
from velib_assets.history.backfill_advice import backfill_command, commands_of_hours
from velib_assets.history.digests import current_files, is_month
from velib_assets.lake.keys import STATIONS_KEY, source_prefix
from velib_assets.lake.listing import hour_range, is_lake
from velib_assets.lake.network import KEY
from velib_assets.lake.schema import HISTORY, STATIONS
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_guard import catalog_tables, parse
from velib_assets.query.engine import QueryError
from velib_assets.query.lake_tables import LAKE_TABLES, STATION_EVENTS

_DAILY_REPAIR = f"{KEY}_daily_schedule stores each day after it has ended, and so does velib backfill"


def lake_hints(sql: str, store: LakeStore, catalog: Catalog, empty_lake: str) -> list[str]:
    """Return what is missing of the lake for a query; nothing for one that reads no table.

    Args:
        sql: the query.
        store: the lake, in a folder.
        catalog: its catalog.
        empty_lake: what to do about a lake without snapshots.
    """
    try:
        names = {table.name for table in catalog_tables(parse(sql))}
    except QueryError:
        return []
    if names and not is_lake(store):
        return [empty_lake]
    apart = {table.name for table in LAKE_TABLES}
    apart |= {name for kpi in DAILY_KPIS for name in (kpi.name, kpi.table)}
    hints = _clean_hints(store, catalog) if names - apart else []
    hints += _daily_hints(store, names)
    hints += _history_hints(store, catalog) if HISTORY in names else []
    listed = {item.key for item in store.list(STATIONS_KEY.rpartition("/")[0] + "/")}
    if not names.isdisjoint({STATIONS, STATION_EVENTS}) and STATIONS_KEY not in listed:
        repair = f"the sensor {KEY}_healing builds it again, and so does velib backfill of all hours"
        hints.append(f"hint: {store.address(STATIONS_KEY)} does not exist, so {STATIONS} is empty; {repair}")
    return hints


def _daily_hints(store: LakeStore, names: Collection[str]) -> list[str]:
    """Return which daily KPIs of a query have no stored day."""
    return [
        f"hint: no day of {kpi.name} is stored, so it is empty; {_DAILY_REPAIR}"
        for kpi in DAILY_KPIS
        if not {kpi.name, kpi.table}.isdisjoint(names)
        and not store.folders(f"{source_prefix('kpi')}{kpi.name}/")
    ]


def _history_hints(store: LakeStore, catalog: Catalog) -> list[str]:
    """Return that history has no day, or of which day neither its file nor its month's is as registered."""
    from velib_assets.query.duckdb_history import is_as_registered  # noqa: PLC0415 - imports DuckDB

    known = catalog.history()
    if not known:
        return [f"hint: no day is in history yet, so {HISTORY} is empty; {_DAILY_REPAIR}"]
    lake = Path(store.address(""))
    months = [file.period for file in current_files(known) if is_month(file) and is_as_registered(lake, file)]
    lost = [
        file
        for file in known
        if not is_month(file)
        and not file.period.startswith(tuple(months))
        and not is_as_registered(lake, file)
    ]
    if not lost:
        return []
    fault = f"the history of {counted(len(lost), 'day')} is missing, or not as it was registered"
    harm = f"{HISTORY} can lack rows or have wrong ones. The first is {store.address(lost[0].key)}"
    return [f"hint: {fault}, so {harm}. Run `velib verify`: it says what repairs it"]


def _clean_hints(store: LakeStore, catalog: Catalog) -> list[str]:
    """Return which hours a query cannot read: registered ones without a file, or all of raw."""
    partitions = catalog.partitions()
    lost = [part for part in partitions if not Path(store.address(part.key)).exists()]
    if lost:
        hours = counted(len(lost), "registered hour has", "registered hours have")
        file = store.address(lost[0].key)
        fault = f"{hours} no clean file, and the result lacks their rows. The first is {file}."
        return [_backfill_hint(fault, commands_of_hours([part.hour for part in lost]))]
    span = None if partitions else hour_range(store, "raw")
    if span is None:
        return []
    fault = "the lake has snapshots, but no hour is cleaned yet."
    return [_backfill_hint(fault, backfill_command(store, *(hour.date() for hour in span)))]


def _backfill_hint(fault: str, command: str) -> str:
    return f"hint: {fault} Run `{command}`, or wait for {KEY}_healing"
