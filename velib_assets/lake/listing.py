"""Lists the contents of a lake: snapshots, quarantine reasons and the hours of each layer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional, Set, Tuple

from velib_assets.lake.keys import (
    hour_of,
    hour_prefix,
    key_hour,
    parse_hour,
    quarantine_time,
    raw_time,
    source_prefix,
)
from velib_assets.lake.store import LakeStore, Stored

REASON_ENDING = ".reason.json"


def raw_objects(store: LakeStore, hour: datetime) -> List[Stored]:
    """List an hour's raw objects, oldest first, without files that are not snapshots."""
    return [item for item in store.list(hour_prefix("raw", hour)) if raw_time(item.key)]


def raw_listing(store: LakeStore, hour: datetime) -> List[Tuple[str, str]]:
    """Return the (key, hash) pairs of an hour's raw objects, the input of a clean file's digest."""
    return [(item.key, store.hash(item)) for item in raw_objects(store, hour)]


def quarantine_reasons(store: LakeStore, hour: datetime) -> List[Dict[str, Any]]:
    """Read the reasons of an hour's quarantined responses, oldest first."""
    reasons = []
    for item in store.list(hour_prefix("quarantine", hour)):
        if item.key.endswith(REASON_ENDING) and quarantine_time(item.key):
            try:
                reason = json.loads(store.read(item.key))
            except (ValueError, RecursionError, FileNotFoundError):
                reason = None
            if not isinstance(reason, dict) or not isinstance(reason.get("raw_key", ""), str):
                reason = {"code": "unreadable", "reason": f"{item.key} is not a quarantine reason"}
            reasons.append(reason)
    return reasons


def refused_keys(store: LakeStore, hour: datetime) -> Set[str]:
    """Return the raw objects of an hour that the clean step quarantined and that have not changed since."""
    reasons = {r["raw_key"]: r.get("raw_hash") for r in quarantine_reasons(store, hour) if "raw_key" in r}
    return {
        item.key
        for item in (raw_objects(store, hour) if reasons else [])
        if item.key in reasons and store.hash(item) == reasons[item.key]
    }


def slot_times(store: LakeStore, hour: datetime) -> Tuple[Set[datetime], Set[datetime]]:
    """Return when an hour's usable snapshots and its quarantined responses were taken (UTC)."""
    objects, refused = raw_objects(store, hour), refused_keys(store, hour)
    stored = {raw_time(item.key) for item in objects if item.key not in refused}
    quarantined = {quarantine_time(item.key) for item in store.list(hour_prefix("quarantine", hour))}
    return {t for t in stored if t}, {t for t in quarantined if t}


def slot_times_by_hour(
    store: LakeStore, raw: Dict[datetime, List[Stored]], quarantine: Dict[datetime, List[Stored]]
) -> Dict[datetime, Tuple[Set[datetime], Set[datetime]]]:
    """Return `slot_times` per hour from two results of `objects_by_hour`, without listing again."""
    times = {}
    for hour in {*raw, *quarantine}:
        stored = {t for item in raw.get(hour, []) if (t := raw_time(item.key))}
        quarantined = {t for item in quarantine.get(hour, []) if (t := quarantine_time(item.key))}
        if stored & quarantined:  # the clean step may have quarantined a raw object: its reason decides
            stored = slot_times(store, hour)[0]
        times[hour] = (stored, quarantined)
    return times


def hours_in(store: LakeStore, layer: str, first: datetime, last: datetime) -> List[datetime]:
    """Return the hours from `first` to `last` (both included) that have a folder in a layer, in order."""
    return [
        hour
        for date in store.folders(source_prefix(layer))
        if first.strftime("date=%Y-%m-%d") <= date <= last.strftime("date=%Y-%m-%d")
        for hour in _hours_of_day(store, layer, date)
        if first <= hour <= last
    ]


def objects_by_hour(
    store: LakeStore, layer: str, first: datetime, last: datetime
) -> Dict[datetime, List[Stored]]:
    """List a layer's objects from hour `first` to `last`, by hour and sorted by key."""
    objects: Dict[datetime, List[Stored]] = {}
    for item in store.walk(source_prefix(layer), f"date={first:%Y-%m-%d}", f"date={last:%Y-%m-%d}"):
        hour = key_hour(item.key)
        if hour and first <= hour <= last:
            objects.setdefault(hour, []).append(item)
    return objects


def hour_range(store: LakeStore, layer: str) -> Optional[Tuple[datetime, datetime]]:
    """Return the first and last hour of a layer, ignoring future hours; None if the layer is empty."""
    now = utc_now()
    dates = _dates_until(store, layer, now)
    first = next((hours[0] for date in dates if (hours := _hours_of_day(store, layer, date, now))), None)
    last = next(
        (hours[-1] for date in dates[::-1] if (hours := _hours_of_day(store, layer, date, now))), None
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
    for date in reversed(_dates_until(store, "raw", now)):
        for hour in reversed(_hours_of_day(store, "raw", date, now)):
            times = [raw_time(item.key) for item in raw_objects(store, hour)]
            if past := [t for t in times if t and t <= now]:
                return max(past)
    return None


def first_and_last_keys(store: LakeStore) -> List[str]:
    """Return the keys of raw's first and last object by key; they may be in the future."""
    dates = store.folders(source_prefix("raw"))
    keys = []
    for date in {*dates[:1], *dates[-1:]}:
        hours = _hours_of_day(store, "raw", date)
        for hour in {*hours[:1], *hours[-1:]}:
            objects = [item.key for item in raw_objects(store, hour)]
            keys += [*objects[:1], *objects[-1:]]
    return sorted(set(keys))


def _dates_until(store: LakeStore, layer: str, now: datetime) -> List[str]:
    today = now.strftime("date=%Y-%m-%d")
    return [date for date in store.folders(source_prefix(layer)) if date <= today]


def _hours_of_day(
    store: LakeStore, layer: str, date: str, until: Optional[datetime] = None
) -> List[datetime]:
    hours = []
    for name in store.folders(f"{source_prefix(layer)}{date}/"):
        try:
            hour = parse_hour(f"{date[len('date=') :]}T{name[len('hour=') :]}")
        except ValueError:
            continue
        if until is None or hour <= until:
            hours.append(hour)
    return hours


def utc_now() -> datetime:
    """Return the current time in UTC, in whole seconds, the resolution of keys."""
    return datetime.now(timezone.utc).replace(microsecond=0)
