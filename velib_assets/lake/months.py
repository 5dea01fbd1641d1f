"""Months of history. A month is represented by its first day, a date."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import List

_MOST_DAYS = 31
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def month_of(day: date) -> date:
    """Return the month of a date."""
    return date(day.year, day.month, 1)


def days_of_month(month: date) -> List[date]:
    """Return the days of a month, in order."""
    first = month_of(month)
    days = (first + timedelta(days=n) for n in range(_MOST_DAYS))
    return [day for day in days if day.month == first.month]


def following_month(month: date) -> date:
    """Return the month after a month."""
    return month_of(days_of_month(month)[-1] + timedelta(days=1))


def month_text(month: date) -> str:
    """Format a month as `YYYY-MM`."""
    return f"{month.year:04}-{month.month:02}"


def parse_month(text: str) -> date:
    """Parse `YYYY-MM`.

    Raises:
        ValueError: if the text has another form.
    """
    match = _MONTH.fullmatch(text)
    if match is None or match.group(1) == "0000":
        raise ValueError(f"{text!r} is not a month. Use YYYY-MM, for example 2022-06")
    return date(int(match.group(1)), int(match.group(2)), 1)
