"""The `velib backfill` command that builds days again, which names only hours that it can clean."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import List

from velib_assets.lake.keys import day_text, hour_text, hours_of_day
from velib_assets.lake.listing import hours_in
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import LakeStore


def backfill_command(store: LakeStore, first: date, last: date) -> str:
    """Return the command that cleans the hours of some UTC days again, and builds the days.

    It begins with the first hour that has raw, and ends with the last: the command would report others as
    missing, and exit with 1. Without raw, it names the whole days, which an archive may have.

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
    return command_of_hours(hours[0], hours[-1]) if hours else command_of_hours(start, end)


def command_of_hours(first: datetime, last: datetime) -> str:
    """Return the command for the hours from `first` to `last`; whole days are written as days."""
    whole = hours_of_day(first.date())[0], hours_of_day(last.date())[-1]
    texts = (
        day_text(hour.date()) if hour == edge else hour_text(hour) for hour, edge in zip((first, last), whole)
    )
    return " ".join(("velib backfill", *texts))
