"""The raw object: one usable snapshot in its envelope, written once and verified on every read.

Belongs here: the envelope's bytes, both ways. Does not: where it is stored or what its records mean.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from datetime import datetime, timezone
from typing import Any, NamedTuple, Optional, Tuple

from velib_assets.core.answers import OPENDATA, Decoded, UnusableError, load_json
from velib_assets.core.layout import SOURCE

_RESULTS = re.compile(rb'"results"\s*:\s*')
_HEAD = 4096


class Raw(NamedTuple):
    """A raw object, opened: the whole JSON document, whose records they are, their count if it says."""

    feed: str
    document: bytes
    record_count: Optional[int]


def encode_raw(
    feed: str, ingested_at: datetime, fetched_at: datetime, decoded: Decoded, origin: str = ""
) -> bytes:
    """The gzipped envelope of a usable snapshot; the same arguments give the same bytes.

    `origin` says which recorded file it was restored from, where it was.
    """
    head = {
        "source": SOURCE,
        "feed": feed,
        "ingested_at": iso(ingested_at),
        "fetched_at": iso(fetched_at),
        "record_count": len(decoded.records),
        "sha256": hashlib.sha256(decoded.results).hexdigest(),
    }
    if origin:
        head["restored_from"] = origin
    opening = json.dumps(head, ensure_ascii=False)[:-1].encode("utf-8")
    return gzip.compress(opening + b', "results": ' + decoded.results + b"}", 6, mtime=0)


def open_raw(stored: bytes) -> Raw:
    """Unpack a stored raw object, gzipped or not, and verify its hash where it records one.

    Raises:
        UnusableError: `not_gzip`, `not_json`, `not_a_list` or `hash_mismatch`.
    """
    document = gunzip(stored) if stored[:2] == b"\x1f\x8b" else stored
    head, results = _split(document)
    recorded = head.get("sha256")
    if isinstance(recorded, str) and hashlib.sha256(results).hexdigest() != recorded:
        raise UnusableError(
            "hash_mismatch", "its records are not those that were stored: their SHA-256 differs"
        )
    feed, count = head.get("feed"), head.get("record_count")
    return Raw(
        feed if isinstance(feed, str) else OPENDATA,
        document,
        count if isinstance(count, int) else None,
    )


def gunzip(stored: bytes) -> bytes:
    """Unpack gzip.

    Raises:
        UnusableError: `not_gzip`, where the bytes are damaged or cut short.
    """
    try:
        return gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableError("not_gzip", f"it does not unpack: {error}") from None


def iso(moment: datetime) -> str:
    """`2022-06-04T17:34:59+00:00`, the way every time is written in the lake's JSON."""
    return moment.astimezone(timezone.utc).isoformat()


def _split(document: bytes) -> Tuple[Any, bytes]:
    """The envelope's head, and the bytes of its `results`; quick for our own form, exact for any."""
    match = _RESULTS.search(document, 0, _HEAD)
    if match and document.endswith(b"]}"):
        try:
            return json.loads(document[: match.end()] + b"null}"), document[match.end() : -1]
        except ValueError:
            pass
    return _split_any(document)


def _split_any(document: bytes) -> Tuple[Any, bytes]:
    parsed = load_json(document, "the raw object")
    if not isinstance(parsed, dict) or not isinstance(parsed.get("results"), list):
        raise UnusableError("not_a_list", "the raw object has no list 'results'")
    text, decoder = document.decode("utf-8-sig"), json.JSONDecoder()
    position, span = text.index("{") + 1, (0, 0)
    while True:
        position = _skip(text, position)
        key, position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        _, end = decoder.raw_decode(text, position)
        if key == "results":
            span = (position, end)
        position = _skip(text, end)
        if position >= len(text):
            return parsed, text[span[0] : span[1]].encode("utf-8")


def _skip(text: str, position: int) -> int:
    """The next place that is neither white space nor punctuation between members."""
    while position < len(text) and text[position] in " \t\r\n,:}":
        position += 1
    return position
