"""The clean job: hours of raw into one Parquet file an hour, published only while they are current.

Belongs here: reading an hour's raw, writing its clean file and rejects, and the reasons of what was
refused. Does not: the rows themselves (core.clean), registering partitions (resources).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Dict, List, NamedTuple, Optional

from velib_assets.core.clean.hour import (
    CleanHour,
    Quarantined,
    RawBytes,
    SnapshotCount,
    clean_hour,
    digest_of,
)
from velib_assets.core.clean.measure import repeated_rows, stale_rows
from velib_assets.core.clean.parquet import Footer, encode_clean, encode_rejects, read_footer
from velib_assets.core.clean.typed import Drift
from velib_assets.core.layout import clean_key, quarantine_stem, raw_time, rejects_key
from velib_assets.core.snapshot import iso
from velib_assets.runtime.ingest import write_reason
from velib_assets.runtime.lake import raw_listing, raw_objects
from velib_assets.runtime.store import Change, LakeStore

_ATTEMPTS = 20


class Cleaned(NamedTuple):
    """What became of an hour, as plain data; `size` is 0 where nothing was usable or written."""

    hour: datetime
    size: int
    digest: str
    rows: int
    stale: int
    repeated: int
    rejected: Dict[str, int]
    snapshots: List[SnapshotCount]
    quarantined: List[Quarantined]
    drift: Drift


class NoRawError(Exception):
    """An hour that has no raw object at all."""


class BusyHourError(Exception):
    """An hour whose raw kept changing while it was cleaned. Worth another try."""


def clean_lake_hour(store: LakeStore, hour: datetime) -> Cleaned:
    """Rebuild an hour's clean file from all its raw objects.

    Whoever saw raw that is no longer the whole listing does not publish but starts over: of two
    writers the one that saw more wins, whatever the timing. An hour without a usable snapshot leaves
    what was there untouched.

    Raises:
        NoRawError: where there is nothing to clean.
        BusyHourError: where raw changed each of twenty times meanwhile.
    """
    for _ in range(_ATTEMPTS):
        clean = clean_hour(hour, _read(store, hour))
        for refused in clean.quarantined:
            _explain(store, hour, refused)
        if not clean.snapshots:
            return _account(clean, 0)
        data = encode_clean(clean)
        if _publish(store, clean, data):
            return _account(clean, len(data))
    raise BusyHourError(f"raw of {hour:%Y-%m-%dT%H} changed {_ATTEMPTS} times while it was cleaned")


def footer_of(store: LakeStore, hour: datetime) -> Optional[Footer]:
    """The footer of an hour's clean file; None where there is no readable one."""
    try:
        with store.open(clean_key(hour)) as source:
            return read_footer(source)
    except FileNotFoundError:
        return None


def is_current(store: LakeStore, hour: datetime) -> bool:
    """Whether an hour's clean file was made from exactly the raw objects that lie there now."""
    footer = footer_of(store, hour)
    return footer is not None and footer.digest == digest_of(raw_listing(store, hour))


def _account(clean: CleanHour, size: int) -> Cleaned:
    return Cleaned(
        clean.hour,
        size,
        clean.digest,
        len(clean.table),
        stale_rows(clean.table),
        repeated_rows(clean.table),
        dict(Counter(reject.reason.partition(":")[0] for _, _, reject in clean.rejects)),
        clean.snapshots,
        clean.quarantined,
        clean.drift,
    )


def _read(store: LakeStore, hour: datetime) -> List[RawBytes]:
    objects = raw_objects(store, hour)
    if not objects:
        raise NoRawError(f"no raw snapshot lies in {hour:%Y-%m-%dT%H} (UTC)")
    return [RawBytes(item.key, *store.fetch(item)) for item in objects]


def _publish(store: LakeStore, clean: CleanHour, data: bytes) -> bool:
    def still() -> bool:
        return digest_of(raw_listing(store, clean.hour)) == clean.digest

    changes = [
        Change(rejects_key(clean.hour), encode_rejects(clean)),
        Change(clean_key(clean.hour), data),
    ]
    return store.publish(changes, still)


def _explain(store: LakeStore, hour: datetime, refused: Quarantined) -> None:
    taken = raw_time(refused.key)
    if taken is None:  # pragma: no cover - only snapshots' names are read
        return
    write_reason(
        store,
        quarantine_stem(hour, taken, refused.hash),
        {
            "code": refused.code,
            "reason": refused.reason,
            "ingested_at": iso(taken),
            "raw_key": refused.key,
            "raw_hash": refused.hash,
        },
    )
