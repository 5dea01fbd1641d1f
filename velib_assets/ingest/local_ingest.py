"""The ingest resource: its interface, and its local form, which runs the step in this process."""

from datetime import datetime
from typing import Protocol

from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.step import IngestResult, restore_hour, take_snapshot
from velib_assets.lake.store import LakeStore


class Ingest(Protocol):
    """Brings snapshots into raw. All times are UTC.

    `take` and `restore` raise SourceMismatchError if the lake contains another source's snapshots.
    """

    source: str
    """The feed's name, as in VELIB_SOURCE."""

    live: bool
    """Whether the feed provides the current state, so that a tick can use it."""

    links: dict[str, str]
    """Labelled links to the service that runs the step; none for the local form."""

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:
        """Take the snapshot of `ingested_at` now.

        Raises:
            FeedError: if the feed gives no response.
        """
        ...

    def restore(self, hour: datetime, now: datetime) -> list[IngestResult]:
        """Add the recorded snapshots of an hour that raw does not have yet."""
        ...

    def recorded_hours(self, first: datetime, last: datetime) -> set[datetime]:
        """Return the hours from `first` to `last` (both included) that can be restored."""
        ...


class LocalIngest:
    """Runs the ingest step in this process."""

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
