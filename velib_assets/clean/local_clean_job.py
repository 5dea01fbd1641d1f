"""The clean job resource: its interface, and its local form, which cleans in threads of this process."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Deque, Dict, Iterable, Iterator, Optional, Protocol

from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.lake.store import LakeStore


class CleanJob(Protocol):
    """Rebuilds the clean files of hours (UTC)."""

    links: Dict[str, str]
    """Labelled links to the last run; none for the local form."""

    def run(self, hours: Iterable[datetime]) -> Iterator[HourResult]:
        """Clean hours and yield their results in order. A failing hour does not stop the others."""
        ...


class LocalCleanJob:
    """Cleans in threads of this process, by default one per available core.

    Threads suffice, because Arrow, gzip, SHA-256 and zstd release the interpreter's lock. At most
    `threads` + 1 hours are in progress, so memory does not grow with the number of hours.
    """

    def __init__(self, store: LakeStore, threads: Optional[int] = None) -> None:
        self._store = store
        self.links: Dict[str, str] = {}
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, hours: Iterable[datetime]) -> Iterator[HourResult]:
        """See CleanJob."""
        pending: Deque[Future[HourResult]] = deque()
        with ThreadPoolExecutor(self._threads, "clean") as pool:
            for hour in hours:
                pending.append(pool.submit(rebuild_hour, self._store, hour))
                if len(pending) > self._threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
