"""Builds days and months of the history in the Glue job or in a call of the function."""

from __future__ import annotations

import time
from datetime import date
from typing import Callable, Iterator, List, NamedTuple, Sequence, Tuple, Union

from velib_assets.aws.reporter import Reporter
from velib_assets.catalog.catalog import Catalog
from velib_assets.history.currency import REMOVED, newest_closed_day, outdated_days, outdated_months
from velib_assets.history.day import rebuild_day
from velib_assets.history.history_registration import register_history_until_stable
from velib_assets.history.history_result import DayResult, MonthResult
from velib_assets.history.month import rebuild_month
from velib_assets.lake.keys import parse_day
from velib_assets.lake.local_days import DAY
from velib_assets.lake.months import following_month, month_text, parse_month
from velib_assets.lake.store import LakeStore

ARGUMENT = "history"
"""The argument of the job and the key of the function's event that asks for history instead of cleaning."""

NEWEST = "newest"
_RECENT_DAYS = 35  # before today: the month that has just ended, and any outage of some days
_Build = Callable[..., Union[DayResult, MonthResult]]


class HistoryError(Exception):
    """Some days or months could not be built. The others were."""


class Periods(NamedTuple):
    """Days to build, and months to compact after them."""

    days: List[date]
    months: List[date]


class TimedHistory:
    """Builds history until a moment of the monotonic clock; `remaining` periods were not begun then.

    Args:
        store: the lake.
        catalog: the catalog.
        reporter: takes the results.
        end: when to begin no more periods; the first one is always begun.
    """

    def __init__(
        self, store: LakeStore, catalog: Catalog, reporter: Reporter, end: float = float("inf")
    ) -> None:
        self._store, self._catalog, self._reporter, self._end = store, catalog, reporter, end
        self.requested = self.remaining = 0

    def build(self, text: str, *, register: bool) -> None:
        """Build periods, send their results, and register them if requested.

        Args:
            text: as `periods_of` reads it; or `newest`, for the closed days of the last five weeks that are
                not current, and then the months that they complete.
            register: whether to register what was built. `newest` needs it: a month is compacted from the
                registered days.

        Raises:
            HistoryError: with the periods that failed.
            AwsError: if a request to the bucket or the catalog fails.
            ValueError: if the text is invalid.
        """
        days, months = ([], []) if text == NEWEST else periods_of(text)
        last = newest_closed_day()
        recent = (self._store, self._catalog, last - _RECENT_DAYS * DAY, last)
        if text == NEWEST:
            days = [day for day, digest in outdated_days(*recent).items() if digest != REMOVED]
        failures = self._report(days, rebuild_day, register=register)
        if text == NEWEST and not self.remaining:  # the days above have outdated their months
            months = [month for month, digest in outdated_months(*recent).items() if digest != REMOVED]
        failures += self._report(months, rebuild_month, register=register)
        if failures:
            raise HistoryError("; ".join(failures))

    def _report(self, periods: Sequence[date], build: _Build, *, register: bool) -> List[str]:
        """Build periods, send and register their results; return the problems."""
        failures: List[str] = []
        for period in self._begun(periods):
            result = build(self._store, period, catalog=self._catalog)
            self._reporter.message(result.message())
            name = result.file().period
            if result.error:
                failures.append(f"{name}: {result.error}")
                continue
            if register:
                register_history_until_stable(self._store, self._catalog, [result.file()])
            self._reporter.info(f"{name}: {result.rows} rows, {result.bytes} bytes")
        return failures

    def _begun(self, periods: Sequence[date]) -> Iterator[date]:
        self.remaining += len(periods)
        self.requested += len(periods)
        for period in periods:
            if self.remaining < self.requested and time.monotonic() > self._end:
                return
            self.remaining -= 1
            yield period


def periods_of(text: str) -> Periods:
    """Parse `2022-06-04..2022-07-03,2022-06`: days, months, or ranges of either with both ends included.

    Raises:
        ValueError: if a part is neither.
    """
    days: List[date] = []
    months: List[date] = []
    for part in text.split(","):
        first, last = _ends(part.strip())
        if len(first) == len(month_text(date.min)):
            month, end = parse_month(first), parse_month(last)
            while month <= end:
                months.append(month)
                month = following_month(month)
        else:
            day, end = parse_day(first), parse_day(last)
            days += [day + n * DAY for n in range((end - day).days + 1)]
    return Periods(sorted(set(days)), sorted(set(months)))


def _ends(part: str) -> Tuple[str, str]:
    first, _, last = part.partition("..")
    return first, last or first
