"""Removes what is left of an hour after its last usable snapshot was discarded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import List, Optional, Sequence

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.clean.observed import current_digest, sights_in
from velib_assets.clean.rebuild import footer_of
from velib_assets.lake.keys import clean_key, hour_prefix, hours_between
from velib_assets.lake.listing import (
    DISCARDED,
    has_usable_raw,
    quarantine_reasons,
    raw_listing,
    raw_objects,
)
from velib_assets.lake.store import Change, LakeStore
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import BusyRegisterError, load_register, update_register

_NEAR = timedelta(hours=48)


def is_outdated(store: LakeStore, catalog: Catalog, hour: datetime) -> bool:
    """Return whether rows or the partition of an hour do not follow an interrupted discard yet."""
    discarded = {
        str(reason.get("raw_key"))
        for reason in quarantine_reasons(store, hour)
        if reason.get("code") == DISCARDED
    }
    gone = discarded - {item.key for item in raw_objects(store, hour)}
    if not gone:
        return False
    footer, part = footer_of(store, hour), next(iter(catalog.partitions([hour])), None)
    if footer is None or part is None:
        return footer is not None or part is not None
    return any(snapshot["key"] in gone for snapshot in footer.snapshots) or part.digest not in (
        "",
        footer.digest,
    )


def remove_hour(store: LakeStore, catalog: Catalog, hour: datetime) -> bool:
    """Remove an hour without usable raw: its clean and rejects files, partition and part of the register.

    The partition goes last, so that an interrupted removal is recognised (`is_outdated`).

    Returns:
        False, with nothing changed, if the hour has usable raw.

    Raises:
        OSError, CatalogError: if something cannot be removed.
    """
    key = clean_key(hour)
    others = [
        item.key
        for layer in ("clean", "rejects")
        for item in store.list(hour_prefix(layer, hour))
        if item.key != key
    ]
    changes = [*(Change(other, None) for other in others), Change(key, None)]
    if not store.publish(changes, lambda: not has_usable_raw(store, hour)):
        return False
    try:
        update_register(store, lambda register: register.forget(hour, lambda later: sights_in(store, later)))
    except BusyRegisterError as error:
        raise CatalogError(str(error)) from error
    catalog.unregister([hour])
    return True


def described_otherwise(
    store: LakeStore, catalog: Catalog, hours: Sequence[datetime], before: Optional[Register] = None
) -> List[datetime]:
    """Return the registered hours whose rows the station register now describes otherwise.

    Hours within two days of `hours` are checked, as each is read; with `before` also those farther away for
    which the register changed. Healing finds the others.

    Args:
        store: the lake.
        catalog: the catalog.
        hours: the hours that changed, UTC.
        before: the register as it was before they changed.
    """
    register = load_register(store).register
    near = hours_between(min(hours) - _NEAR, max(hours) + _NEAR)
    outdated = []
    for part in catalog.partitions(None if before else near):
        is_near = min(hours) - _NEAR <= part.hour <= max(hours) + _NEAR
        if not part.completed or not (is_near or (before and before.differs(register, part.hour))):
            continue
        footer = footer_of(store, part.hour)
        listing = raw_listing(store, part.hour)
        if footer and footer.digest != current_digest(store, part.hour, listing, footer, register):
            outdated.append(part.hour)
    return outdated
