"""The partition filters of views over recent hours. All hours are aware and UTC.

Athena prunes partitions by constants only, so the SQL of these views lists the hours that they read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from velib_assets.lake.keys import HOUR, date_hour, day_text
from velib_assets.lake.months import month_text
from velib_assets.lake.schema import DATABASE, TABLE

_DAY_HOURS = 24


class Window(NamedTuple):
    """The recent hours that a view reads.

    Attributes:
        placeholder: is replaced in the view's SQL by a filter for the hours.
        length: the number of hours. They end with the newest hour of the table.
        relative: a filter on `date` that covers the hours, whatever the newest hour is. It is used where
            no lake is known.
        complete_days: the hours end with the day before that of the newest hour instead.
    """

    placeholder: str
    length: int
    relative: str
    complete_days: bool = False

    def hours(self, newest: datetime | None) -> list[datetime]:
        """Return the hours, oldest first; none for an empty table, whose newest hour is None."""
        if newest is None:
            return []
        last = newest.replace(hour=0) - HOUR if self.complete_days else newest
        return [last - n * HOUR for n in reversed(range(self.length))]


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


def day_filter(days: Iterable[date], *, by_month: bool) -> str:
    """Return an SQL condition with constants for the `date` of `velib_history`, and for its key `month`."""
    ordered = sorted(days)
    filters = [f'"date" IN ({_texts(map(day_text, ordered))})']
    if by_month:
        filters.append(f'"month" IN ({_texts(dict.fromkeys(map(month_text, ordered)))})')
    return " AND ".join(filters)


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _days_before_newest(days: int) -> str:
    newest = f'CAST((SELECT max("date") FROM {DATABASE}.{TABLE}) AS date)'  # noqa: S608 - our own names
    return f"CAST({newest} - INTERVAL '{days}' DAY AS varchar)"


# Two hours before a snapshot overlap three hours of the clock, and 25 hours overlap 26.
TWO_HOURS = Window("newest_hours", 3, f'"date" >= {_days_before_newest(1)}')
DAY = Window("newest_day", 26, f'"date" >= {_days_before_newest(2)}')
FOUR_WEEKS = Window(
    "four_weeks",
    672,
    f'"date" BETWEEN {_days_before_newest(28)} AND {_days_before_newest(1)}',
    complete_days=True,
)
