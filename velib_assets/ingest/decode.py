"""Decodes a response: its bytes become a list of records, and the bytes that raw stores of them."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from velib_assets.ingest.feed_info import GBFS_PARTS, feed_info
from velib_assets.ingest.gbfs_discovery import DISCOVERY, missing_feed
from velib_assets.ingest.gbfs_document import data_of, envelope_of, list_of
from velib_assets.ingest.gbfs_join import join_gbfs
from velib_assets.ingest.gbfs_records import GBFS_HEAD, gbfs_head, join_stations
from velib_assets.ingest.gbfs_system import language_of, other_network, system_facts
from velib_assets.ingest.json_document import (
    MAX_DEPTH,
    check_depth,
    dump,
    load_json,
    record_list,
    split_head,
)
from velib_assets.ingest.response import MAX_BYTES, Decoded, FeedResponse, UnusableError, too_large
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.network import VELIB

_DECODER = json.JSONDecoder()


def decode(response: FeedResponse, network: str = SOURCE) -> Decoded:
    """Decode a response into records.

    The bytes of the array are kept unmodified. They are encoded again, compactly and in the feed's order,
    only if other members follow them, and for GBFS files.

    Raises:
        UnusableError: if the bytes are not UTF-8 JSON with a list of records, are too many or nested too
            deeply; if required files are missing; or if the feed is of another network.
    """
    if max(map(len, response.bodies.values())) > MAX_BYTES:
        raise too_large()
    if "body" not in response.bodies:
        return _decode_gbfs(response, network)
    records, results, document = _array(response.bodies["body"])
    check_depth(records, MAX_DEPTH, "the response")
    head = document.get(GBFS_HEAD) if network != VELIB and isinstance(document, dict) else None
    info = feed_info({"body": document}, response.headers)
    return Decoded(records, results or dump(records), info, head if isinstance(head, dict) else {})


def _decode_gbfs(response: FeedResponse, network: str) -> Decoded:
    """Join the files of a GBFS feed. An optional file that cannot be read counts as missing."""
    documents = _documents(response.bodies)
    if reason := missing_feed(documents.get(DISCOVERY), documents):
        raise UnusableError("no_feed", reason)
    language = response.language or language_of(documents)
    if network == VELIB:
        records = join_gbfs(*(_stations(documents[part]) for part in GBFS_PARTS))
        if DISCOVERY in documents and (reason := other_network(records, documents)):
            raise UnusableError("other_network", reason)
        return Decoded(records, dump(records), feed_info(documents, response.headers))
    information, status = (_stations_of(documents[part], part) for part in GBFS_PARTS)
    if not status:
        raise UnusableError("empty", "station_status lists no stations")
    regions = list_of(documents.get("system_regions"), "regions") or []
    records, results = _joined(information, status, regions)
    return Decoded(
        records,
        results,
        feed_info({part: envelope_of(documents[part]) for part in GBFS_PARTS}, response.headers),
        gbfs_head(documents, records, language),
        system_facts(documents.get("system_information"), language),
    )


def _joined(
    information: List[Any], status: List[Any], regions: List[Any]
) -> Tuple[List[Dict[str, Any]], bytes]:
    """Join and encode the stations; without their regions if these make them too large, once per station."""
    records = join_stations(information, status, regions)
    try:
        return records, dump(records)
    except UnusableError:
        if not regions:
            raise
    return _joined(information, status, [])


def _documents(bodies: Mapping[str, bytes]) -> Dict[str, Any]:
    """Parse the parts of a GBFS response; optional ones that are not JSON are left out."""
    documents = {}
    for part, body in bodies.items():
        try:
            documents[part] = load_json(body, "the discovery document" if part == DISCOVERY else part)
        except UnusableError:
            if part in (*GBFS_PARTS, DISCOVERY):
                raise
    return documents


def _stations_of(document: object, part: str) -> List[Any]:
    stations = list_of(document, "stations")
    if stations is not None:
        return stations
    return record_list(data_of(document) if isinstance(document, dict) else document, "stations", part)


def _stations(document: object) -> List[Any]:
    """Return the entries of a GBFS file."""
    data = document.get("data") if isinstance(document, dict) else None
    return record_list(data if isinstance(data, dict) else document, "stations")


def _array(body: bytes) -> Tuple[List[Any], bytes, Any]:
    """Return the records, their bytes if they can be kept, and the document, perhaps without its records."""
    if page := _results_last(body):
        return page
    document = load_json(body)
    if isinstance(document, list):
        return document, body.decode("utf-8-sig").strip().encode("utf-8"), None
    return record_list(document), b"", document


def _results_last(body: bytes) -> Optional[Tuple[List[Any], bytes, Any]]:
    """Return the records of a page that ends with `results`, their bytes and the page's other members.

    None for other documents.
    """
    if not (split := split_head(body)):
        return None
    try:
        body[: split[1]].decode("utf-8")  # stricter than json.loads, which accepts encoded surrogates
        text = body[split[1] :].decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None  # `load_json` reports the problem
    is_page = isinstance(value, list) and text[end:].strip() == "}"
    return (value, text[:end].encode("utf-8"), split[0]) if is_page else None
