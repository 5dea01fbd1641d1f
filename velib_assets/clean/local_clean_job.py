"""The clean job resource: its interface, and its local form, which cleans in threads of this process."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from velib_assets.clean.clean_result import CleanResult
from velib_assets.clean.rebuild import clean_lake_hours
from velib_assets.lake.store import LakeStore


class CleanJob(Protocol):
    """Rebuilds the clean files of hours (UTC)."""

    links: dict[str, str]
    """Labelled links to the last run; none for the local form."""

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """Clean hours and yield their results in order. A failing hour does not stop the others."""
        ...


class LocalCleanJob:
    """Cleans in threads of this process, by default one per available core."""

    def __init__(self, store: LakeStore, threads: int | None = None) -> None:
        self._store = store
        self.links: dict[str, str] = {}
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """See CleanJob."""
        return clean_lake_hours(self._store, hours, self._threads)
