"""Reports the days and months of a lake as materialized to a home that lost its history.

The events are made from the catalog, and of the daily KPIs from their files. They belong to no run.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog, HistoryFile
from velib_assets.catalog.history_facts import history_file_of
from velib_assets.catalog.registration import NotCleanError
from velib_assets.defs.asset_keys import asset_key, asset_name
from velib_assets.defs.pooled_storage import one_transaction
from velib_assets.defs.reconciliation import DESCRIPTION
from velib_assets.defs.station_history import DAYS, MONTHS
from velib_assets.history.digests import is_month, period_of_key
from velib_assets.history.history_registration import register_history_until_stable
from velib_assets.lake.keys import daily_kpi_key, day_text, source_prefix
from velib_assets.lake.local_days import local_days_overlapping
from velib_assets.lake.schema import DATABASE, HISTORY
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_currency import local_day_of_key, stored_daily_files
from velib_assets.query.daily_file import read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS


class ReconciledDays(NamedTuple):
    """The outcome: how many partitions of the daily layer were reported, and how many were known.

    `registered` counts the history files that the catalog lacked; `damaged` says why others cannot be read.
    """

    reported: int
    known: int
    registered: int
    damaged: list[str]


def reconcile_days(
    instance: dg.DagsterInstance, store: LakeStore, catalog: Catalog, first: date, last: date
) -> ReconciledDays:
    """Report what exists of the days from `first` to `last` (UTC) and what the instance does not know.

    Args:
        instance: The Dagster instance.
        store: The lake.
        catalog: The catalog. History files that it lacks are registered.
        first: The first day.
        last: The last day, included; months are reported that have a day of the range.

    Raises:
        OSError, CatalogError: The lake or the catalog cannot be read or written.
    """
    registered, damaged = _register_missing(store, catalog, day_text(first), day_text(last))
    files = catalog.history(day_text(first), day_text(last))
    names = (DAYS, MONTHS, *(kpi.name for kpi in DAILY_KPIS))
    seen = {name: instance.get_materialized_partitions(asset_key(name)) for name in names}
    found = [*(_history_event(store, file) for file in files), *_kpi_events(store, first, last, seen)]
    lost = [event for event in found if event.partition not in seen[asset_name(event.asset_key)]]
    with one_transaction(instance):
        for event in lost:
            instance.report_runless_asset_event(event)
    return ReconciledDays(len(lost), len(found) - len(lost), registered, damaged)


def _register_missing(store: LakeStore, catalog: Catalog, first: str, last: str) -> tuple[int, list[str]]:
    """Register the history files that the catalog lacks; return how many, and why others cannot be read."""
    known = {file.key for file in catalog.history(first, last)}
    files, damaged = list[HistoryFile](), list[str]()
    for item in store.walk(source_prefix("history")):
        period = period_of_key(item.key)
        if period and item.key not in known and first[: len(period)] <= period <= last[: len(period)]:
            try:
                files.append(history_file_of(store, period))
            except (OSError, pa.ArrowException, NotCleanError) as error:
                damaged.append(f"{period}: {error}")
    if files:
        register_history_until_stable(store, catalog, files)
    return len(files), damaged


def _history_event(store: LakeStore, file: HistoryFile) -> dg.AssetMaterialization:
    metadata: dict[str, Any] = {
        "dagster/row_count": file.rows,
        "bytes": file.bytes,
        "digest": file.digest,
        "dagster/table_name": f"{DATABASE}.{HISTORY}",
        "file": dg.MetadataValue.path(store.address(file.key)),
    }
    asset = MONTHS if is_month(file) else DAYS
    return dg.AssetMaterialization(asset_key(asset), DESCRIPTION, metadata, file.period)


def _kpi_events(
    store: LakeStore, first: date, last: date, seen: Mapping[str, Collection[str]]
) -> Iterator[dg.AssetMaterialization]:
    """Yield an event per stored file of the local days that overlap the UTC days from `first` to `last`.

    A day without snapshots has files without rows: its run does not report it as materialized either. Nor is
    a damaged file reported: healing stores it again.
    """
    files = stored_daily_files(store)
    begin, end = local_days_overlapping(first)[0], local_days_overlapping(last)[-1]
    for kpi in DAILY_KPIS:
        for key, size in files.items():
            day = local_day_of_key(key)
            if not day or not begin <= day <= end or key != daily_kpi_key(kpi.name, day):
                continue
            is_known = day_text(day) in seen[kpi.name]
            if is_known or ((footer := read_daily_footer(store, key)) and footer.rows):
                metadata: dict[str, Any] = {"bytes": size, "file": dg.MetadataValue.path(store.address(key))}
                yield dg.AssetMaterialization(asset_key(kpi.name), DESCRIPTION, metadata, day_text(day))
