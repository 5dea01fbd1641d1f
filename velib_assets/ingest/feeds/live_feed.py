"""Fetches any live feed from its definition."""

from __future__ import annotations

from datetime import datetime
from typing import Mapping, Optional

from velib_assets.ingest.feeds import gbfs
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed, gbfs_url_of
from velib_assets.ingest.http import Fetcher, base_url_of
from velib_assets.ingest.redaction import secrets_of
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import VELIB


class LiveFeed(Feed):
    """A feed over HTTP that provides only the current state.

    Args:
        definition: which feed.
        base_url: another host than the feed's own, without the path.
        fetcher: how to fetch; the default spends up to 45 s on all files together.

    Raises:
        ValueError: if `base_url` is not a base URL.
    """

    live = True

    def __init__(
        self, definition: FeedDefinition, base_url: str = "", *, fetcher: Optional[Fetcher] = None
    ) -> None:
        base = base_url_of(base_url or definition.base_url)
        self.name = definition.name
        self._urls = {part: base + path for part, path in definition.files}
        self._fetcher = fetcher or Fetcher(setting=definition.setting)

    def fetch(self, at: datetime) -> FeedResponse:  # noqa: ARG002 - there is only the current state
        """See Feed."""
        fetched = dict(zip(self._urls, self._fetcher.fetch(list(self._urls.values()))))
        return FeedResponse(
            self.name,
            {part: response.body for part, response in fetched.items()},
            {part: response.headers for part, response in fetched.items()},
            secrets=secrets_of(*self._urls.values(), *(response.url for response in fetched.values())),
        )


def live_feed(
    name: str,
    base_url: str = "",
    environ: Mapping[str, str] = {},
    *,
    network: str = SOURCE,
    needed: bool = True,
) -> Feed:
    """Return the live feed with this name.

    Args:
        name: as in VELIB_SOURCE.
        base_url: another host than the feed's own; for a GBFS feed also the URL of its discovery document.
        environ: settings, of which the feed's own applies if `base_url` is empty.
        network: the key of the network.
        needed: whether the feed is fetched here, so that another network's URL is required.

    Raises:
        ValueError: if there is no such feed, the URL is invalid, or another network's is missing.
    """
    if name not in FEEDS:
        raise ValueError(f"source {name!r} is not a live feed. Use one of: {', '.join(FEEDS)}")
    setting = FEEDS[name].setting
    try:
        url = feed_url(FEEDS[name], base_url or environ.get(setting, "").strip(), network, needed=needed)
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from None
    return GbfsFeed(url) if is_discovery_url(FEEDS[name], url, network) else LiveFeed(FEEDS[name], url)


def feed_url(definition: FeedDefinition, url: str = "", network: str = SOURCE, *, needed: bool = True) -> str:
    """Return the URL of a feed: the definition's own where `url` is empty.

    Raises:
        ValueError: if it has another form, or if it is `needed` and Vélib's, for another network.
    """
    if url in ("", definition.base_url):
        if needed and definition is gbfs.FEED and network != VELIB:
            raise ValueError(f"is required for the network {network}: write the URL of its gbfs.json")
        return definition.base_url
    return gbfs_url_of(url) if is_discovery_url(definition, url, network) else base_url_of(url)


def is_discovery_url(definition: FeedDefinition, url: str, network: str = SOURCE) -> bool:
    """Return whether a URL is that of a discovery document: `…/gbfs.json`, or any of another network."""
    if definition is not gbfs.FEED:
        return False
    last = url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    return network != VELIB or last == "gbfs.json"
