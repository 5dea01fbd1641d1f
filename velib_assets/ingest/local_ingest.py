"""The ingest step as a resource: takes or restores snapshots. Local form; on AWS it is a Lambda.

Belongs here: the interface and its forms. Does not: what happens to an answer (runtime.ingest).
"""

from datetime import datetime
from typing import Protocol

from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.step import IngestResult, restore_hour, take_snapshot
from velib_assets.lake.store import LakeStore


class Ingest(Protocol):
    """Brings snapshots into raw. All times are UTC."""

    source: str
    """The feed's name, as in VELIB_SOURCE."""

    live: bool
    """Whether a tick may ask it for the snapshot of now."""

    links: dict[str, str]
    """Where a person sees the step at work, by what it is called; none on one machine."""

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:
        """Take the snapshot of `ingested_at` now.

        Raises:
            FeedError: where the feed gave no answer.
            SourceMismatchError: where the lake is not the feed's.
        """
        ...

    def restore(self, hour: datetime, now: datetime) -> list[IngestResult]:
        """Add an hour's recorded snapshots that raw lacks; none for a feed without a past.

        Raises:
            SourceMismatchError: where the lake is not the feed's.
        """
        ...

    def recorded_hours(self, first: datetime, last: datetime) -> set[datetime]:
        """The hours of a range (both ends included) that it could restore."""
        ...


class LocalIngest:
    """Ingest in this process."""

    def __init__(self, store: LakeStore, feed: Feed) -> None:
        self._store, self._feed = store, feed
        self.source, self.live = feed.name, feed.live
        self.links: dict[str, str] = {}

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:
        """See Ingest."""
        return take_snapshot(self._store, self._feed, ingested_at, now)

    def restore(self, hour: datetime, now: datetime) -> list[IngestResult]:
        """See Ingest."""
        return restore_hour(self._store, self._feed, hour, now)

    def recorded_hours(self, first: datetime, last: datetime) -> set[datetime]:
        """See Ingest."""
        return self._feed.recorded_hours(first, last)
