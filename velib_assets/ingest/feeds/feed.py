"""The interface of a feed.

Belongs here: what the ingest step may ask of a feed. Does not: any one feed's way of answering.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, NamedTuple, Optional, Protocol, Set

from velib_assets.ingest.response import FeedResponse, UnusableError


class FeedError(Exception):
    """No answer could be had: what was asked, how often, what came instead. Worth another try."""


class RecordedSnapshot(NamedTuple):
    """A snapshot of the past: when it was taken (UTC, whole seconds) and its answer.

    `problem` is what is wrong with it before anything is decoded (a damaged .gz, a hash that does not
    match); `answer` then holds the stored bytes, to be quarantined with that reason.
    """

    taken_at: datetime
    answer: FeedResponse
    problem: Optional[UnusableError] = None


class Feed(Protocol):
    """A source of snapshots."""

    name: str
    """As in VELIB_SOURCE."""

    live: bool
    """Whether it has a present: a tick may ask it for the snapshot of now."""

    def fetch(self, at: datetime) -> FeedResponse:
        """The network's state now, wanted for the time `at` (UTC).

        Raises:
            FeedError: where there is no answer.
        """
        ...

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:
        """The hours of `first`..`last` (both included) that it has snapshots of; cheap."""
        ...

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:
        """The recorded snapshots of an hour, oldest first; none for a feed without a past."""
        ...
