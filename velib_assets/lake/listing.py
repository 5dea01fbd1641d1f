"""What lies in the lake: listings of snapshots, quarantine and clean hours over a store.

Belongs here: reading the lake's state by the rules of core.layout. Does not: changing it.
"""

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
    """The raw objects of an hour, oldest first; names that are not a snapshot's are left out."""
    return [item for item in store.list(hour_prefix("raw", hour)) if raw_time(item.key)]


def raw_listing(store: LakeStore, hour: datetime) -> List[Tuple[str, str]]:
    """The (key, hash) pairs of an hour's raw objects: what a clean file's digest is made of."""
    return [(item.key, store.hash(item)) for item in raw_objects(store, hour)]


def quarantine_reasons(store: LakeStore, hour: datetime) -> List[Dict[str, Any]]:
    """The reasons written beside an hour's unusable answers, oldest first."""
    found = []
    for item in store.list(hour_prefix("quarantine", hour)):
        if item.key.endswith(REASON_ENDING) and quarantine_time(item.key):
            try:
                said = json.loads(store.read(item.key))
            except (ValueError, RecursionError, FileNotFoundError):
                said = None
            known = isinstance(said, dict) and isinstance(said.get("raw_key", ""), str)
            found.append(said if known else {"code": "unreadable", "reason": f"{item.key} is not a reason"})
    return found


def refused_keys(store: LakeStore, hour: datetime) -> Set[str]:
    """The raw objects of an hour that the clean step refused, and that are still what they were then."""
    reasons = {r["raw_key"]: r.get("raw_hash") for r in quarantine_reasons(store, hour) if "raw_key" in r}
    return {
        item.key
        for item in (raw_objects(store, hour) if reasons else [])
        if item.key in reasons and store.hash(item) == reasons[item.key]
    }


def slot_times(store: LakeStore, hour: datetime) -> Tuple[Set[datetime], Set[datetime]]:
    """When an hour's usable snapshots and its unusable answers were taken (two sets, UTC)."""
    objects, refused = raw_objects(store, hour), refused_keys(store, hour)
    stored = {raw_time(item.key) for item in objects if item.key not in refused}
    quarantined = {quarantine_time(item.key) for item in store.list(hour_prefix("quarantine", hour))}
    return {t for t in stored if t}, {t for t in quarantined if t}


def slot_times_in(
    store: LakeStore, raw: Dict[datetime, List[Stored]], quarantine: Dict[datetime, List[Stored]]
) -> Dict[datetime, Tuple[Set[datetime], Set[datetime]]]:
    """As `slot_times`, for each hour of these listings by `days_in`: what is listed is not listed again."""
    found = {}
    for hour in {*raw, *quarantine}:
        stored = {t for item in raw.get(hour, []) if (t := raw_time(item.key))}
        quarantined = {t for item in quarantine.get(hour, []) if (t := quarantine_time(item.key))}
        if stored & quarantined:  # perhaps refused by the clean step: only its reason tells
            stored = slot_times(store, hour)[0]
        found[hour] = (stored, quarantined)
    return found


def hours_in(store: LakeStore, layer: str, first: datetime, last: datetime) -> List[datetime]:
    """The hours of `first`..`last` (both included) that have a folder in a layer, in order."""
    return [
        hour
        for date in store.folders(source_prefix(layer))
        if first.strftime("date=%Y-%m-%d") <= date <= last.strftime("date=%Y-%m-%d")
        for hour in _hours_of_day(store, layer, date)
        if first <= hour <= last
    ]


def days_in(store: LakeStore, layer: str, first: datetime, last: datetime) -> Dict[datetime, List[Stored]]:
    """The objects of the days of `first`..`last` by their hour, sorted by key. One listing a thousand."""
    found: Dict[datetime, List[Stored]] = {}
    for item in store.walk(source_prefix(layer), f"date={first:%Y-%m-%d}", f"date={last:%Y-%m-%d}"):
        hour = key_hour(item.key)
        if hour and first <= hour <= last:
            found.setdefault(hour, []).append(item)
    return found


def hour_range(store: LakeStore, layer: str) -> Optional[Tuple[datetime, datetime]]:
    """The first and the last hour, up to now, that a layer has a folder for; None for an empty layer."""
    now = utc_now()
    dates = _dates_until(store, layer, now)
    first = next((hours[0] for date in dates if (hours := _hours_of_day(store, layer, date, now))), None)
    last = next(
        (hours[-1] for date in dates[::-1] if (hours := _hours_of_day(store, layer, date, now))), None
    )
    return (first, last) if first and last else None


def newest_snapshot(store: LakeStore, now: Optional[datetime] = None) -> Optional[datetime]:
    """When the newest raw snapshot up to `now` was taken (UTC), or None. One listing where it is of today."""
    now = now or utc_now()
    recent = days_in(store, "raw", hour_of(now - timedelta(days=1)), now)
    if past := [t for items in recent.values() for item in items if (t := raw_time(item.key)) and t <= now]:
        return max(past)
    for date in reversed(_dates_until(store, "raw", now)):
        for hour in reversed(_hours_of_day(store, "raw", date, now)):
            times = [raw_time(item.key) for item in raw_objects(store, hour)]
            if past := [t for t in times if t and t <= now]:
                return max(past)
    return None


def end_keys(store: LakeStore) -> List[str]:
    """The keys of the oldest and of the newest raw object, whatever time they claim."""
    dates = store.folders(source_prefix("raw"))
    keys = []
    for date in {*dates[:1], *dates[-1:]}:
        hours = _hours_of_day(store, "raw", date)
        for hour in {*hours[:1], *hours[-1:]}:
            found = [item.key for item in raw_objects(store, hour)]
            keys += [*found[:1], *found[-1:]]
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
    """The clock, in whole seconds of UTC: keys have no finer time."""
    return datetime.now(timezone.utc).replace(microsecond=0)
