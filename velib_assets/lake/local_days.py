"""Local days: calendar dates in the network's time zone, their bounds in UTC, and the UTC days they overlap.

A local day has 24 hours, or 23 or 25 on the days on which the clocks change. A *day* is a `datetime.date`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import List, Tuple
from zoneinfo import ZoneInfo

from velib_assets.lake.keys import SLOT
from velib_assets.lake.network import time_zone

DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def day_bounds(day: date) -> Tuple[datetime, datetime]:
    """Return the first instant of a local day and that of the next one, in UTC."""
    return _start(day), _start(day + DAY)


def local_day_of(moment: datetime) -> date:
    """Return the local date of an aware time."""
    return moment.astimezone(ZoneInfo(time_zone())).date()


def slots_in(day: date) -> int:
    """Return the number of 15-minute slots of a local day: 96, or 92 or 100 where the clocks change."""
    start, end = day_bounds(day)
    return (end - start) // SLOT


def utc_days_overlapped(day: date) -> List[date]:
    """Return the UTC days that a local day overlaps, oldest first."""
    start, end = day_bounds(day)
    return _days(start.date(), (end - _INSTANT).date())


def local_days_overlapping(utc_day: date) -> List[date]:
    """Return the local days that overlap a UTC day, oldest first."""
    start = datetime.combine(utc_day, time(), timezone.utc)
    return _days(local_day_of(start), local_day_of(start + DAY - _INSTANT))


def _start(day: date) -> datetime:
    # Where the clocks skip midnight, the time before the change gives the first instant of the day.
    return datetime.combine(day, time(), ZoneInfo(time_zone())).astimezone(timezone.utc)


def _days(first: date, last: date) -> List[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]
