"""Processes that write into one lake at once, or are killed while they do.

Belongs here: what such a process runs, without the libraries that it does not need. Does not: what must hold
afterwards (the tests). They are forked off a server that has imported this module and runs nothing, so that
one costs milliseconds, and no thread or lock of the tests' own process comes along.
"""

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from velib_assets.catalog.registration import partition_of, register_until_stable
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.rebuild import clean_lake_hour, clean_lake_hours
from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.response import OPENDATA, FeedResponse
from velib_assets.ingest.step import take_snapshot
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of
from velib_assets_tests.guarantees.fault_points import at_step, hold, kill, limit_files
from velib_assets_tests.samples import body, records

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "pandas"])  # which pyarrow imports when it is first used


class Told:
    """A live feed that answers what it was told to for each time; nobody else is asked."""

    name = OPENDATA
    live = True

    def __init__(self, bodies: Mapping[datetime, bytes], together: Barrier | None = None) -> None:
        self._bodies, self._together = bodies, together

    def fetch(self, at: datetime) -> FeedResponse:
        """Its answer; with `together` not before as many processes ask."""
        if self._together:
            self._together.wait(120)
        return FeedResponse(OPENDATA, {"body": self._bodies[at]})

    def recorded_hours(self, _first: datetime, _last: datetime) -> set[datetime]:
        """None."""
        return set()

    def recorded(self, _hour: datetime) -> Iterator[RecordedSnapshot]:
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
        taken = take_snapshot(FolderStore(root), Told({slot: answer}, together), slot, slot)
        told.put((slot, number, taken.state))


def clean_hours(root: Path, hours: Sequence[datetime], threads: int) -> None:
    """Clean these hours in this order."""
    for result in clean_lake_hours(FolderStore(root), hours, threads):
        assert result.cleaned, result.trouble


def tick(root: Path, answers: Mapping[datetime, bytes]) -> None:
    """What a tick of each time of an hour does: take its answer; then clean the hour and register it."""
    store, feed = FolderStore(root), Told(answers)
    for taken in answers:
        take_snapshot(store, feed, taken, taken)
    rebuild(root, hour_of(min(answers)))


def rebuild(root: Path, hour: datetime) -> None:
    """Clean an hour and register it."""
    store = FolderStore(root)
    clean_lake_hour(store, hour)
    register_until_stable(store, [partition_of(store, hour)], LocalCatalog(root).register)


def killed_tick(root: Path, answers: Mapping[datetime, bytes], number: int, showing: bool) -> None:
    """A tick that is killed before its n-th step (see `at_step`); it ends well where it has fewer."""
    at_step(number, root, kill, showing=showing)
    tick(root, answers)


def cut_tick(root: Path, answers: Mapping[datetime, bytes], size: int) -> None:
    """A tick that the system kills in the middle of the write that would make a file larger than `size`."""
    limit_files(size)
    tick(root, answers)


def held_rebuild(root: Path, hour: datetime, number: int, other: "Connection[Any, Any]") -> None:
    """Clean and register an hour, waiting before the n-th step for a word from the other end."""
    at_step(number, root, hold(other))
    rebuild(root, hour)
