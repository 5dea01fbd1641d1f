"""The clean job as a resource: rebuilds hours. Local form: threads; on AWS it is a Glue job (aws.glue_job).

Belongs here: the interface and its local form. Does not: what cleaning is (core.clean, runtime.clean_job).
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from velib_assets.clean.rebuild import CleanResult, clean_lake_hours
from velib_assets.lake.store import LakeStore


class CleanJob(Protocol):
    """Rebuilds the clean files of hours (UTC)."""

    links: dict[str, str]
    """Where a person sees the last run, by what it is called; none on one machine."""

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """Clean each hour and tell of each in order, as it ends; one that fails stops no other."""
        ...


class LocalCleanJob:
    """Clean in threads of this process."""

    def __init__(self, store: LakeStore, threads: int | None = None) -> None:
        self._store = store
        self.links: dict[str, str] = {}
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """See CleanJob."""
        return clean_lake_hours(self._store, hours, self._threads)
