"""What a feed says of itself is kept in the raw object's head."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feed_info import announced_records
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.raw_object import encode_raw, head_of
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import Ingest, store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, pair, records

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
HEADERS = {"etag": 'W/"5f0"', "Last-Modified": "Mon, 23 Nov 2026 10:14:02 GMT", "X-Other": "x"}
FROM_HEADERS = {"ETag": 'W/"5f0"', "Last-Modified": "Mon, 23 Nov 2026 10:14:02 GMT"}


def page(**members: Any) -> bytes:
    return json.dumps({**members, "results": records()}).encode()


def stored_head(store: FolderStore, key: str) -> dict[str, Any]:
    """Return the head, which readers find in the first 4,096 bytes of the document."""
    stored = store.read(key)
    assert b'"results"' in gzip.decompress(stored)[:4096]
    return head_of(stored)


def info_of(body: bytes, **headers: str) -> Any:
    decoded = decode(FeedResponse("opendata", {"body": body}, {"body": headers}))
    return head_of(encode_raw("opendata", HOUR, HOUR, decoded)).get("feed_info")


def test_headers_of_the_portal_are_kept(tmp_path: Path, server: LocalServer) -> None:
    server.queue(EXPORT_PATH, Reply(200, body(records()), HEADERS))
    store = FolderStore(tmp_path)
    result = Ingest(store, live_feed("opendata", server.url)).take(NOW, NOW)
    head = stored_head(store, result.key)
    assert head["feed_info"] == {"body": FROM_HEADERS}
    assert list(head)[-2:] == ["feed_info", "results"]


def test_members_and_headers_of_both_gbfs_files_are_kept(tmp_path: Path, server: LocalServer) -> None:
    """Vélib' says `lastUpdatedOther`, others `last_updated` and `version`."""
    parts = ("station_information", "station_status")
    members: tuple[dict[str, Any], ...] = (
        {"lastUpdatedOther": 1763892842, "ttl": 3600},
        {"last_updated": 1763892900, "version": "2.3"},
    )
    for part, said in zip(parts, members):
        document = {
            **said,
            "other": 1,
            "data": {"stations": [pair()["information" if part == parts[0] else "status"]]},
        }
        server.queue(
            f"/opendata/Velib_Metropole/{part}.json", Reply(200, json.dumps(document).encode(), HEADERS)
        )
    store = FolderStore(tmp_path)
    result = Ingest(store, live_feed("gbfs", server.url)).take(NOW, NOW)
    assert stored_head(store, result.key)["feed_info"] == {
        part: {**said, **FROM_HEADERS} for part, said in zip(parts, members)
    }


@pytest.mark.parametrize("last", [True, False])
def test_announced_count_of_a_page_is_kept_wherever_it_stands(last: bool) -> None:
    members = {"results": records(), "total_count": 1467}
    document = dict(reversed(members.items())) if last else members
    assert info_of(json.dumps(document).encode()) == {"body": {"total_count": 1467}}


@pytest.mark.parametrize("document", [body(records()), page(), page(other=1)])
def test_feed_that_says_nothing_adds_nothing(document: bytes) -> None:
    """Raw objects keep the bytes that they had before."""
    assert info_of(document) is None


@pytest.mark.parametrize(
    "value", ["x" * 500, "é" * 100, ["1.0"], {"a": 1}, None, True, float("nan"), 10**500, "\ud800"], ids=type
)
def test_value_that_is_no_short_text_or_number_is_left_out(value: object) -> None:
    """A hostile feed must not push `results` out of the bytes in which readers look for it."""
    assert info_of(page(version=value, ttl=60)) == {"body": {"ttl": 60}}


def test_longest_head_fits() -> None:
    longest = dict.fromkeys(("last_updated", "lastUpdatedOther", "ttl", "version"), "\x00" * 19)
    parts = {
        part: json.dumps({**longest, "data": {"stations": [row]}}).encode()
        for part, row in (
            ("station_information", pair()["information"]),
            ("station_status", pair()["status"]),
        )
    }
    headers = {part: dict.fromkeys(("ETag", "Last-Modified"), "x" * 118) for part in parts}
    stored = encode_raw("gbfs", HOUR, HOUR, decode(FeedResponse("gbfs", parts, headers)))
    assert len(head_of(stored)["feed_info"]["station_status"]) == 6
    assert gzip.decompress(stored).index(b'"results"') < 4096


def test_restored_raw_object_keeps_what_the_feed_said(tmp_path: Path) -> None:
    """A lake is an archive, and the response's headers are nowhere else."""
    store, copy = FolderStore(tmp_path / "one"), FolderStore(tmp_path / "two")
    response = FeedResponse("opendata", {"body": page(total_count=40)}, {"body": HEADERS})
    key = store_or_quarantine(store, response, at(15), NOW).key
    Ingest(copy, Archive(tmp_path / "one")).restore(HOUR, NOW)
    assert head_of(copy.read(key)) == head_of(store.read(key))


@pytest.mark.parametrize(
    ("head", "count"),
    [
        ({"feed_info": {"body": {"total_count": 1467}}}, 1467),
        ({"total_count": 1467}, 1467),
        ({"feed_info": {"body": {"ttl": 1}}}, None),
        ({"feed_info": 7, "total_count": 3}, 3),
        ({"total_count": "1467"}, None),
        ({"total_count": -1}, None),
        ({"total_count": True}, None),
        ({}, None),
    ],
)
def test_announced_count_is_read_from_an_envelope_or_a_page(head: dict[str, Any], count: int | None) -> None:
    assert announced_records(head) == count


def test_head_of_damaged_bytes_is_empty() -> None:
    good = encode_raw("opendata", HOUR, HOUR, decode(FeedResponse("opendata", {"body": body(records())})))
    assert head_of(good)["record_count"] == 40
    assert head_of(good[: len(good) // 2])["record_count"] == 40
    for bad in (b"", b"\x1f\x8b", b"\x1f\x8bxxxxxxxxxxxxxx", b"[]", b"{", dump([1])):
        assert head_of(bad) == {}
