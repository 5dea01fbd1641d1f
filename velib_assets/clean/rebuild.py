"""Rebuilds hours of the lake: cleans their raw, and publishes a clean file only while raw is unchanged."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import List, Optional

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.clean_file import Footer, encode_clean, encode_rejects, read_footer
from velib_assets.clean.hour import HourRows, RawObject, UnusableObject, clean_hour, digest_of
from velib_assets.clean.hour_result import HourResult, HourSummary
from velib_assets.ingest.step import write_reason
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

_ATTEMPTS = 20


class NoRawError(Exception):
    """The hour has no raw object."""


class BusyHourError(Exception):
    """The hour's raw kept changing while it was cleaned. Retrying may succeed."""


def try_rebuild_hour(store: LakeStore, hour: datetime) -> HourResult:
    """Clean one hour and return failures in the result instead of raising them."""
    try:
        return HourResult(hour, rebuild_hour(store, hour))
    except NoRawError as error:
        return HourResult(hour, None, str(error), absent=True)
    except BusyHourError as error:
        return HourResult(hour, None, str(error))
    except OSError as error:
        return HourResult(hour, None, f"the lake could not be read or written: {error}")


def rebuild_hour(store: LakeStore, hour: datetime) -> HourSummary:
    """Rebuild an hour's clean file from all its raw objects.

    If raw has changed in the meantime, nothing is published and cleaning starts over: the writer that saw
    more raw always wins. If no snapshot is usable, an existing clean file stays.

    Raises:
        NoRawError: if the hour has no raw object.
        BusyHourError: if raw changed during each of 20 attempts.
    """
    for _ in range(_ATTEMPTS):
        clean = clean_hour(hour, _read(store, hour))
        for unusable in clean.quarantined:
            _write_reason(store, hour, unusable)
        if not clean.snapshots:
            return _summary(clean, 0)
        data = encode_clean(clean)
        if _publish(store, clean, data):
            return _summary(clean, len(data))
    raise BusyHourError(f"raw of {hour_text(hour)} changed during each of {_ATTEMPTS} attempts to clean it")


def footer_of(store: LakeStore, hour: datetime) -> Optional[Footer]:
    """Read the footer of an hour's clean file; None if the file is missing or damaged."""
    try:
        with store.open(clean_key(hour)) as source:
            return read_footer(source)
    except FileNotFoundError:
        return None


def is_current(store: LakeStore, hour: datetime) -> bool:
    """Return whether an hour's clean file was built from its current raw objects."""
    footer = footer_of(store, hour)
    return footer is not None and footer.digest == digest_of(raw_listing(store, hour))


def repeated_rows(table: pa.Table) -> int:
    """Count the rows of a sorted table that have the same station and time as the previous row."""
    stations = table["station_id"].combine_chunks()
    moments = table["ingested_ts"].combine_chunks()
    same = pc.and_(pc.equal(stations[1:], stations[:-1]), pc.equal(moments[1:], moments[:-1]))
    return int(pc.sum(same).as_py() or 0)


def _summary(clean: HourRows, size: int) -> HourSummary:
    return HourSummary(
        clean.hour,
        size,
        clean.digest,
        len(clean.table),
        int(pc.sum(clean.table["is_stale"]).as_py() or 0),
        repeated_rows(clean.table),
        dict(Counter(reject.reason.partition(":")[0] for _, _, reject in clean.rejects)),
        clean.snapshots,
        clean.quarantined,
        clean.drift,
    )


def _read(store: LakeStore, hour: datetime) -> List[RawObject]:
    objects = raw_objects(store, hour)
    if not objects:
        raise NoRawError(f"{hour_text(hour)} (UTC) has no raw snapshot")
    return [RawObject(item.key, *store.fetch(item)) for item in objects]


def _publish(store: LakeStore, clean: HourRows, data: bytes) -> bool:
    """Replace the hour's files. Other files in its folder are deleted, because Athena would read them."""

    def is_unchanged() -> bool:
        return digest_of(raw_listing(store, clean.hour)) == clean.digest

    key = clean_key(clean.hour)
    others = [item.key for item in store.list(hour_prefix("clean", clean.hour)) if item.key != key]
    changes = [
        *(Change(other, None) for other in others),
        Change(rejects_key(clean.hour), encode_rejects(clean)),
        Change(key, data),
    ]
    return store.publish(changes, is_unchanged)


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
