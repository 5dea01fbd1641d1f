"""The table of live feeds. To add a feed, write its file and add it here."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from velib_assets.ingest.feeds import gbfs, opendata
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.gbfs_definition import gbfs_definition
from velib_assets.lake.network import KEY, VELIB

FEEDS: Dict[str, FeedDefinition] = {
    feed.name: feed
    for feed in (
        opendata.FEED,
        gbfs.FEED,
    )
}


def definition_of(feed: str, network: str = KEY, said: Mapping[str, Any] = {}) -> FeedDefinition:
    """Return the definition of a feed's records; other sources (the simulator) use the portal's form.

    Args:
        feed: the feed, as in raw objects.
        network: the key of the network. Vélib's GBFS feed has fields of its own.
        said: the member `gbfs` of the raw object's head; an object that has it has GBFS records.
    """
    if network != VELIB and (feed == gbfs.FEED.name or said):
        return gbfs_definition(network, said)
    definition = FEEDS.get(feed, opendata.FEED)
    return definition if definition.network == network else definition._replace(network=network)
