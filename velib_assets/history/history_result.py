"""The results of building history files, and their JSON forms, in which the Glue job sends them."""

from __future__ import annotations

from datetime import date
from typing import Any, Dict, NamedTuple

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.lake.keys import (
    day_text,
    history_day_key,
    history_month_key,
    parse_day,
)
from velib_assets.lake.months import month_text, parse_month


class DayResult(NamedTuple):
    """The outcome of a UTC day: what its file has, or the error; `absent` if no hour has a clean file.

    `hours` is the number of clean files, `slots` that of the quarters of an hour with a snapshot, and
    `sha256` the hash of the file.
    """

    day: date
    rows: int = 0
    bytes: int = 0
    digest: str = ""
    hours: int = 0
    error: str = ""
    absent: bool = False
    sha256: str = ""
    slots: int = 0

    def file(self) -> HistoryFile:
        """Return the file as the catalog registers it."""
        key = history_day_key(self.day)
        return HistoryFile(day_text(self.day), key, self.rows, self.bytes, self.digest, self.sha256)

    def message(self) -> Dict[str, Any]:
        """Return the result as JSON data."""
        return {**self._asdict(), "day": day_text(self.day)}

    @classmethod
    def of(cls, message: Dict[str, Any]) -> DayResult:
        """Read a result from JSON data.

        Raises:
            KeyError, TypeError, ValueError: if another version wrote it.
        """
        return cls(**{**message, "day": parse_day(message["day"])})


class MonthResult(NamedTuple):
    """The outcome of a month: what its file has, or the error; `absent` if no day has a history file.

    `days` is the number of day files, and `sha256` the hash of the file.
    """

    month: date
    rows: int = 0
    bytes: int = 0
    digest: str = ""
    days: int = 0
    error: str = ""
    absent: bool = False
    sha256: str = ""

    def file(self) -> HistoryFile:
        """Return the file as the catalog registers it."""
        key = history_month_key(self.month)
        return HistoryFile(month_text(self.month), key, self.rows, self.bytes, self.digest, self.sha256)

    def message(self) -> Dict[str, Any]:
        """Return the result as JSON data."""
        return {**self._asdict(), "month": month_text(self.month)}

    @classmethod
    def of(cls, message: Dict[str, Any]) -> MonthResult:
        """Read a result from JSON data.

        Raises:
            KeyError, TypeError, ValueError: if another version wrote it.
        """
        return cls(**{**message, "month": parse_month(message["month"])})
