"""The `velib backfill` commands that build days again, which name only hours that they can clean."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import List, Sequence

from velib_assets.lake.keys import contiguous, day_text, hour_text, hours_of_day
from velib_assets.lake.listing import hours_in
from velib_assets.lake.local_days import utc_days_overlapped
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import LakeStore

_MOST_COMMANDS = 12  # a day has no more


def backfill_command(store: LakeStore, first: date, last: date) -> str:
    """Return the command that cleans the hours of some UTC days again, and builds the days.

    It names the hours that have raw, see `commands_of_hours`. Without raw, it names the whole days, which an
    archive may have.

    Args:
        store: the lake.
        first: the first day, UTC.
        last: the last day, included.

    Raises:
        OSError: if the lake cannot be read.
    """
    start, end = hours_of_day(first)[0], hours_of_day(last)[-1]
    hours: List[datetime] = []
    with suppress(DamagedPackError):  # the hours in it are not known
        hours = hours_in(store, "raw", start, end)
    return commands_of_hours(hours) if hours else _command(start, end)


def backfill_of_local_days(store: LakeStore, days: Sequence[date]) -> str:
    """Return the command that builds local days, from the first to the last; its days and hours are UTC."""
    return backfill_command(store, utc_days_overlapped(days[0])[0], utc_days_overlapped(days[-1])[-1])


def commands_of_hours(hours: Sequence[datetime]) -> str:
    """Return the command that cleans some hours, in order; several are joined with `&&`.

    `velib backfill` reports an hour without a source as missing, and exits with 1. So hours apart have a
    command each, unless these would be many: one command then names all from the first hour to the last.
    """
    spans = list(contiguous(hours))
    if len(spans) > _MOST_COMMANDS:
        spans = [(hours[0], hours[-1])]
    return " && ".join(_command(first, last) for first, last in spans)


def _command(first: datetime, last: datetime) -> str:
    """Return the command for the hours from `first` to `last`; whole days are written as days."""
    whole = hours_of_day(first.date())[0], hours_of_day(last.date())[-1]
    texts = (
        day_text(hour.date()) if hour == edge else hour_text(hour) for hour, edge in zip((first, last), whole)
    )
    return " ".join(("velib backfill", *texts))
