"""The raw object: one usable snapshot in an envelope, written once and verified on every read."""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from velib_assets.ingest.feed_info import FEED_INFO
from velib_assets.ingest.gbfs_records import GBFS_HEAD
from velib_assets.ingest.json_document import HEAD, MAX_DEPTH, load_json, split_head, too_deep
from velib_assets.ingest.response import GBFS, MAX_BYTES, OPENDATA, Decoded, UnusableError, too_large
from velib_assets.lake.keys import SOURCE, iso_utc

MAX_RAW_BYTES = MAX_BYTES + HEAD  # the envelope around the records included
_DECODER = json.JSONDecoder()
_GZIP = 31  # zlib's window bits for a gzip header, which then has no time
_MISSING_COLUMNS = "missing_columns"
_MAX_MEMBERS = 100  # each costs a copy of the rest


class OpenedRaw(NamedTuple):
    """An opened raw object: its feed, the whole JSON document, and the bytes of its `results`.

    If other members follow `results`, the bytes may include them, up to the last brace. `gbfs` is what a
    GBFS feed said beside its records; see `definition_of`.
    """

    feed: str
    document: bytes
    results: memoryview
    gbfs: Mapping[str, Any] = {}


def encode_raw(
    feed: str, ingested_at: datetime, fetched_at: datetime, decoded: Decoded, missing: Sequence[str] = ()
) -> bytes:
    """Encode a usable snapshot as a gzipped envelope. Equal arguments give equal bytes.

    Args:
        feed: the feed of the records.
        ingested_at: when the snapshot was taken, UTC.
        fetched_at: when it was stored, UTC.
        decoded: the records.
        missing: columns of the table that the archive's file does not have.
    """
    head = {
        "source": SOURCE,
        "feed": feed,
        "ingested_at": iso_utc(ingested_at),
        "fetched_at": iso_utc(fetched_at),
        "record_count": len(decoded.records),
        "sha256": hashlib.sha256(decoded.results).hexdigest(),
        **({FEED_INFO: decoded.info} if decoded.info else {}),
        **({GBFS_HEAD: decoded.gbfs} if decoded.gbfs else {}),
        **({_MISSING_COLUMNS: list(missing)} if missing else {}),
    }
    opening = json.dumps(head, ensure_ascii=False)[:-1].encode("utf-8")
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)  # same bytes in every Python, unlike gzip.compress
    return packer.compress(opening + b', "results": ' + decoded.results + b"}") + packer.flush()


def open_raw(stored: bytes) -> OpenedRaw:
    """Decompress a stored raw object if needed, and verify its hash if it has one.

    Raises:
        UnusableError: `not_gzip`, `too_large`, `not_json`, `not_a_list` or `hash_mismatch`.
    """
    document = gunzip(stored, MAX_RAW_BYTES)
    if len(document) > MAX_RAW_BYTES:
        raise too_large()
    head, results = _split(document)
    if not _matches(head.get("sha256"), results):
        head, results = _parse(document)  # other members may follow the records
        if not _matches(head.get("sha256"), results):
            raise UnusableError(
                "hash_mismatch", "its records have changed since they were stored: their SHA-256 differs"
            )
    feed, gbfs = head.get("feed"), head.get(GBFS)
    return OpenedRaw(
        feed if isinstance(feed, str) else OPENDATA,
        document,
        results,
        gbfs if isinstance(gbfs, dict) else {},
    )


def head_of(stored: bytes) -> Dict[str, Any]:
    """Return the members before `results` of a stored raw object, from its first bytes alone.

    Empty if they cannot be read.
    """
    start = stored[:HEAD]
    if start.startswith(b"\x1f\x8b"):
        try:
            start = zlib.decompressobj(_GZIP).decompress(start, HEAD)
        except zlib.error:
            return {}
    split = split_head(start)
    return split[0] if split else {}


def missing_columns(head: Mapping[str, Any]) -> List[str]:
    """Return the columns of the table that the archive's file of a snapshot did not have, from its head."""
    names = head.get(_MISSING_COLUMNS)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def gunzip(stored: bytes, limit: int = MAX_BYTES) -> bytes:
    """Decompress gzip to at most `limit` bytes, so that a gzip bomb cannot exhaust memory.

    Other bytes are returned unmodified.

    Raises:
        UnusableError: `not_gzip` if the bytes are damaged or truncated; `too_large`.
    """
    if not stored.startswith(b"\x1f\x8b"):
        return stored
    members, left, remaining = [], stored, limit
    while left:
        packed = zlib.decompressobj(_GZIP)
        try:
            members.append(packed.decompress(left, remaining + 1))
        except zlib.error as error:
            raise UnusableError("not_gzip", f"it cannot be decompressed: {error}") from None
        remaining -= len(members[-1])
        if remaining < 0:
            raise too_large()
        if not packed.eof:
            raise UnusableError("not_gzip", "it cannot be decompressed: it is truncated")
        if len(members) > _MAX_MEMBERS:
            raise UnusableError("not_gzip", f"it cannot be decompressed: it has over {_MAX_MEMBERS} members")
        left = packed.unused_data.lstrip(b"\0")
    return members[0] if len(members) == 1 else b"".join(members)


def _split(document: bytes) -> Tuple[Dict[str, Any], memoryview]:
    """Split an envelope that ends with `results` without parsing the records; parse any other."""
    split = split_head(document)
    if split and document.endswith(b"]}") and not too_deep(split[0], MAX_DEPTH):
        return split[0], memoryview(document)[split[1] : -1]
    return _parse(document)


def _parse(document: bytes) -> Tuple[Dict[str, Any], memoryview]:
    parsed = load_json(document, "the raw object")
    if not isinstance(parsed, dict) or not isinstance(parsed.get("results"), list):
        raise UnusableError("not_a_list", "the raw object has no list 'results'")
    text = document.decode("utf-8-sig")
    start, end = _results_span(text)
    return parsed, memoryview(text[start:end].encode("utf-8"))


def _results_span(text: str) -> Tuple[int, int]:
    """Return the span of `results` in a valid JSON object that has it, at any position."""
    position, span = text.index("{") + 1, (0, 0)
    while (position := _skip(text, position)) < len(text):
        key, position = _DECODER.raw_decode(text, position)
        start = _skip(text, position)
        _, position = _DECODER.raw_decode(text, start)
        if key == "results":
            span = (start, position)
    return span


def _skip(text: str, position: int) -> int:
    """Return the next position after white space and punctuation between members."""
    while position < len(text) and text[position] in " \t\r\n,:}":
        position += 1
    return position


def _matches(recorded: object, results: memoryview) -> bool:
    return not isinstance(recorded, str) or hashlib.sha256(results).hexdigest() == recorded
