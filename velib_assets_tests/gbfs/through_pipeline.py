"""Brings the files of a GBFS feed of another network than Vélib' from its URL to rows, in this process."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from velib_assets.clean import hour as hour_module
from velib_assets.clean.gbfs_fast_path import type_gbfs_fast
from velib_assets.clean.hour import HourRows, RawObject, clean_hour
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.raw_object import encode_raw, open_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import hour_of, raw_key
from velib_assets_tests.http_server import LocalServer, Reply

NETWORK = "invented"
_roots = itertools.count()


def new_root(server: LocalServer) -> str:
    """Return a URL of the server below which nothing is yet."""
    return f"{server.url}/{next(_roots)}"


def publish(server: LocalServer, root: str, files: Mapping[str, bytes]) -> str:
    """Serve files below a root, and return the URL of the discovery document."""
    for name, body in files.items():
        server.queue(f"{root.removeprefix(server.url)}/{name}.json", Reply(200, body))
    return f"{root}/gbfs.json"


def fetch(url: str, at: datetime) -> FeedResponse:
    """Fetch the files of a feed as the pipeline does."""
    return GbfsFeed(url).fetch(at)


def raw_of(response: FeedResponse, at: datetime, network: str = NETWORK) -> RawObject:
    """Store a response as the ingest step does.

    Raises:
        UnusableError: the response is not usable.
    """
    decoded = decode(response, network)
    audit(decoded.records, response.feed, network, decoded.gbfs)
    return RawObject(raw_key(at), "hash", encode_raw(response.feed, at, at, decoded))


def clean_both(raws: list[RawObject], at: datetime, network: str = NETWORK) -> HourRows:
    """Clean raw objects by both paths, which must agree; the summary may differ in nothing either."""
    quick = clean_hour(hour_of(at), raws, network=network)
    with pytest.MonkeyPatch.context() as patch:
        for path in ("type_fast", "type_gbfs_fast"):
            patch.setattr(hour_module, path, lambda *_: None)
        slow = clean_hour(hour_of(at), raws, network=network)
    assert quick.table.to_pylist() == slow.table.to_pylist()
    assert quick._replace(table=slow.table) == slow
    return quick


def takes_fast_path(raw: RawObject, network: str = NETWORK) -> bool:
    """Return whether the fast path types a raw object of another network than Vélib'."""
    opened = open_raw(raw.data)
    return bool(type_gbfs_fast([opened.results], definition_of(opened.feed, network, opened.gbfs)))


def rows(result: HourRows) -> list[dict[str, Any]]:
    """Return the rows, with times as UTC without a zone."""
    return [
        {
            name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in result.table.to_pylist()
    ]
