"""Finds days and months of the history that are not current, from the catalog and one listing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Dict, List, Optional, Sequence, Tuple

from velib_assets.catalog.catalog import DAMAGED, Catalog, HistoryFile, Partition
from velib_assets.history.digests import digest_of_day, digest_of_month, is_month
from velib_assets.lake.keys import (
    day_text,
    history_day_key,
    history_month_key,
    hours_between,
    hours_of_day,
    parse_day,
    source_prefix,
)
from velib_assets.lake.listing import (
    DISCARDED,
    has_usable_raw,
    hour_range,
    objects_by_hour,
    quarantine_reasons,
    utc_now,
)
from velib_assets.lake.local_days import DAY
from velib_assets.lake.months import days_of_month, month_of, month_text, parse_month
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import LakeStore

REMOVED = "removed"
"""Instead of a digest: nothing is left of the period, so its file has to go."""

UNREGISTERED = "unregistered"
"""Instead of a digest: the day has no hours, and a file that the catalog does not have."""


def newest_closed_day(now: Optional[datetime] = None) -> date:
    """Return the last UTC day that has ended."""
    return (now or utc_now()).date() - DAY


def days_of_lake(store: LakeStore, catalog: Catalog) -> Optional[Tuple[date, date]]:
    """Return the oldest and the newest UTC day that have clean hours or history; None if there are none."""
    hours = hour_range(store, "clean")
    days = [parse_day(file.period) for file in catalog.history() if not is_month(file)]
    days += [hour.date() for hour in hours or ()]
    return (min(days), max(days)) if days else None


def outdated_days(store: LakeStore, catalog: Catalog, first: date, last: date) -> Dict[date, str]:
    """Return the closed days from `first` to `last` whose history is not current.

    A day waits for its hours: one that has history is not outdated while an hour with usable raw, or one that
    may be in a damaged pack, has no partition, because it would lose rows. A day whose hours a crawler
    registered is current if it has a file.

    Returns:
        The digest that the file of each day should have, in order; REMOVED if all its hours were discarded;
        or UNREGISTERED if it only has to be registered.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    last = min(last, newest_closed_day())
    if first > last:
        return {}
    registered = {f.period: f for f in catalog.history(day_text(first), day_text(last)) if not is_month(f)}
    sizes = _sizes(store, first, last)
    hours = _hours_by_day(catalog, first, last)
    outdated = {}
    for day in (first + n * DAY for n in range((last - first).days + 1)):
        file, parts = registered.get(day_text(day)), hours.get(day, [])
        size = sizes.get(history_day_key(day))
        digest = digest_of_day(parts) if all(part.digest for part in parts) else None
        if not parts:
            if (file or size is not None) and is_discarded(store, day):
                outdated[day] = REMOVED
            elif file is None and size is not None:
                outdated[day] = UNREGISTERED
        elif not _is_current(file, size, digest) and not (file and _waits_for_hours(store, day, parts)):
            outdated[day] = digest or ""
    return outdated


def current_days(store: LakeStore, catalog: Catalog, first: date, last: date) -> List[date]:
    """Return the days from `first` to `last` whose history file has the rows of their registered hours.

    Days with an hour whose digest is unknown are left out.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    sizes, hours = _sizes(store, first, last), _hours_by_day(catalog, first, last)
    files = {f.period: f for f in catalog.history(day_text(first), day_text(last)) if not is_month(f)}
    return [
        day
        for day, parts in sorted(hours.items())
        if all(part.digest for part in parts)
        and _is_current(files.get(day_text(day)), sizes.get(history_day_key(day)), digest_of_day(parts))
    ]


def outdated_months(store: LakeStore, catalog: Catalog, first: date, last: date) -> Dict[date, str]:
    """Return the closed months from that of `first` to that of `last` whose file is not current.

    Returns:
        The digest that the file of each month should have, in order; or REMOVED if it has no day files.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    first, last = month_of(first), days_of_month(last)[-1]
    files = catalog.history(day_text(first), day_text(last))
    sizes = {item.key: item.size for item in store.walk(_CLOSED, _folder(first), _folder(last))}
    months = {month_of(parse_day(f.period)) for f in files if not is_month(f)}
    months |= {parse_month(f.period) for f in files if is_month(f)}
    outdated = {}
    for month in sorted(months):
        days = [f for f in files if f.period[:7] == month_text(month) and not is_month(f)]
        file = next((f for f in files if f.period == month_text(month)), None)
        digest = digest_of_month(days)
        if days_of_month(month)[-1] > newest_closed_day():
            continue
        if not days:
            outdated[month] = REMOVED
        elif not _is_current(file, sizes.get(history_month_key(month)), digest):
            outdated[month] = digest
    return outdated


_CLOSED = source_prefix("history") + "closed/"


def _folder(month: date) -> str:
    return f"month={month_text(month)}"


def _sizes(store: LakeStore, first: date, last: date) -> Dict[str, int]:
    """Return the size of each day file, by its key."""
    found = store.walk(source_prefix("history"), _folder(first), _folder(last))
    return {item.key: item.size for item in found}


def _hours_by_day(catalog: Catalog, first: date, last: date) -> Dict[date, List[Partition]]:
    hours: Dict[date, List[Partition]] = {}
    wanted = hours_between(hours_of_day(first)[0], hours_of_day(last)[-1])
    for part in catalog.partitions(wanted):
        hours.setdefault(part.hour.date(), []).append(part)
    return hours


def _is_current(file: Optional[HistoryFile], size: Optional[int], digest: Optional[str]) -> bool:
    """Whether a file is registered as built from these sources, is there, and was not found damaged."""
    if file is None or file.bytes != size or file.sha256 == DAMAGED:
        return False
    return digest is None or file.digest == digest


def _waits_for_hours(store: LakeStore, day: date, parts: Sequence[Partition]) -> bool:
    hours, registered = hours_of_day(day), {part.hour for part in parts}
    damaged: List[DamagedPackError] = []
    raw = objects_by_hour(store, "raw", hours[0], hours[-1], damaged)
    if damaged:
        return len(registered) < len(hours)  # any other hour may be in the pack
    return any(
        hour not in registered and has_usable_raw(store, hour, [item.key for item in items])
        for hour, items in raw.items()
    )


def is_discarded(store: LakeStore, day: date) -> bool:
    """Return whether snapshots of a UTC day were discarded and no usable raw is left.

    A damaged pack counts as usable: it can be replaced.
    """
    hours, damaged = hours_of_day(day), list[DamagedPackError]()
    raw = objects_by_hour(store, "raw", hours[0], hours[-1], damaged)
    if damaged or any(
        has_usable_raw(store, hour, [item.key for item in items]) for hour, items in raw.items()
    ):
        return False
    return any(
        reason.get("code") == DISCARDED for hour in hours for reason in quarantine_reasons(store, hour)
    )
