"""Reads the report's data from the lake: views, the report's own queries, ledger and quarantine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from string import Template
from types import MappingProxyType
from typing import Any, NamedTuple

from velib_assets.catalog.catalog import Catalog, newest_hour
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import HOUR, hour_of, hours_between, quarantine_time, source_prefix
from velib_assets.lake.ledger import Slot, ledger
from velib_assets.lake.listing import REASON_ENDING, objects_by_hour, slot_times_by_hour
from velib_assets.lake.local_days import local_day_of
from velib_assets.lake.network import IS_VELIB, VELIB_METROPOLE, Network, network
from velib_assets.lake.network_facts import network_facts
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.query.cached_state import newest_state
from velib_assets.query.engine import QueryEngine
from velib_assets.query.kpis import LIVE_VIEWS, VIEWS
from velib_assets.query.network_sql import in_time_zone, sql_file
from velib_assets.query.view_sql import conditions, newest_rows_sql
from velib_assets.query.windows import DAY, partition_filter
from velib_assets.report.areas import map_areas
from velib_assets.report.days import report_days
from velib_assets.report.inspection import inspections

Row = Mapping[str, Any]
"""A row of a query result: None for null; times are naive datetimes in UTC."""

SlotTimes = Mapping[datetime, tuple[set[datetime], set[datetime]]]
LEDGER_DAYS = 14
MAX_QUARANTINED = 50
MAX_EVENTS = 200
_QUERIES = ("stations", "network", "today", "station_events", "positions")
_EVENTS = ("opened", "closed", "moved", "renamed", "resized")
_WEEK = next(view for view in VIEWS if view.cached)


class ReportData(NamedTuple):
    """Everything the report shows, as read from the lake; times are UTC.

    `views` holds each view's newest state. `stations` (newest snapshot) are sorted by code, `network` (one
    row per snapshot) by time, `today` by local hour, `quarantined` newest first. `days` are the midnights
    of the ledger's days. `quarantined` has the time (`ts`), `code` and `reason` of each response.
    `station_changes` counts the stations that changed in 30 days; None without a register. `events` are the
    newest of these changes, at most 200. `inspections` are the tables with more details. `areas` are the
    shapes of the map's areas (`areas.map_areas`), and `daily` the numbers of days (`days.report_days`).
    `network_facts` are what the feed says of the network (`lake.network_facts`).
    """

    made_at: datetime
    feed: str | None
    views: Mapping[str, Sequence[Row]]
    stations: Sequence[Row]
    network: Sequence[Row]
    today: Sequence[Row]
    ledger: Sequence[Slot]
    days: Sequence[datetime]
    quarantined: Sequence[Row]
    station_changes: Row | None = None
    inspections: Sequence[Row] = ()
    areas: Sequence[Row] = ()
    events: Sequence[Row] = ()
    daily: Row | None = None
    system: Network = VELIB_METROPOLE
    network_facts: Mapping[str, str] = MappingProxyType({})


def load_report_data(engine: QueryEngine, catalog: Catalog, store: LakeStore, now: datetime) -> ReportData:
    """Read what the report shows. The cost does not depend on how much history the lake holds.

    Args:
        engine: Runs the views and the report's queries.
        catalog: Supplies the newest registered hour.
        store: The lake, for the ledger and the quarantine.
        now: The current time, UTC.

    Raises:
        QueryError: A query was refused or failed.
        CatalogError: The catalog cannot be read.
        OSError: A file of the lake cannot be read or stored.
    """
    newest = newest_hour(catalog)
    days = ledger_span(newest, now)
    last = min(days[-1] + 23 * HOUR, hour_of(now))
    week = newest_state(_WEEK, engine, catalog, store).newest
    stations, totals, today, events, positions, *states = engine.query_recent(report_queries)
    present, happened, places = stations.to_pylist(), events.to_pylist(), positions.to_pylist()
    views = {view.name: rows for view, rows in zip(LIVE_VIEWS, states, strict=True)} | {_WEEK.name: week}
    raw, quarantine, rejects = (
        objects_by_hour(store, layer, days[0], last) for layer in ("raw", "quarantine", "rejects")
    )
    reasons = _reason_keys(quarantine)
    station_changes = _station_changes(happened) if totals.num_rows and (places or happened) else None
    return ReportData(
        made_at=now,
        feed=_feed(store, raw.get(newest, []) if newest else []),
        views={name: rows.to_pylist() for name, rows in views.items()},
        stations=present,
        network=totals.to_pylist(),
        today=today.to_pylist(),
        ledger=_ledger(store, slot_times_by_hour(store, raw, quarantine), days[0], last, now),
        days=days,
        quarantined=[_reason(store, taken, key) for taken, key in reasons[:MAX_QUARANTINED]],
        station_changes=station_changes,
        inspections=inspections(
            store, days[0], len(reasons), rejects, station_changes["changed"] if station_changes else None
        ),
        areas=map_areas(store, places or present, "" if IS_VELIB else network().name),
        events=happened[:MAX_EVENTS],
        daily=report_days(store, local_day_of(newest or now)),
        system=network(),
        network_facts=network_facts(store),
    )


def report_queries(newest: datetime | None) -> list[str]:
    """Return the queries in `_QUERIES`, each an .sql file of this folder, and those of the live views.

    The hours up to `newest` are constants, so that no history is read.
    """
    window = {DAY.placeholder: partition_filter(DAY.hours(newest))}
    texts = [in_time_zone(sql_file("velib_assets.report", name)) for name in _QUERIES]
    own = [Template(text).substitute(conditions(), **window) for text in texts]
    return [*own, *(newest_rows_sql(view, newest) for view in LIVE_VIEWS)]


def ledger_span(newest: datetime | None, now: datetime) -> list[datetime]:
    """Return the midnights of the 14 UTC days that the ledger shows, oldest first.

    The last day is today, or the newest snapshot's day if the lake is older than 14 days.
    """
    last = hour_of(now).replace(hour=0)
    if newest is not None and newest < last - timedelta(days=LEDGER_DAYS - 1):
        last = newest.replace(hour=0)
    return [last - timedelta(days=n) for n in range(LEDGER_DAYS - 1, -1, -1)]


def _feed(store: LakeStore, objects: Sequence[Stored]) -> str | None:
    """Return the feed of the newest readable raw object, or None."""
    for item in reversed(objects):
        try:
            return open_raw(store.read(item.key)).feed
        except (UnusableError, FileNotFoundError):
            continue
    return None


def _ledger(store: LakeStore, times: SlotTimes, first: datetime, last: datetime, now: datetime) -> list[Slot]:
    """Return the slots from `first`, or from the lake's first hour if that is later."""
    has_older = any(date < f"date={first:%Y-%m-%d}" for date in store.folders(source_prefix("raw"))[:1])
    start = first if has_older else min(times, default=None)
    if start is None:
        return []
    return ledger(hours_between(start, last), lambda hour: times.get(hour, (set(), set())), now)


def _station_changes(events: Sequence[Row]) -> Row:
    """Return how many stations changed, in all and by event."""
    stations = {kind: {row["station_id"] for row in events if row["event"] == kind} for kind in _EVENTS}
    changed = {row["station_id"] for row in events}
    return {"changed": len(changed), **{kind: len(codes) for kind, codes in stations.items()}}


def _reason_keys(objects: Mapping[datetime, Sequence[Stored]]) -> list[tuple[datetime, str]]:
    """Return the time and key of each quarantine reason, newest first."""
    keys = [item.key for items in objects.values() for item in items if item.key.endswith(REASON_ENDING)]
    return sorted(((taken, key) for key in keys if (taken := quarantine_time(key))), reverse=True)


def _reason(store: LakeStore, taken: datetime, key: str) -> Row:
    try:
        content = json.loads(store.read(key))
        return {"ts": taken, "code": str(content["code"]), "reason": str(content["reason"])}
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        return {"ts": taken, "code": "unreadable", "reason": f"{store.address(key)} cannot be read"}
