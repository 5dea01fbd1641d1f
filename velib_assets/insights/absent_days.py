"""Says why a local day has no stored numbers, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from velib_assets.catalog.catalog import Catalog, HistoryFile, Partition
from velib_assets.history.backfill_advice import backfill_of_local_days
from velib_assets.history.digests import is_month
from velib_assets.lake.keys import HOUR, day_text, hour_of, hours_between, hours_of_day, parse_day
from velib_assets.lake.local_days import day_bounds, local_day_of
from velib_assets.lake.network import KEY, time_zone
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_store import has_ended

_SCHEDULE = f"the schedule {KEY}_daily_schedule builds them at 03:00 UTC"


def unbuilt_days(
    catalog: Catalog, first: date, last: date, stored: Iterable[str], now: datetime
) -> list[date]:
    """Return the ended local days that have registered rows and are not stored, oldest first.

    Args:
        catalog: has the registered hours.
        first: the first local day to look at.
        last: the last one.
        stored: the texts of the stored days.
        now: the current time.

    Raises:
        CatalogError: The catalog cannot be read.
    """
    known = set(stored)
    return [
        day
        for day in days_with_rows(catalog, first, last)
        if day_text(day) not in known and has_ended(day, now)
    ]


def days_with_rows(catalog: Catalog, first: date, last: date) -> list[date]:
    """Return the local days from `first` to `last` that have registered rows, oldest first.

    Of a UTC day whose hours are retired, the local day of the same date is meant.
    """
    start = min(day_bounds(first)[0], hours_of_day(first)[0])
    end = max(day_bounds(last)[1] - HOUR, hours_of_day(last)[-1])
    parts = catalog.partitions(hours_between(hour_of(start), hour_of(end)))
    days = _days_with_rows(parts, catalog.history(day_text(first), day_text(last)))
    return [day for day in days if first <= day <= last]


def _days_with_rows(parts: Iterable[Partition], files: Iterable[HistoryFile]) -> list[date]:
    """Return the local days of hours, and of history files without hours, that have rows."""
    hours = [part.hour for part in parts if part.rows]
    held = {parse_day(file.period) for file in files if file.rows and not is_month(file)}
    return sorted({*map(local_day_of, hours), *(held - {hour.date() for hour in hours})})


def unbuilt_note(lake: LakeStore, days: Sequence[date]) -> str:
    """Return what to do about local days that are not stored."""
    named = day_text(days[0]) if len(days) == 1 else f"{day_text(days[0])} to {day_text(days[-1])}"
    verb = "is" if len(days) == 1 else "are"
    return (
        f"{counted(len(days), 'local day')} with snapshots {verb} not built: {named}. "
        f"Run `{backfill_of_local_days(lake, days)}`; {_SCHEDULE}"
    )


def absence(catalog: Catalog, lake: LakeStore, day: date, now: datetime) -> str:
    """Return why a local day has no stored numbers.

    Raises:
        CatalogError: The catalog cannot be read.
        OSError: The lake cannot be read.
    """
    if not has_ended(day, now):
        return _not_ended(day, now)
    text, zone = day_text(day), time_zone()
    if days_with_rows(catalog, day, day):
        return (
            f"{text} ({zone}) has snapshots, but its numbers are not built. "
            f"Run `{backfill_of_local_days(lake, [day])}`; {_SCHEDULE}"
        )
    days = _days_with_rows(catalog.partitions(), catalog.history())
    if not days:
        return f"the lake has no rows, so none of {text}"
    if day < days[0]:
        return f"{text} is before the data: the lake's first day is {day_text(days[0])} ({zone})"
    if day > days[-1]:
        return f"{text} is after the data: the lake's last day is {day_text(days[-1])} ({zone})"
    before, after = max(d for d in days if d < day), min(d for d in days if d > day)
    return (
        f"no snapshot of {text} ({zone}) is in the table. The nearest days with snapshots are "
        f"{day_text(before)} and {day_text(after)}. `velib status --from {text} --to {text}` shows its slots"
    )


def _not_ended(day: date, now: datetime) -> str:
    end = day_bounds(day)[1]
    named, moment = f"{day_text(day)} ({time_zone()})", f"{end:%Y-%m-%dT%H:%M} (UTC)"
    later = f"its numbers come with the next run of {KEY}_daily_schedule, at 03:00 UTC"
    if now >= end:
        return f"{named} ended at {moment}, and {later}"
    return f"{named} has not ended: it ends at {moment}, and {later}. `velib report` shows its hours so far"


def outdated_note(catalog: Catalog, lake: LakeStore, day: date, now: datetime) -> list[str]:
    """Return that a stored day is outdated, if it is.

    Raises:
        CatalogError: The catalog cannot be read.
        OSError: The lake cannot be read.
    """
    if not outdated_local_days(catalog, lake, now, day, day):
        return []
    fault = f"{day_text(day)} was built from data that has since changed"
    return [f"{fault}. Run `{backfill_of_local_days(lake, [day])}`; {_SCHEDULE}"]
