"""The city's portal: every station's state in one request.

Belongs here: the address of the export and the shape of its answer. Does not: HTTP (http), records.
The `/records` endpoint pages over a set that is rewritten each minute; the export is one state.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, Optional, Set

from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.http import Fetcher, base_url_of
from velib_assets.ingest.response import OPENDATA, FeedResponse

OPENDATA_URL = "https://opendata.paris.fr"
EXPORT_PATH = "/api/explore/v2.1/catalog/datasets/velib-disponibilite-en-temps-reel/exports/json"


class OpenData:
    """The data set `velib-disponibilite-en-temps-reel` of an Opendatasoft portal; it has no past.

    Args:
        base_url: the portal, without the API's path.
        fetcher: how to ask; the default tries for 45 s.

    Raises:
        ValueError: where `base_url` is none.
    """

    name = "opendata"
    live = True

    def __init__(self, base_url: str = OPENDATA_URL, *, fetcher: Optional[Fetcher] = None) -> None:
        self._url = base_url_of(base_url) + EXPORT_PATH
        self._fetcher = fetcher or Fetcher(setting="VELIB_OPENDATA_URL")

    def fetch(self, at: datetime) -> FeedResponse:  # noqa: ARG002 - the portal knows only now
        """The export as it is now.

        Raises:
            FeedError: where there is no answer within the deadline.
        """
        (body,) = self._fetcher.fetch([self._url])
        return FeedResponse(OPENDATA, {"body": body})

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:  # noqa: ARG002
        """None: a snapshot that was not taken is gone."""
        return set()

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:  # noqa: ARG002
        """None: a snapshot that was not taken is gone."""
        return iter(())
