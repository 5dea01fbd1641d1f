"""Lists the contents of a lake: snapshots, quarantine reasons and the hours of each layer."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from typing import Any, Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from velib_assets.lake.keys import (
    hour_of,
    hour_prefix,
    key_hour,
    quarantine_time,
    raw_time,
    source_prefix,
)
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import LakeStore, Stored

REASON_ENDING = ".reason.json"
DISCARDED = "discarded"  # the code of raw objects that `velib discard` moved to quarantine
SlotTimes = Tuple[Set[datetime], Set[datetime]]
"""The times (UTC) of usable snapshots, and of quarantined responses."""


def raw_objects(store: LakeStore, hour: datetime) -> List[Stored]:
    """List an hour's raw objects, oldest first, without files that are not snapshots."""
    return [item for item in store.list(hour_prefix("raw", hour)) if raw_time(item.key)]


def raw_listing(store: LakeStore, hour: datetime) -> List[Tuple[str, str]]:
    """Return the (key, hash) pairs of an hour's raw objects, the input of a clean file's digest."""
    return [(item.key, store.hash(item)) for item in raw_objects(store, hour)]


def quarantine_reasons(store: LakeStore, hour: datetime) -> List[Dict[str, Any]]:
    """Read the reasons of an hour's quarantined responses, oldest first, without damaged ones."""
    reasons = []
    for item in store.list(hour_prefix("quarantine", hour)):
        if item.key.endswith(REASON_ENDING) and quarantine_time(item.key):
            with suppress(ValueError, RecursionError, FileNotFoundError):
                reasons.append(json.loads(store.read(item.key)))
    return [reason for reason in reasons if isinstance(reason, dict)]


def quarantined_keys(store: LakeStore, hour: datetime) -> Set[str]:
    """Return the raw objects of an hour that the clean step quarantined and that have not changed since."""
    reasons = quarantine_reasons(store, hour)
    unusable = {
        (str(r["raw_key"]), str(r["raw_hash"])) for r in reasons if "raw_key" in r and "raw_hash" in r
    }
    keys = {key for key, _ in unusable}
    return {
        item.key
        for item in (raw_objects(store, hour) if keys else [])
        if item.key in keys and (item.key, store.hash(item)) in unusable
    }


def has_usable_raw(store: LakeStore, hour: datetime, keys: Optional[Collection[str]] = None) -> bool:
    """Return whether an hour has a raw object that the clean step has not quarantined.

    Args:
        store: the lake.
        hour: the hour, UTC.
        keys: the keys of its raw objects; if None, they are listed.
    """
    found = {item.key for item in raw_objects(store, hour)} if keys is None else set(keys)
    return bool(found and found - quarantined_keys(store, hour))


def discarded_reason(store: LakeStore, hour: datetime, records: bytes) -> Optional[Dict[str, Any]]:
    """Return why the records of a snapshot were discarded in this hour; None if they were not.

    Args:
        store: the lake.
        hour: the hour, UTC.
        records: the bytes of `results` in the raw object.
    """
    discarded = [r for r in quarantine_reasons(store, hour) if r.get("code") == DISCARDED and r.get("sha256")]
    digest = hashlib.sha256(records).hexdigest() if discarded else ""
    return next((reason for reason in discarded if reason["sha256"] == digest), None)


def slot_times(store: LakeStore, hour: datetime, raw: Optional[Sequence[Stored]] = None) -> SlotTimes:
    """Return when an hour's usable snapshots and its quarantined responses were taken.

    Args:
        store: the lake.
        hour: the hour, UTC.
        raw: its raw objects; if None, they are listed.
    """
    objects = raw_objects(store, hour) if raw is None else raw
    return _slot_times(store, hour, objects, store.list(hour_prefix("quarantine", hour)))


def slot_times_by_hour(
    store: LakeStore, raw: Dict[datetime, List[Stored]], quarantine: Dict[datetime, List[Stored]]
) -> Dict[datetime, SlotTimes]:
    """Return `slot_times` per hour from two results of `objects_by_hour`, without listing again."""
    hours = {*raw, *quarantine}
    return {hour: _slot_times(store, hour, raw.get(hour, []), quarantine.get(hour, [])) for hour in hours}


def _slot_times(
    store: LakeStore, hour: datetime, raw: Sequence[Stored], quarantine: Sequence[Stored]
) -> SlotTimes:
    quarantined = {taken for item in quarantine if (taken := quarantine_time(item.key))}
    # A raw object and a reason with the same time: the clean step may have quarantined the object.
    is_in_doubt = any(raw_time(item.key) in quarantined for item in raw)
    unusable = quarantined_keys(store, hour) if is_in_doubt else ()
    stored = {taken for item in raw if item.key not in unusable and (taken := raw_time(item.key))}
    return stored, quarantined


def hours_in(store: LakeStore, layer: str, first: datetime, last: datetime) -> List[datetime]:
    """Return the hours from `first` to `last` (both included) that have a folder in a layer, in order."""
    dates = [name for name in _dates_until(store, layer, last) if name >= f"date={first:%Y-%m-%d}"]
    return [hour for hour in _hours(store, layer, dates) if first <= hour <= last]


def objects_by_hour(
    store: LakeStore,
    layer: str,
    first: datetime,
    last: datetime,
    damaged: Optional[List[DamagedPackError]] = None,
) -> Dict[datetime, List[Stored]]:
    """List a layer's objects from hour `first` to `last`, by hour and sorted by key.

    If a list `damaged` is given, the errors of damaged packs are added to it, and the hours of those days are
    left out.
    """
    objects: Dict[datetime, List[Stored]] = {}
    for item in _walk_days(store, layer, first.date(), last.date(), damaged):
        hour = key_hour(item.key)
        if hour and first <= hour <= last:
            objects.setdefault(hour, []).append(item)
    return objects


def _walk_days(
    store: LakeStore, layer: str, first: date, last: date, damaged: Optional[List[DamagedPackError]]
) -> List[Stored]:
    """List the objects of some days at once; a day at a time if a damaged pack is to be left out."""
    try:
        return store.walk(source_prefix(layer), f"date={first}", f"date={last}")
    except DamagedPackError as error:
        if damaged is None:
            raise
        if first == last:
            damaged.append(error)
            return []
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [item for day in days for item in _walk_days(store, layer, day, day, damaged)]


def is_lake(store: LakeStore) -> bool:
    """Return whether there is a lake: any hour of raw, of clean files or of quarantine."""
    return any(store.folders(source_prefix(layer)) for layer in ("raw", "clean", "quarantine"))


def hour_range(store: LakeStore, layer: str) -> Optional[Tuple[datetime, datetime]]:
    """Return the first and last hour of a layer, ignoring future hours; None if the layer is empty."""
    now = utc_now()
    dates = _dates_until(store, layer, now)
    first, last = (
        next((hour for hour in _hours(store, layer, dates, order) if hour <= now), None) for order in (1, -1)
    )
    return (first, last) if first and last else None


def newest_snapshot(store: LakeStore, now: Optional[datetime] = None) -> Optional[datetime]:
    """Return when the newest raw snapshot up to `now` was taken (UTC), or None.

    A snapshot of the last two dates costs one listing; an older one is searched folder by folder.
    """
    now = now or utc_now()
    recent = objects_by_hour(store, "raw", hour_of(now - timedelta(days=1)), now)
    if past := [t for items in recent.values() for item in items if (t := raw_time(item.key)) and t <= now]:
        return max(past)
    for hour in _hours(store, "raw", _dates_until(store, "raw", now), -1):
        times = [raw_time(item.key) for item in (raw_objects(store, hour) if hour <= now else [])]
        if past := [t for t in times if t and t <= now]:
            return max(past)
    return None


def first_and_last_keys(store: LakeStore) -> List[str]:
    """Return the keys of the first and last object in raw's first and last hour, also if in the future."""
    dates, keys = store.folders(source_prefix("raw")), set()
    for order in (1, -1):
        hour = next(_hours(store, "raw", dates, order), None)
        objects = raw_objects(store, hour) if hour else []
        keys |= {item.key for item in (*objects[:1], *objects[-1:])}
    return sorted(keys)


def _dates_until(store: LakeStore, layer: str, last: datetime) -> List[str]:
    return [name for name in store.folders(source_prefix(layer)) if name <= f"date={last:%Y-%m-%d}"]


def _hours(store: LakeStore, layer: str, dates: Sequence[str], order: int = 1) -> Iterator[datetime]:
    """Yield the hours that have a folder under these dates; with `order` -1 from the last to the first.

    A day whose pack is damaged may have any hour; whoever reads one gets the error.
    """
    for name in dates[::order]:
        try:
            folders = store.folders(f"{source_prefix(layer)}{name}/")
        except DamagedPackError:
            folders = [f"hour={n:02}" for n in range(24)]
        for folder in folders[::order]:
            if hour := key_hour(f"{name}/{folder}/"):
                yield hour


def utc_now() -> datetime:
    """Return the current time in UTC, in whole seconds, the resolution of keys."""
    return datetime.now(timezone.utc).replace(microsecond=0)
