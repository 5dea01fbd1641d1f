"""The interface of a feed."""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, NamedTuple, Optional, Protocol, Set, Tuple, runtime_checkable

from velib_assets.ingest.response import FeedResponse, UnusableError


class FeedError(Exception):
    """The feed gave no response. Retrying may succeed."""


class RecordedSnapshot(NamedTuple):
    """A snapshot of the past. `taken_at` is UTC in whole seconds.

    `problem` is a defect found before decoding (a damaged .gz, a hash that does not match). `response` then
    holds the stored bytes, which go to quarantine with it. `unmodified` has the bytes as they were recorded,
    if `response` was converted from them. `missing` are the table's columns that a converted file does not
    have. `unread` are the paths of other files with the same time.
    """

    taken_at: datetime
    response: FeedResponse
    problem: Optional[UnusableError] = None
    unmodified: Optional[FeedResponse] = None
    missing: Tuple[str, ...] = ()
    unread: Tuple[str, ...] = ()


class SkippedFiles(NamedTuple):
    """What to say about the files of a recording: `notes`, and `refused` snapshots, which are not loaded."""

    notes: Tuple[str, ...] = ()
    refused: Tuple[str, ...] = ()


class Feed(Protocol):
    """A source of snapshots. A subclass that implements only `fetch` has no past."""

    name: str
    """The feed's name, as in VELIB_SOURCE."""

    live: bool
    """Whether the feed provides the current state, so that a tick can use it."""

    def fetch(self, at: datetime) -> FeedResponse:
        """Fetch the current state for the snapshot of `at` (UTC).

        Raises:
            FeedError: if there is no response.
        """
        ...

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:  # noqa: ARG002
        """Return the hours from `first` to `last` (both included) that have recorded snapshots."""
        return set()

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:  # noqa: ARG002
        """Yield the recorded snapshots of an hour, oldest first."""
        return iter(())


@runtime_checkable
class RecordedFiles(Protocol):
    """A feed that is a collection of files, some of which may not be loaded."""

    def skipped(self, first: datetime, last: datetime) -> SkippedFiles:
        """Return what a restore from `first` to `last` (hours, both included) does not load."""
        ...
