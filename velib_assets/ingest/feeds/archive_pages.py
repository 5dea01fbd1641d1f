"""Puts pages of `/records` together: files that each announce more records than they have."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, List, NamedTuple, Set

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive_records import encode_page
from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.response import OPENDATA, FeedResponse

WITHIN = timedelta(minutes=1)  # from the first page of a state to its last
_MAX_SHARED = 0.1  # share of a page's stations that other pages of the same state may have


class Page(NamedTuple):
    """A file with fewer records than the `total` that it announces."""

    path: str
    snapshot: RecordedSnapshot
    total: int


class PageSet:
    """The pages of one state of the feed, beginning with the first."""

    def __init__(self, first: Page) -> None:
        self._pages: List[Page] = []
        self._records: List[Any] = []
        self._codes: Set[Any] = set()
        self._repeated: List[str] = []
        self._append(first, decode(first.snapshot.response).records)

    def is_open(self, at: datetime) -> bool:
        """Whether a page of this time can belong to the state."""
        first = self._pages[0]
        return len(self._records) < first.total and at - first.snapshot.taken_at < WITHIN

    def is_near(self, at: datetime) -> bool:
        """Whether a file of this time may be a page of the state, or a second copy of one."""
        several = len(self._pages) > 1 and at - self._pages[0].snapshot.taken_at < WITHIN
        return several or self.is_open(at)

    def add(self, new: Page) -> bool:
        """Add a page, unless it belongs to another state.

        A page that repeats stations of the pages before it begins another state. One that repeats nothing
        but such stations is a second copy if there are several pages already.
        """
        first = self._pages[0]
        same_feed = first.snapshot.response.feed == new.snapshot.response.feed
        if (
            new.total != first.total
            or not same_feed
            or new.snapshot.taken_at - first.snapshot.taken_at >= WITHIN
        ):
            return False
        records = decode(new.snapshot.response).records
        known = sum(self._code(record) in self._codes for record in records)
        if known == len(records) and len(self._pages) > 1:
            self._repeated.append(new.path)
            return True
        if not self.is_open(new.snapshot.taken_at) or known > _MAX_SHARED * len(records):
            return False
        self._append(new, records)
        return True

    def joined(self) -> RecordedSnapshot:
        """Return the snapshot of the pages: complete, or what there is. A single page stays unmodified."""
        first = self._pages[0].snapshot
        if len(self._pages) == 1:
            return first
        files = [one.snapshot.unmodified or one.snapshot.response for one in self._pages]
        return first._replace(
            response=FeedResponse(
                first.response.feed, {"body": encode_page(self._records, self._pages[0].total)}
            ),
            unmodified=FeedResponse(OPENDATA, {"body": b"\n".join(file.bodies["body"] for file in files)}),
            unread=tuple(self._repeated),
        )

    def _append(self, new: Page, records: List[Any]) -> None:
        self._pages.append(new)
        self._records += records
        self._codes.update(map(self._code, records))

    def _code(self, record: object) -> object:
        return definition_of(self._pages[0].snapshot.response.feed).station_code(record)
