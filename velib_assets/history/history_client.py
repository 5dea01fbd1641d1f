"""The history job on AWS: runs of the Glue job, or calls of the clean function."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Protocol

from velib_assets.aws.remote_work_client import RemoteWork
from velib_assets.history.history_result import DayResult, MonthResult
from velib_assets.history.remote_history import ARGUMENT
from velib_assets.lake.keys import day_text
from velib_assets.lake.months import following_month, month_text

DAYS = RemoteWork(
    argument=ARGUMENT,
    word="day",
    text=day_text,
    following=lambda day: day + timedelta(days=1),
    read=DayResult.of,
    period=lambda result: result.day,
    failed=lambda day, reason: DayResult(day, error=reason),
)
"""The work of building days."""

MONTHS = RemoteWork(
    argument=ARGUMENT,
    word="month",
    text=month_text,
    following=following_month,
    read=MonthResult.of,
    period=lambda result: result.month,
    failed=lambda month, reason: MonthResult(month, error=reason),
)
"""The work of compacting months."""


class _Days(Protocol):
    links: dict[str, str]

    def run(self, periods: Iterable[date]) -> Iterator[DayResult]: ...


class _Months(Protocol):
    links: dict[str, str]

    def run(self, periods: Iterable[date]) -> Iterator[MonthResult]: ...


class RemoteHistoryJob:
    """Builds days and months by a job on AWS for each. A range of days is one run."""

    def __init__(self, days: _Days, months: _Months) -> None:
        self._days, self._months = days, months
        self.links: dict[str, str] = {}

    def run(self, days: Iterable[date]) -> Iterator[DayResult]:
        """See HistoryJob."""
        for result in self._days.run(days):
            self.links = self._days.links
            yield result

    def compact(self, months: Iterable[date]) -> Iterator[MonthResult]:
        """See HistoryJob."""
        for result in self._months.run(months):
            self.links = self._months.links
            yield result
