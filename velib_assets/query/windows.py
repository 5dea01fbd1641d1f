"""The partition filters of views over recent hours. All hours are aware and UTC.

Athena prunes partitions by constants only, so the SQL of these views lists the hours that they read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from velib_assets.lake.keys import HOUR, date_hour

WEEKS = 4
_DAY_HOURS = 24


class Window(NamedTuple):
    """A placeholder in a view's SQL, and the hours that replace it.

    `hours` returns them for the newest registered hour. `relative` is a filter that covers them if the newest
    hour is the current one; it is used where no lake is known.
    """

    placeholder: str
    hours: Callable[[datetime], list[datetime]]
    relative: str


def two_hours(newest: datetime) -> list[datetime]:
    """Return the three hours that overlap the two hours before a snapshot in `newest`."""
    return _up_to(newest, 2)


def last_26_hours(newest: datetime) -> list[datetime]:
    """Return the 26 hours that overlap the 25 hours before a snapshot in `newest`."""
    return _up_to(newest, 25)


def four_weeks(newest: datetime) -> list[datetime]:
    """Return all hours of the 28 UTC days before the day of `newest`."""
    today = newest.replace(hour=0)
    return [today - timedelta(days=7 * WEEKS) + n * HOUR for n in range(7 * WEEKS * _DAY_HOURS)]


def partition_filter(hours: Sequence[datetime]) -> str:
    """Return an SQL condition with constants for `date` and `hour`; it is false for no hours.

    Complete days share one list.
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


def _up_to(newest: datetime, hours: int) -> list[datetime]:
    return [newest - n * HOUR for n in range(hours, -1, -1)]


def _days_ago(days: int) -> str:
    return f"CAST(current_date - INTERVAL '{days}' DAY AS varchar)"


TWO_HOURS = Window("newest_hours", two_hours, f'"date" >= {_days_ago(1)}')
DAY = Window("newest_day", last_26_hours, f'"date" >= {_days_ago(2)}')
FOUR_WEEKS = Window("four_weeks", four_weeks, f'"date" BETWEEN {_days_ago(28)} AND {_days_ago(1)}')
