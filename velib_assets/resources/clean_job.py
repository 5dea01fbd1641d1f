"""The clean job as a resource: rebuilds hours. Local form: threads; on AWS it is a Glue job.

Belongs here: the interface and its forms. Does not: what cleaning is (core.clean, runtime.clean_job).
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, Protocol

from velib_assets.runtime.clean_job import (
    BusyHourError,
    Cleaned,
    NoRawError,
    clean_lake_hour,
)
from velib_assets.runtime.store import LakeStore


class CleanResult(NamedTuple):
    """An hour's outcome: what was written, or the trouble in a sentence; `absent` where it has no raw."""

    hour: datetime
    cleaned: Cleaned | None
    trouble: str = ""
    absent: bool = False


class CleanJob(Protocol):
    """Rebuilds the clean files of hours (UTC)."""

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """Clean each hour and tell of each in order, as it ends; one that fails stops no other."""
        ...


class LocalCleanJob:
    """Clean in threads of this process: Arrow, gzip, SHA-256 and zstd all run outside the interpreter."""

    def __init__(self, store: LakeStore, threads: int | None = None) -> None:
        self._store = store
        self._threads = threads or len(os.sched_getaffinity(0))

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """See CleanJob. No more hours are under way than threads, so memory does not grow."""
        waiting: deque[Future[CleanResult]] = deque()
        with ThreadPoolExecutor(self._threads, "clean") as threads:
            for hour in hours:
                waiting.append(threads.submit(self._one, hour))
                if len(waiting) > self._threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _one(self, hour: datetime) -> CleanResult:
        try:
            return CleanResult(hour, clean_lake_hour(self._store, hour))
        except NoRawError as error:
            return CleanResult(hour, None, str(error), absent=True)
        except BusyHourError as error:
            return CleanResult(hour, None, str(error))
        except OSError as error:
            return CleanResult(hour, None, f"the lake could not be read or written: {error}")
