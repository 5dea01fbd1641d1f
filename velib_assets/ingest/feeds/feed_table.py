"""The table of live feeds. To add a feed, write its file and add it here."""

from __future__ import annotations

from typing import Dict

from velib_assets.ingest.feeds import gbfs, opendata
from velib_assets.ingest.feeds.definition import FeedDefinition

FEEDS: Dict[str, FeedDefinition] = {
    feed.name: feed
    for feed in (
        opendata.FEED,
        gbfs.FEED,
    )
}


def definition_of(feed: str) -> FeedDefinition:
    """Return the definition of a feed's records; other sources (the simulator) use the portal's form."""
    return FEEDS.get(feed, opendata.FEED)
