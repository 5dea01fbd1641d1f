"""Rebuilds hours of the lake: cleans their raw, and publishes a clean file only while raw is unchanged."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from velib_assets.clean.clean_file import Footer, encode_clean, encode_rejects, read_footer
from velib_assets.clean.hour import HourRows, RawObject, clean_hour, digest_of
from velib_assets.clean.hour_result import HourResult, UnusableObject
from velib_assets.ingest.quarantine import write_reason
from velib_assets.lake.keys import (
    clean_key,
    hour_prefix,
    hour_text,
    iso_utc,
    quarantine_stem,
    raw_time,
    rejects_key,
)
from velib_assets.lake.listing import raw_listing, raw_objects
from velib_assets.lake.store import Change, LakeStore
from velib_assets.stations.register import Register

_ATTEMPTS = 20


def rebuild_hour(store: LakeStore, hour: datetime, register: Optional[Register] = None) -> HourResult:
    """Rebuild an hour's clean file from all its raw objects. Failures are returned, not raised.

    If raw has changed in the meantime, nothing is published and cleaning starts over: the writer that saw
    more raw always wins. If no snapshot is usable, an existing clean file stays.
    """
    try:
        return _rebuild_until_unchanged(store, hour, register)
    except OSError as error:
        return HourResult(hour, None, f"the lake could not be read or written: {error}")


def _rebuild_until_unchanged(store: LakeStore, hour: datetime, register: Optional[Register]) -> HourResult:
    for _ in range(_ATTEMPTS):
        raws = [RawObject(item.key, *store.fetch(item.key)) for item in raw_objects(store, hour)]
        if not raws:
            return HourResult(hour, None, f"{hour_text(hour)} (UTC) has no raw snapshot", absent=True)
        clean = clean_hour(hour, raws, register)
        for unusable in clean.summary.quarantined:
            _write_reason(store, hour, unusable)
        if not clean.summary.snapshots:
            return HourResult(hour, clean.summary)
        data = encode_clean(clean)
        if _publish(store, clean, data):
            return HourResult(hour, clean.summary._replace(size=len(data)), sights=clean.sights)
    message = f"raw of {hour_text(hour)} changed during each of {_ATTEMPTS} attempts to clean it"
    return HourResult(hour, None, message)


def footer_of(store: LakeStore, hour: datetime) -> Optional[Footer]:
    """Read the footer of an hour's clean file; None if the file is missing or damaged."""
    try:
        with store.open(clean_key(hour)) as source:
            return read_footer(source)
    except FileNotFoundError:
        return None


def _publish(store: LakeStore, clean: HourRows, data: bytes) -> bool:
    """Replace the hour's files. Other files in its folder are deleted, because Athena would read them."""
    hour = clean.summary.hour
    key = clean_key(hour)
    others = [item.key for item in store.list(hour_prefix("clean", hour)) if item.key != key]
    changes = [
        *(Change(other, None) for other in others),
        Change(rejects_key(hour), encode_rejects(clean)),
        Change(key, data),
    ]
    return store.publish(changes, lambda: digest_of(raw_listing(store, hour)) == clean.raw_digest)


def _write_reason(store: LakeStore, hour: datetime, unusable: UnusableObject) -> None:
    taken = raw_time(unusable.key)
    if taken is None:  # pragma: no cover - only snapshots are read
        return
    reason = {
        "code": unusable.code,
        "reason": unusable.reason,
        "ingested_at": iso_utc(taken),
        "raw_key": unusable.key,
        "raw_hash": unusable.hash,
    }
    write_reason(store, quarantine_stem(hour, taken, unusable.hash), reason)
