"""Processes that write into one lake concurrently, or are killed while they write.

They are forked from a server that has only imported this module: a process starts within milliseconds,
without the threads and locks of the test's own process.
"""

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from velib_assets.catalog.registration import partition_of, register_until_stable
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.history.history_registration import register_history_until_stable
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.response import OPENDATA, FeedResponse
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, raw_key
from velib_assets.lake.months import month_of
from velib_assets.lake.packing import pack_day, unpack_day
from velib_assets.lake.store import Change
from velib_assets.query.daily_store import store_daily_kpis
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.guarantees.fault_points import at_step, hold, kill, limit_files
from velib_assets_tests.history.days import add_late
from velib_assets_tests.samples import HOUR, body, records

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "pandas"])  # which pyarrow imports when it is first used


class ScriptedFeed:
    """A live feed with a fixed response for each time; it sends no request."""

    name = OPENDATA
    live = True

    def __init__(self, bodies: Mapping[datetime, bytes], together: Barrier | None = None) -> None:
        self._bodies, self._together = bodies, together

    def fetch(self, at: datetime) -> FeedResponse:
        """Return the response; with `together`, after all its processes have called this."""
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
    """Start a process that runs a function of this module."""
    process = FORKS.Process(target=target, args=arguments)
    process.start()
    return process


def tick_slots(
    root: Path, number: int, slots: Sequence[datetime], together: Barrier, results: "Queue[Any]"
) -> None:
    """Tick each slot at the same time as the other processes; sends (slot, number, state)."""
    response = body(records(10 + number))
    for slot in slots:
        taken = Ingest(FolderStore(root), ScriptedFeed({slot: response}, together)).take(slot, slot)
        results.put((slot, number, taken.state))


def clean_hours(root: Path, hours: Sequence[datetime], threads: int) -> None:
    """Clean hours in the given order."""
    for result in LocalCleanJob(FolderStore(root), threads).run(hours):
        assert result.cleaned, result.error


def tick(root: Path, responses: Mapping[datetime, bytes]) -> None:
    """Take the snapshots of an hour, then clean and register it."""
    store, feed = FolderStore(root), ScriptedFeed(responses)
    for taken in responses:
        Ingest(store, feed).take(taken, taken)
    rebuild(root, hour_of(min(responses)))


def rebuild(root: Path, hour: datetime) -> None:
    """Clean an hour and register it."""
    store = FolderStore(root)
    assert rebuild_hour(store, hour).cleaned
    register_until_stable(store, [partition_of(store, hour)], LocalCatalog(root).register)


def register_hours(root: Path, hours: Sequence[datetime]) -> None:
    """Register cleaned hours."""
    store = FolderStore(root)
    register_until_stable(store, [partition_of(store, hour) for hour in hours], LocalCatalog(root).register)


def write_history(root: Path, days: Sequence[date]) -> None:
    """Build and register the history of days, and of their month."""
    store, catalog = FolderStore(root), LocalCatalog(root)
    job = LocalHistoryJob(store, 1)
    for results in (job.run(days), job.compact([month_of(days[0])])):
        for result in results:
            assert not result.error
            register_history_until_stable(store, catalog, [result.file()])


def late_history(root: Path, taken: datetime, days: Sequence[date]) -> None:
    """Add a late snapshot to a registered hour, register it, and write the history."""
    add_late(FolderStore(root), taken)
    register_hours(root, [hour_of(taken)])
    write_history(root, days)


def killed_history(root: Path, days: Sequence[date], number: int, showing: bool) -> None:
    """Write the history, killed before the n-th step (see `at_step`); it succeeds if it has fewer."""
    at_step(number, root, kill, showing=showing)
    write_history(root, days)


def held_history(root: Path, days: Sequence[date], number: int, other: "Connection[Any, Any]") -> None:
    """Write the history, waiting before the n-th step for a message from the other end."""
    at_step(number, root, hold(other))
    write_history(root, days)


def store_day(root: Path, day: date) -> None:
    """Store the daily KPIs of a local day."""
    catalog = LocalCatalog(root)
    results = store_daily_kpis(day, LocalQueryEngine(root, catalog), FolderStore(root), catalog)
    assert [result.error for result in results] == [""] * len(results)


def killed_day(root: Path, day: date, number: int, showing: bool) -> None:
    """Store a local day, killed before the n-th step (see `at_step`); it succeeds if it has fewer."""
    at_step(number, root, kill, showing=showing)
    store_day(root, day)


def held_day(root: Path, day: date, number: int, other: "Connection[Any, Any]") -> None:
    """Store a local day, waiting before the n-th step for a message from the other end."""
    at_step(number, root, hold(other))
    store_day(root, day)


def late_day(root: Path, taken: datetime, days: Sequence[date], day: date) -> None:
    """Add a late snapshot, write the history, and store a local day."""
    late_history(root, taken, days)
    store_day(root, day)


def killed_tick(root: Path, responses: Mapping[datetime, bytes], number: int, showing: bool) -> None:
    """Run a tick that is killed before its n-th step (see `at_step`); it succeeds if it has fewer."""
    at_step(number, root, kill, showing=showing)
    tick(root, responses)


def cut_tick(root: Path, responses: Mapping[datetime, bytes], size: int) -> None:
    """Run a tick that the system kills within the write that makes a file larger than `size`."""
    limit_files(size)
    tick(root, responses)


def held_rebuild(root: Path, hour: datetime, number: int, other: "Connection[Any, Any]") -> None:
    """Clean and register an hour, waiting before the n-th step for a message from the other end."""
    at_step(number, root, hold(other))
    rebuild(root, hour)


def change_day(root: Path, change: str) -> None:
    """Pack or unpack the day of HOUR, or discard its first snapshot, as `change` says."""
    store = FolderStore(root)
    if change == "discard":
        store.publish([Change(raw_key(HOUR), None)], lambda: True)
    else:
        {"pack": pack_day, "unpack": unpack_day}[change](store, HOUR.date())


def killed_change(root: Path, change: str, number: int) -> None:
    """Change a day, killed before the n-th step (see `at_step`); it succeeds if it has fewer."""
    at_step(number, root, kill)
    change_day(root, change)


def change_again_and_again(root: Path, changes: Sequence[str], times: int) -> None:
    """Change a day in turns."""
    for number in range(times):
        change_day(root, changes[number % len(changes)])


def store_late(root: Path, number: int, keys: Sequence[str], results: "Queue[Any]") -> None:
    """Store late snapshots as other processes do; sends (key, number) of those that were stored."""
    store = FolderStore(root)
    for key in keys:
        if store.create(key, b"late snapshot of process %d" % number):
            results.put((key, number))
    results.put(None)
