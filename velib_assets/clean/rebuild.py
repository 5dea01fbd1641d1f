"""The clean job: hours of raw into one Parquet file an hour, published only while they are current.

Belongs here: reading an hour's raw, writing its clean file and rejects, and the reasons of what was
refused. Does not: the rows themselves (core.clean), registering partitions (resources).
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Deque, Dict, Iterable, Iterator, List, NamedTuple, Optional

from velib_assets.clean.clean_file import Footer, encode_clean, encode_rejects, read_footer
from velib_assets.clean.hour import (
    CleanHour,
    QuarantinedObject,
    RawObject,
    SnapshotCount,
    clean_hour,
    digest_of,
)
from velib_assets.clean.measure import repeated_rows, stale_rows
from velib_assets.clean.typed import Drift
from velib_assets.ingest.raw_object import iso
from velib_assets.ingest.step import write_reason
from velib_assets.lake.keys import clean_key, hour_prefix, quarantine_stem, raw_time, rejects_key
from velib_assets.lake.listing import raw_listing, raw_objects
from velib_assets.lake.store import Change, LakeStore

_ATTEMPTS = 20


class CleanedHour(NamedTuple):
    """What became of an hour, as plain data; `size` is 0 where nothing was usable or written."""

    hour: datetime
    size: int
    digest: str
    rows: int
    stale: int
    repeated: int
    rejected: Dict[str, int]
    snapshots: List[SnapshotCount]
    quarantined: List[QuarantinedObject]
    drift: Drift


class CleanResult(NamedTuple):
    """An hour's outcome: what was written, or the trouble in a sentence; `absent` where it has no raw."""

    hour: datetime
    cleaned: Optional[CleanedHour]
    trouble: str = ""
    absent: bool = False


class NoRawError(Exception):
    """An hour that has no raw object at all."""


class BusyHourError(Exception):
    """An hour whose raw kept changing while it was cleaned. Worth another try."""


def clean_lake_hours(store: LakeStore, hours: Iterable[datetime], threads: int) -> Iterator[CleanResult]:
    """Clean each hour and tell of each in order, as it ends; one that fails stops no other.

    Threads do: Arrow, gzip, SHA-256 and zstd all run outside the interpreter. No more hours are under way
    than threads, so memory does not grow with their number.
    """
    waiting: Deque[Future[CleanResult]] = deque()
    with ThreadPoolExecutor(threads, "clean") as pool:
        for hour in hours:
            waiting.append(pool.submit(clean_result, store, hour))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def clean_result(store: LakeStore, hour: datetime) -> CleanResult:
    """Clean one hour; what goes wrong with it is told, not raised."""
    try:
        return CleanResult(hour, clean_lake_hour(store, hour))
    except NoRawError as error:
        return CleanResult(hour, None, str(error), absent=True)
    except BusyHourError as error:
        return CleanResult(hour, None, str(error))
    except OSError as error:
        return CleanResult(hour, None, f"the lake could not be read or written: {error}")


def clean_lake_hour(store: LakeStore, hour: datetime) -> CleanedHour:
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


def _account(clean: CleanHour, size: int) -> CleanedHour:
    return CleanedHour(
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


def _read(store: LakeStore, hour: datetime) -> List[RawObject]:
    objects = raw_objects(store, hour)
    if not objects:
        raise NoRawError(f"no raw snapshot lies in {hour:%Y-%m-%dT%H} (UTC)")
    return [RawObject(item.key, *store.fetch(item)) for item in objects]


def _publish(store: LakeStore, clean: CleanHour, data: bytes) -> bool:
    def precondition() -> bool:
        return digest_of(raw_listing(store, clean.hour)) == clean.digest

    changes = [
        *(Change(key, None) for key in _strays(store, clean.hour)),
        Change(rejects_key(clean.hour), encode_rejects(clean)),
        Change(clean_key(clean.hour), data),
    ]
    return store.publish(changes, precondition)


def _strays(store: LakeStore, hour: datetime) -> List[str]:
    """Other files in an hour's clean folder: the first version appended some, and Athena reads them all."""
    return [item.key for item in store.list(hour_prefix("clean", hour)) if item.key != clean_key(hour)]


def _explain(store: LakeStore, hour: datetime, refused: QuarantinedObject) -> None:
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
