"""A GBFS feed over HTTP: from the URL of its discovery document to the raw object."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.raw_object import encode_raw, gunzip, head_of
from velib_assets.ingest.response import Decoded, decode
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.ingest.gbfs_city import PARTS, ROOT, information, serve, status

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
MOVED = 301


def decoded(url: str) -> Decoded:
    return decode(GbfsFeed(url).fetch(NOW), "rouen")


def head(url: str) -> dict[str, Any]:
    """Return the head of the raw object of a feed."""
    found: dict[str, Any] = head_of(encode_raw("gbfs", NOW, NOW, decoded(url)))["gbfs"]
    return found


def names(url: str) -> list[Any]:
    return [record["information"]["name"] for record in decoded(url).records]


def test_raw_object_has_the_joined_stations_and_their_region(server: LocalServer) -> None:
    url = serve(server)
    raw = json.loads(gunzip(encode_raw("gbfs", NOW, NOW, decoded(url))))
    assert raw["results"] == [
        {
            "information": information("5288", region_id="r1"),
            "status": status("5288"),
            "region": {"region_id": "r1", "name": "Rive droite"},
        },
        {"information": information("5253"), "status": status("5253")},
    ]
    assert raw["gbfs"] == {
        "version": "2.3",
        "language": "fr",
        "vehicle_types": {"bike": "human", "ebike": "electric_assist"},
    }
    assert server.paths()[0] == f"{ROOT}/gbfs.json"
    assert sorted(server.paths()[1:]) == sorted(f"{ROOT}/{part}.json" for part in PARTS)
