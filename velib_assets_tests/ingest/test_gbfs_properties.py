"""Whatever the files of a GBFS feed contain, decoding them ends with records or with a reason."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.gbfs_discovery import absolute_url, next_documents, read_discovery, without_secrets
from velib_assets.ingest.raw_object import encode_raw, head_of
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets_tests.ingest.gbfs_city import PARTS, data, file, listed

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
NAMES = (
    *("data", "feeds", "name", "url", "versions", "version", "datasets", "stations", "regions", "headers"),
    *("vehicle_types", "station_id", "region_id", "vehicle_type_id", "vehicle_types_available", "text"),
    *("language", "languages", "timezone", "system_id", "form_factor", "propulsion_type", "count", "en"),
    *("vehicle_docks_available", "vehicle_type_ids", "last_reported", "is_renting", "status", "gbfs"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "", "5288", "2.3", "v3.0", "Europe/Paris", "http://h/x?key=1", "//[", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)


def bodies(**replaced: object) -> dict[str, bytes]:
    """Return the files of a feed, some replaced."""
    files = {part: file(data(part)).body for part in PARTS}
    discovery = file({"fr": listed(*PARTS)}).body
    return {
        "gbfs": discovery,
        **files,
        **{part: json.dumps(document).encode() for part, document in replaced.items()},
    }


def check_ends(response: FeedResponse, network: str) -> None:
    """Decode a response: it is unusable, or it has records that can be stored, and a readable head."""
    with suppress(UnusableError):
        decoded = decode(response, network)
        audit(decoded.records, response.feed, network, decoded.gbfs)
        assert head_of(encode_raw("gbfs", NOW, NOW, decoded))["record_count"] == len(decoded.records)
        assert all(isinstance(text, str) for text in decoded.system.values())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["gbfs", *PARTS]), JSON, st.sampled_from(["rouen", "velib"]))
def test_any_file_ends(part: str, document: object, network: str) -> None:
    check_ends(FeedResponse("gbfs", bodies(**{part: document})), network)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PARTS), st.lists(JSON, max_size=3), st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_entry_ends(part: str, entries: list[object], changes: dict[str, Any]) -> None:
    content = data(part)
    for name, value in content.items():
        content[name] = (
            [*entries, *({**entry, **changes} for entry in value)] if isinstance(value, list) else value
        )
    check_ends(FeedResponse("gbfs", bodies(**{part: {"data": content}})), "rouen")


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_discovery_document_leads_on_or_not(document: object) -> None:
    discovery = read_discovery(document)
    language = discovery.language("fr")
    assert (language in discovery.languages) is bool(discovery.languages)
    for url in [*discovery.feeds(language).values(), *next_documents(document)]:
        with suppress(ValueError):
            assert isinstance(absolute_url(url, "https://h/gbfs.json", "https://h/gbfs.json?key=1"), str)
    assert b"?key=1" not in without_secrets(json.dumps(document).encode())
