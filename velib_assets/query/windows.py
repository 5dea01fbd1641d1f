"""The hours that a view's constants name: Athena prunes partitions on constants only.

Belongs here: which partitions a view over the recent past reads, and the condition on them. Does not: the
views (kpis). All hours are UTC and aware.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from velib_assets.lake.keys import HOUR, date_hour

WEEKS = 4
_DAY_HOURS = 24


class Window(NamedTuple):
    """What stands in a view's SQL, and the hours that it is replaced by, from the newest registered hour."""

    placeholder: str
    hours: Callable[[datetime], list[datetime]]


def two_hours(newest_hour: datetime) -> list[datetime]:
    """The three hours that `newest snapshot - 2 h` can reach into, where the newest lies in `newest_hour`."""
    return _back(newest_hour, 2)


def last_26_hours(newest_hour: datetime) -> list[datetime]:
    """The 26 hours that `newest snapshot - 25 h` can reach into."""
    return _back(newest_hour, 25)


def four_weeks(newest_hour: datetime) -> list[datetime]:
    """All hours of the 28 UTC days before the day of `newest_hour`; what an hour is does not change them."""
    today = newest_hour.replace(hour=0)
    return [today - timedelta(days=7 * WEEKS) + n * HOUR for n in range(7 * WEEKS * _DAY_HOURS)]


def partition_filter(hours: Sequence[datetime]) -> str:
    """A condition on constants of the partition columns, which Athena prunes by; false for no hours.

    Days of which every hour is named stand in one list.
    """
    days: dict[str, list[str]] = {}
    for hour in sorted(hours):
        date, hh = date_hour(hour)
        days.setdefault(date, []).append(f"'{hh}'")
    whole = [f"'{date}'" for date, hh in days.items() if len(hh) == _DAY_HOURS]
    parts = [f'"date" IN ({", ".join(whole)})'] if whole else []
    parts += [
        f'("date" = \'{date}\' AND "hour" IN ({", ".join(hh)}))'
        for date, hh in days.items()
        if len(hh) < _DAY_HOURS
    ]
    return f"({' OR '.join(parts)})" if parts else "(1 = 0)"


def _back(newest_hour: datetime, hours: int) -> list[datetime]:
    return [newest_hour - n * HOUR for n in range(hours, -1, -1)]


TWO_HOURS = Window("${newest_hours}", two_hours)
DAY = Window("${newest_day}", last_26_hours)
FOUR_WEEKS = Window("${four_weeks}", four_weeks)
