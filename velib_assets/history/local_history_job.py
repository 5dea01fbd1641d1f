"""The history job resource: its interface, and its local form, which works in threads of this process."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Dict, Iterable, Iterator, Optional, Protocol

from velib_assets.catalog.catalog import Catalog
from velib_assets.clean.allocator import release_memory
from velib_assets.history.day import rebuild_day
from velib_assets.history.history_result import DayResult, MonthResult
from velib_assets.history.month import rebuild_month
from velib_assets.lake.store import LakeStore


class HistoryJob(Protocol):
    """Builds the history files of UTC days, and of months."""

    links: Dict[str, str]
    """Labelled links to the last run; none for the local form."""

    def run(self, days: Iterable[date]) -> Iterator[DayResult]:
        """Build days and yield their results in order. A failing day does not stop the others."""
        ...

    def compact(self, months: Iterable[date]) -> Iterator[MonthResult]:
        """Build months and yield their results in order. A failing month does not stop the others."""
        ...


class LocalHistoryJob:
    """Builds in threads of this process, by default one per available core; each holds one day in memory.

    With a catalog, files that were damaged after they were registered are not read.
    """

    def __init__(
        self, store: LakeStore, threads: Optional[int] = None, catalog: Optional[Catalog] = None
    ) -> None:
        self._store, self._catalog = store, catalog
        self.links: Dict[str, str] = {}
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, days: Iterable[date]) -> Iterator[DayResult]:
        """See HistoryJob."""
        release_memory()  # cleaning keeps some
        with ThreadPoolExecutor(self._threads, "history") as pool:
            yield from pool.map(partial(rebuild_day, self._store, catalog=self._catalog), days)

    def compact(self, months: Iterable[date]) -> Iterator[MonthResult]:
        """See HistoryJob."""
        for month in months:
            release_memory()
            yield rebuild_month(self._store, month, catalog=self._catalog)
