"""Reports the hours of a lake as materialized, without cleaning them again, to a home that lost its history.

Dagster marks a partition as materialized by an event. The events of an hour are made from the footer of its
clean file. They belong to no run.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog
from velib_assets.catalog.registration import NotCleanError, partition_of, register_until_stable
from velib_assets.clean.clean_file import Footer
from velib_assets.clean.rebuild import footer_of
from velib_assets.defs.asset_keys import asset_key
from velib_assets.defs.partitions import key_of
from velib_assets.defs.pooled_storage import one_transaction
from velib_assets.history.retired_days import retired_hours
from velib_assets.lake.keys import REPORT, STATIONS_KEY, clean_key, hour_prefix, hour_text, raw_time
from velib_assets.lake.listing import has_usable_raw, objects_by_hour
from velib_assets.lake.schema import DATABASE, STATIONS, TABLE
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.query.kpis import VIEWS
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_or_empty

LAYERS = ("raw_snapshot", "clean_stations", "stations", TABLE)
BATCH = 100  # hours per transaction, and the most that Glue accepts per call
MAX_GAP = timedelta(hours=48)
PAGE = 1000
_THREADS = 8
_VIEWS = (*(view.name for view in VIEWS), REPORT)
_Digests = dict[str, str]


class Reconciled(NamedTuple):
    """The outcome of some hours.

    `reported` are the hours for which at least one asset was reported; `known` counts those of which nothing
    was missing. `registered` counts the partitions that the catalog lacked. `uncleaned` hours have usable raw
    and no clean file.
    `damaged` says why a clean file cannot be read, per hour.
    """

    reported: Sequence[datetime]
    known: int
    registered: int
    uncleaned: Sequence[datetime]
    damaged: Sequence[str]


def report_lost(
    instance: dg.DagsterInstance, store: LakeStore, catalog: Catalog, hours: Collection[datetime]
) -> int:
    """Report those of these clean hours that the instance has never seen; return how many."""
    seen = instance.get_materialized_partitions(asset_key("clean_stations"))
    lost = sorted(hour for hour in hours if key_of(hour) not in seen)
    return sum(len(part.reported) for part in reconcile(instance, store, catalog, lost))


def views_are_known(instance: dg.DagsterInstance) -> bool:
    """Return whether every view and the report have been materialized in this instance."""
    return all(instance.get_latest_materialization_event(asset_key(name)) for name in _VIEWS)


def reconcile(
    instance: dg.DagsterInstance, store: LakeStore, catalog: Catalog, hours: Sequence[datetime]
) -> Iterator[Reconciled]:
    """Report what exists of these hours and what the instance does not know; yield the outcome per batch.

    An hour is known if each of its assets is materialized, and its clean file with the digest of the footer.

    Args:
        instance: the Dagster instance.
        store: the lake.
        catalog: the catalog. Clean files that it lacks are registered.
        hours: the hours, UTC, in order.

    Raises:
        OSError, CatalogError: the lake or the catalog cannot be read.
    """
    if not hours:
        return
    seen = {layer: instance.get_materialized_partitions(asset_key(layer)) for layer in LAYERS}
    # The digests cost a page of events per thousand; healing calls this in each round.
    digests = _digests(instance) if any(key_of(hour) in seen["clean_stations"] for hour in hours) else {}
    register = load_or_empty(store).register
    for batch in _batches(hours):
        found = _read(store, catalog, batch, register)
        events = {hour: list(_unknown(found, hour, seen, digests)) for hour in found.hours}
        with one_transaction(instance):
            for event in (event for made in events.values() for event in made):
                instance.report_runless_asset_event(event)
        reported = [hour for hour, made in events.items() if made]
        missing = [hour for hour in found.raw if hour not in found.clean and has_usable_raw(store, hour)]
        retired = retired_hours(store, missing)
        uncleaned = [hour for hour in missing if hour not in retired]
        yield Reconciled(
            reported, len(found.hours) - len(reported), found.registered, uncleaned, found.damaged
        )


def _batches(hours: Sequence[datetime]) -> Iterator[list[datetime]]:
    """Split hours at gaps as well, because the lake is listed from the first to the last hour of a batch."""
    batch: list[datetime] = []
    for hour in hours:
        if batch and (len(batch) == BATCH or hour - batch[-1] > MAX_GAP):
            yield batch
            batch = []
        batch.append(hour)
    if batch:
        yield batch


class _Found(NamedTuple):
    """What the lake has of some hours."""

    store: LakeStore
    raw: dict[datetime, list[Stored]]
    clean: dict[datetime, list[Stored]]
    footers: dict[datetime, Footer]
    register: Register
    registered: int
    damaged: list[str]

    @property
    def hours(self) -> list[datetime]:
        """The hours that have raw or a readable clean file."""
        return sorted({*self.raw, *self.footers})


def _read(store: LakeStore, catalog: Catalog, hours: Sequence[datetime], register: Register) -> _Found:
    """Read the footers of these hours, and register the clean files that the catalog lacks."""
    wanted = {*hours}
    raw, clean = (
        {
            hour: items
            for hour, items in objects_by_hour(store, layer, hours[0], hours[-1], damaged=[]).items()
            if hour in wanted
        }
        for layer in ("raw", "clean")
    )
    with ThreadPoolExecutor(_THREADS, "footers") as pool:
        footers = dict(zip(clean, pool.map(lambda hour: footer_of(store, hour), clean), strict=True))
    damaged = [
        f"{hour_text(hour)}: {store.address(clean_key(hour))} cannot be read"
        for hour in clean
        if not footers[hour]
    ]
    readable = {hour: footer for hour, footer in footers.items() if footer}
    registered = {part.hour for part in catalog.partitions(readable)}
    parts = []
    for hour in readable:
        if hour not in registered:
            try:
                parts.append(partition_of(store, hour))
            except (OSError, pa.ArrowException, NotCleanError) as error:
                damaged.append(f"{hour_text(hour)}: {error}")
    readable = {hour: readable[hour] for hour in (*registered, *(part.hour for part in parts))}
    if parts:
        register_until_stable(store, parts, catalog.register)
    return _Found(store, raw, clean, readable, register, len(parts), damaged)


def _unknown(
    found: _Found, hour: datetime, seen: dict[str, set[str]], digests: _Digests
) -> Iterator[dg.AssetMaterialization]:
    """Yield the materializations of an hour that the instance does not have."""
    key, footer = key_of(hour), found.footers.get(hour)
    changed = footer is not None and digests.get(key) != footer.digest
    for layer, metadata in _metadata(found, hour, footer):
        if key not in seen[layer] or (changed and layer != "raw_snapshot"):
            yield dg.AssetMaterialization(
                asset_key(layer), partition=key, metadata=metadata, description=DESCRIPTION
            )


DESCRIPTION = "Reported from the lake; no run of this instance wrote it."


def _metadata(found: _Found, hour: datetime, footer: Footer | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each layer that exists of an hour, with the metadata that its asset would have."""
    store, path = found.store, dg.MetadataValue.path
    if snapshots := [item for item in found.raw.get(hour, []) if raw_time(item.key)]:
        size = sum(item.size for item in snapshots)
        folder = path(store.address(hour_prefix("raw", hour)))
        yield "raw_snapshot", {"snapshots": len(snapshots), "bytes": size, "folder": folder}
    if footer is None:
        return
    file, size = clean_key(hour), sum(item.size for item in found.clean[hour] if item.key == clean_key(hour))
    counts = {
        name: sum(part[name] for part in footer.snapshots) for name in ("records", "rejected", "duplicates")
    }
    shared = {"dagster/row_count": footer.rows, "bytes": size}
    facts: dict[str, Any] = {"snapshots": len(footer.snapshots), **counts, "digest": footer.digest}
    if times := [taken for part in footer.snapshots if (taken := raw_time(part["key"]))]:
        facts["newest_snapshot"] = dg.TimestampMetadataValue(max(times).timestamp())
    yield "clean_stations", {**shared, **facts, "file": path(store.address(file))}
    table = {"dagster/table_name": f"{DATABASE}.{TABLE}", "location": path(store.address(file))}
    yield TABLE, {**shared, **table}
    if found.register.has(hour):
        stations = {"dagster/table_name": f"{DATABASE}.{STATIONS}", "file": path(store.address(STATIONS_KEY))}
        yield "stations", stations


def _digests(instance: dg.DagsterInstance) -> _Digests:
    """Return the digest of the newest materialization of `clean_stations` per partition."""
    digests: _Digests = {}
    cursor, more = None, True
    while more:
        page = instance.fetch_materializations(asset_key("clean_stations"), limit=PAGE, cursor=cursor)
        for record in page.records:
            event = record.asset_materialization
            if event and event.partition and event.partition not in digests:
                digest = event.metadata.get("digest")
                digests[event.partition] = str(digest.value) if digest else ""
        cursor, more = page.cursor, page.has_more
    return digests
