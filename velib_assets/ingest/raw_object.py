"""The raw object: one usable snapshot in its envelope, written once and verified on every read.

Belongs here: the envelope's bytes, both ways. Does not: where it is stored or what its records mean.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from datetime import datetime, timezone
from typing import Any, Dict, NamedTuple, Tuple

from velib_assets.ingest.json_span import results_span
from velib_assets.ingest.response import (
    MAX_BYTES,
    MAX_DEPTH,
    OPENDATA,
    Decoded,
    UnusableError,
    load_json,
    too_deep,
    too_large,
)
from velib_assets.lake.keys import SOURCE

_RESULTS = re.compile(rb'"results"\s*:\s*')
_HEAD = 4096
_GZIP = 31  # zlib's word for a gzip header, which then holds no time
_MOST_MEMBERS = 100  # each costs a copy of all that follows it


class OpenedRaw(NamedTuple):
    """A raw object, opened: whose records they are, the whole JSON document, and its `results` in it.

    Where something follows the records `results` may hold that too, up to the last brace.
    """

    feed: str
    document: bytes
    results: memoryview


def encode_raw(feed: str, ingested_at: datetime, fetched_at: datetime, decoded: Decoded) -> bytes:
    """The gzipped envelope of a usable snapshot; the same arguments give the same bytes."""
    head = {
        "source": SOURCE,
        "feed": feed,
        "ingested_at": iso(ingested_at),
        "fetched_at": iso(fetched_at),
        "record_count": len(decoded.records),
        "sha256": hashlib.sha256(decoded.results).hexdigest(),
    }
    opening = json.dumps(head, ensure_ascii=False)[:-1].encode("utf-8")
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)  # unlike gzip.compress, alike in every Python
    return packer.compress(opening + b', "results": ' + decoded.results + b"}") + packer.flush()


def open_raw(stored: bytes) -> OpenedRaw:
    """Unpack a stored raw object, gzipped or not, and verify its hash where it records one.

    Raises:
        UnusableError: `not_gzip`, `too_large`, `not_json`, `not_a_list` or `hash_mismatch`.
    """
    most = MAX_BYTES + _HEAD
    document = gunzip(stored, most) if stored[:2] == b"\x1f\x8b" else stored
    if len(document) > most:
        raise too_large()
    head, results = _quick(document)
    if not _agrees(head.get("sha256"), results):
        head, results = _exact(document)  # something may follow the records
        if not _agrees(head.get("sha256"), results):
            raise UnusableError(
                "hash_mismatch", "its records are not those that were stored: their SHA-256 differs"
            )
    feed = head.get("feed")
    return OpenedRaw(feed if isinstance(feed, str) else OPENDATA, document, results)


def gunzip(stored: bytes, most: int = MAX_BYTES) -> bytes:
    """Unpack gzip of at most `most` bytes; a bomb costs no more than that.

    Raises:
        UnusableError: `not_gzip`, where the bytes are damaged or cut short; `too_large`.
    """
    members, left, room = [], stored, most
    while left:
        packed = zlib.decompressobj(_GZIP)
        try:
            members.append(packed.decompress(left, room + 1))
        except zlib.error as error:
            raise UnusableError("not_gzip", f"it does not unpack: {error}") from None
        room -= len(members[-1])
        if room < 0:
            raise too_large()
        if not packed.eof:
            raise UnusableError("not_gzip", "it does not unpack: it is cut short")
        if len(members) > _MOST_MEMBERS:
            raise UnusableError("not_gzip", f"it does not unpack: it has over {_MOST_MEMBERS} members")
        left = packed.unused_data.lstrip(b"\0")
    return members[0] if len(members) == 1 else b"".join(members)


def iso(moment: datetime) -> str:
    """`2022-06-04T17:34:59+00:00`, the way every time is written in the lake's JSON."""
    return moment.astimezone(timezone.utc).isoformat()


def _quick(document: bytes) -> Tuple[Dict[str, Any], memoryview]:
    """Head and `results` of our own form, where it comes last, without parsing the records."""
    match = _RESULTS.search(document, 0, _HEAD)
    if match and document.endswith(b"]}"):
        try:
            head = json.loads(document[: match.end()] + b"null}")
            if not too_deep(head, MAX_DEPTH):
                return head, memoryview(document)[match.end() : -1]  # no copy
        except (ValueError, RecursionError):
            pass
    return _exact(document)


def _exact(document: bytes) -> Tuple[Dict[str, Any], memoryview]:
    parsed = load_json(document, "the raw object")
    if not isinstance(parsed, dict) or not isinstance(parsed.get("results"), list):
        raise UnusableError("not_a_list", "the raw object has no list 'results'")
    text = document.decode("utf-8-sig")
    start, end = results_span(text)
    return parsed, memoryview(text[start:end].encode("utf-8"))


def _agrees(recorded: object, results: memoryview) -> bool:
    return not isinstance(recorded, str) or hashlib.sha256(results).hexdigest() == recorded
