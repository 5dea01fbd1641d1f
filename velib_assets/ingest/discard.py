"""Discards raw objects: their bytes move to quarantine with a reason, and never come back into raw."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import List, Optional, Sequence

from velib_assets.ingest.quarantine import write_reason
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import file_name, iso_utc, key_hour, quarantine_stem, raw_time
from velib_assets.lake.listing import DISCARDED, hours_in, raw_objects
from velib_assets.lake.store import Change, LakeStore, Stored


def find_snapshots(store: LakeStore, first: datetime, last: datetime, name: str = "") -> List[Stored]:
    """Return the raw objects from hour `first` to `last`, both included, oldest first.

    Args:
        store: the lake.
        first: the first hour, UTC.
        last: the last hour, UTC.
        name: the key, the file name or the address of one of them; empty for all.
    """
    hours = hours_in(store, "raw", first, last)
    found = [item for hour in hours for item in raw_objects(store, hour)]
    return [item for item in found if not name or name in names_of(store, item.key)]


def names_of(store: LakeStore, key: str) -> Sequence[str]:
    """Return what an object may be called: its key, its file name and its address."""
    return key, file_name(key), store.address(key)


def discard_object(store: LakeStore, item: Stored, text: str, now: datetime) -> str:
    """Move a raw object to quarantine and return the key of its bytes there.

    The copy and its reason are stored before the raw object is deleted. If this is interrupted, discarding
    again completes it, with the first reason.

    Args:
        store: the lake.
        item: the raw object.
        text: why it is discarded.
        now: the current time, UTC.

    Raises:
        OSError: if an object cannot be written or deleted, or if the copy differs from the raw object.
    """
    hour, taken = key_hour(item.key), raw_time(item.key)
    if hour is None or taken is None:
        raise ValueError(f"{item.key!r} is not the key of a snapshot")
    data = store.read(item.key)
    # Not the hash of the bytes alone: the clean step may have written a reason for an unusable object.
    stem = quarantine_stem(hour, taken, hashlib.sha256(DISCARDED.encode() + data).hexdigest())
    key = stem + item.key[item.key.rindex(".json") :]
    if not store.create(key, data) and store.read(key) != data:
        raise OSError(f"{store.address(key)} exists with other bytes. Move it away, then discard again.")
    feed, sha256 = _identity(data)
    reason = {
        "code": DISCARDED,
        "reason": text,
        "feed": feed,
        "ingested_at": iso_utc(taken),
        "discarded_at": iso_utc(now),
        "raw_key": item.key,
        "sha256": sha256,
        "keys": [key],
        "bytes": len(data),
    }
    write_reason(store, stem, reason)
    store.publish([Change(item.key, None)], lambda: True)
    return key


def _identity(data: bytes) -> tuple[Optional[str], Optional[str]]:
    """Return the feed and the SHA-256 of the records; None if the object cannot be opened."""
    try:
        opened = open_raw(data)
    except UnusableError:
        return None, None
    return opened.feed, hashlib.sha256(opened.results).hexdigest()
