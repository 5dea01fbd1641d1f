"""Lakes whose days are in history, made by the steps of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.clean_stations import clean_hours
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, parse_day, raw_key
from velib_assets.lake.local_days import local_days_overlapping
from velib_assets.lake.months import month_of
from velib_assets.query.daily_store import store_daily_kpis
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.samples import body
from velib_assets_tests.simulated_lake import simulated_lake


def recorded_lake(
    folder: Path, snapshots: Mapping[datetime, Sequence[Any]], feeds: Mapping[datetime, str] | None = None
) -> FolderStore:
    """Fill a folder with snapshots of these records (the portal's, without `feeds`) and their daily layer."""
    store = FolderStore(folder)
    for moment, records in snapshots.items():
        decoded = decode(FeedResponse("opendata", {"body": body([*records])}))
        feed = (feeds or {}).get(moment, "opendata")
        store.create(raw_key(moment), encode_raw(feed, moment, moment, decoded))
    list(clean_hours(store, LocalCleanJob(store, 1), sorted({hour_of(moment) for moment in snapshots})))
    LocalCatalog(folder).prepare()
    add_daily_layer(folder)
    return store


def simulated_history(folder: Path, first: datetime, hours: int, stations: int = 60) -> FolderStore:
    """Fill a folder with simulated hours and their daily layer."""
    simulated_lake(folder, first, hours, stations)
    add_daily_layer(folder)
    return FolderStore(folder)


def add_daily_layer(folder: Path, *, kpis: bool = True) -> None:
    """Build the history of all registered days, and the daily KPIs."""
    store, catalog = FolderStore(folder), LocalCatalog(folder)
    days = sorted({part.hour.date() for part in catalog.partitions()})
    results = [result for result in LocalHistoryJob(store).run(days) if not result.absent]
    assert [result.error for result in results if result.error] == []
    catalog.register_history(result.file() for result in results)
    if kpis:
        engine = LocalQueryEngine(folder, catalog)
        for day in sorted({local for utc_day in days for local in local_days_overlapping(utc_day)}):
            assert [
                r.error for r in store_daily_kpis(day, engine, store, catalog) if not r.absent and r.error
            ] == []


def compact(folder: Path) -> None:
    """Compact all months of the history."""
    store, catalog = FolderStore(folder), LocalCatalog(folder)
    months = {month_of(parse_day(file.period)) for file in catalog.history()}
    catalog.register_history(result.file() for result in LocalHistoryJob(store).compact(sorted(months)))
