"""The clean job resource: its interface, and its local form, which cleans in threads of this process."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Dict, Iterable, Iterator, Optional, Protocol, Sequence

from velib_assets.clean.allocator import keep_memory
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.clean.with_register import clean_with_register
from velib_assets.lake.store import LakeStore
from velib_assets.stations.register import Register


class CleanJob(Protocol):
    """Rebuilds the clean files of hours (UTC)."""

    links: Dict[str, str]
    """Labelled links to the last run; none for the local form."""

    def run(self, hours: Iterable[datetime]) -> Iterator[HourResult]:
        """Clean hours and yield their results in order. A failing hour does not stop the others."""
        ...


class LocalCleanJob:
    """Cleans in threads of this process, by default one per available core.

    Threads suffice, because Arrow, gzip, SHA-256 and zstd release the interpreter's lock. Hours are cleaned
    in batches, so memory does not grow with the number of hours.
    """

    def __init__(self, store: LakeStore, threads: Optional[int] = None) -> None:
        self._store = store
        self.links: Dict[str, str] = {}
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, hours: Iterable[datetime]) -> Iterator[HourResult]:
        """See CleanJob."""
        keep_memory()
        with ThreadPoolExecutor(self._threads, "clean") as pool:

            def rebuild(register: Register, batch: Sequence[datetime]) -> Iterator[HourResult]:
                return pool.map(partial(rebuild_hour, self._store, register=register), batch)

            yield from clean_with_register(self._store, hours, rebuild)
