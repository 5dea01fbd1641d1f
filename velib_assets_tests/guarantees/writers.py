"""Processes that write into one lake at once, or are killed while they do.

Belongs here: what such a process runs, without the libraries that it does not need. Does not: what must hold
afterwards (the tests). They are forked off a server that has imported this module and runs nothing, so that
one costs milliseconds, and no thread or lock of the tests' own process comes along.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from velib_assets.core.answers import OPENDATA, Answer
from velib_assets.feeds.base import Recorded
from velib_assets.runtime.clean_job import clean_lake_hours
from velib_assets.runtime.ingest import take_snapshot
from velib_assets.runtime.store import FolderStore
from velib_assets_tests.samples import body, records

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class Told:
    """A live feed that answers what it was told to; nobody else is asked."""

    name = OPENDATA
    live = True

    def __init__(self, *bodies: bytes, together: Barrier | None = None) -> None:
        self._bodies, self._together = list(bodies), together

    def fetch(self, _at: datetime) -> Answer:
        """The next of its answers; with `together` not before as many processes ask."""
        if self._together:
            self._together.wait(30)
        return Answer(OPENDATA, {"body": self._bodies.pop(0)})

    def recorded_hours(self, _first: datetime, _last: datetime) -> set[datetime]:
        """None."""
        return set()

    def recorded(self, _hour: datetime) -> Iterator[Recorded]:
        """None."""
        return iter(())


def started(target: Any, *arguments: Any) -> ForkServerProcess:
    """A process that runs a function of this module."""
    process = FORKS.Process(target=target, args=arguments)
    process.start()
    return process


def tick_slots(
    root: Path, number: int, slots: Sequence[datetime], together: Barrier, told: "Queue[Any]"
) -> None:
    """Tick each slot when all the others tick it too; tells (slot, its own number, state)."""
    answer = body(records(10 + number))
    for slot in slots:
        taken = take_snapshot(FolderStore(root), Told(answer, together=together), slot, slot)
        told.put((slot, number, taken.state))


def clean_hours(root: Path, hours: Sequence[datetime], threads: int) -> None:
    """Clean these hours in this order."""
    for result in clean_lake_hours(FolderStore(root), hours, threads):
        assert result.cleaned, result.trouble
