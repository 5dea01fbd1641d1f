"""What lies in the lake: listings of snapshots, quarantine and clean hours over a store.

Belongs here: reading the lake's state by the rules of core.layout. Does not: changing it.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Set, Tuple

from velib_assets.core.layout import (
    hour_prefix,
    parse_hour,
    quarantine_time,
    raw_time,
    source_prefix,
)
from velib_assets.runtime.store import LakeStore, Stored

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
                found.append(json.loads(store.read(item.key)))
            except (ValueError, FileNotFoundError):
                found.append({"code": "unreadable", "reason": f"{item.key} is not JSON"})
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


def hours_in(store: LakeStore, layer: str, first: datetime, last: datetime) -> List[datetime]:
    """The hours of `first`..`last` (both included) that have a folder in a layer, in order."""
    return [
        hour
        for date in store.folders(source_prefix(layer))
        if first.strftime("date=%Y-%m-%d") <= date <= last.strftime("date=%Y-%m-%d")
        for hour in _hours_of_day(store, layer, date)
        if first <= hour <= last
    ]


def bounds(store: LakeStore, layer: str) -> Optional[Tuple[datetime, datetime]]:
    """The first and the last hour that a layer has a folder for, or None for an empty layer."""
    dates = store.folders(source_prefix(layer))
    spans = [hours for end in (dates[:1], dates[-1:]) for hours in [_all(store, layer, end)] if hours]
    return (min(spans[0]), max(spans[-1])) if spans else None


def newest_snapshot(store: LakeStore) -> Optional[datetime]:
    """When the newest raw snapshot was taken (UTC), or None for an empty lake. Three short listings."""
    for date in reversed(store.folders(source_prefix("raw"))):
        for hour in reversed(_hours_of_day(store, "raw", date)):
            times = [raw_time(item.key) for item in raw_objects(store, hour)]
            if times:
                return max(t for t in times if t)
    return None


def _all(store: LakeStore, layer: str, dates: List[str]) -> List[datetime]:
    return [hour for date in dates for hour in _hours_of_day(store, layer, date)]


def _hours_of_day(store: LakeStore, layer: str, date: str) -> List[datetime]:
    hours = []
    for name in store.folders(f"{source_prefix(layer)}{date}/"):
        try:
            hours.append(parse_hour(f"{date[len('date=') :]}T{name[len('hour=') :]}"))
        except ValueError:
            continue
    return hours


def utc_now() -> datetime:
    """The clock, in whole seconds of UTC: keys have no finer time."""
    return datetime.now(timezone.utc).replace(microsecond=0)
