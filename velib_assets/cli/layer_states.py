"""Says what became of each layer of an hour that failed, from the lake and the catalog as they are now."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.clean.clean_file import Footer
from velib_assets.clean.hour import digest_of
from velib_assets.clean.rebuild import footer_of
from velib_assets.lake.keys import clean_key, hour_prefix
from velib_assets.lake.listing import quarantined_keys, raw_listing, raw_objects
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.lake.text import counted


def layer_states(
    store: LakeStore, catalog: Catalog, hour: datetime, written: Collection[str], layers: Collection[str]
) -> str:
    """Return what became of an hour's raw, clean file and partition, as a phrase.

    A run may end between a write and its event, so what the run reported (`written`) is only a part of it.

    Args:
        store: the lake.
        catalog: the catalog.
        hour: the hour, UTC.
        written: the layers that reported the hour as written.
        layers: the layers that were run.
    """
    try:
        has_file = any(item.key == clean_key(hour) for item in store.list(hour_prefix("clean", hour)))
        footer = footer_of(store, hour) if has_file else None
        raw = _raw_state(store, hour, footer) if "raw_snapshot" in {*layers} - {*written} else ""
    except OSError as error:
        return f"the state of its files is unknown ({error})"
    if not has_file:
        return raw + "no clean file was written"
    is_new = "clean_stations" in written
    if not is_new and not _is_current(store, hour, footer):
        return raw + "its clean file is unchanged"
    clean = "its clean file was written" if is_new else "its clean file is up to date"
    return f"{raw}{clean}, {_table_state(catalog, hour, footer)}"


def _raw_state(store: LakeStore, hour: datetime, footer: Footer | None) -> str:
    """Return that raw has snapshots for which the hour was not cleaned; empty if none, or if unknown."""
    cleaned = {snapshot["key"] for snapshot in footer.snapshots} if footer else set()
    new: list[Stored] = []
    with suppress(OSError):
        cleaned |= quarantined_keys(store, hour)
        new = [item for item in raw_objects(store, hour) if item.key not in cleaned]
    count = counted(len(new), "snapshot") if new else ""
    return f"raw has {count} not cleaned yet, " if new else ""


def _is_current(store: LakeStore, hour: datetime, footer: Footer | None) -> bool:
    with suppress(OSError):
        return (
            footer is not None and not footer.missing and footer.digest == digest_of(raw_listing(store, hour))
        )
    return False


def _table_state(catalog: Catalog, hour: datetime, footer: Footer | None) -> str:
    try:
        part = next(iter(catalog.partitions([hour])), None)
    except (OSError, CatalogError):
        return "but the catalog cannot be read"
    if part is None:
        return "but it is not registered, so queries do not see it"
    if footer and part.digest not in ("", footer.digest):
        return "and queries read it, but the catalog has the counts of the file before"
    return "and it is registered"
