"""The operator's GBFS: two files that together say what the portal says in one.

Belongs here: their addresses, under one deadline. Does not: joining them (answers), HTTP (http).
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, Optional, Set

from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.http import Fetcher, base_url_of
from velib_assets.ingest.response import GBFS, FeedResponse

GBFS_URL = "https://velib-metropole-opendata.smovengo.cloud"
GBFS_PATH = "/opendata/Velib_Metropole"
PARTS = ("station_information", "station_status")


class Gbfs:
    """`station_information.json` and `station_status.json` of Vélib' Métropole; it has no past.

    Args:
        base_url: the host, without `/opendata/Velib_Metropole`.
        fetcher: how to ask; the default tries for 45 s, both files together.

    Raises:
        ValueError: where `base_url` is none.
    """

    name = "gbfs"
    live = True

    def __init__(self, base_url: str = GBFS_URL, *, fetcher: Optional[Fetcher] = None) -> None:
        folder = base_url_of(base_url) + GBFS_PATH
        self._urls = [f"{folder}/{part}.json" for part in PARTS]
        self._fetcher = fetcher or Fetcher(setting="VELIB_GBFS_URL")

    def fetch(self, at: datetime) -> FeedResponse:  # noqa: ARG002 - the operator knows only now
        """Both files as they are now.

        Raises:
            FeedError: where one of them does not answer within the deadline.
        """
        return FeedResponse(GBFS, dict(zip(PARTS, self._fetcher.fetch(self._urls))))

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:  # noqa: ARG002
        """None: a snapshot that was not taken is gone."""
        return set()

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:  # noqa: ARG002
        """None: a snapshot that was not taken is gone."""
        return iter(())
