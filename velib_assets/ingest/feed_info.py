"""The feed's metadata: the members beside its records, and two headers of the HTTP response."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional

MEMBERS = ("last_updated", "lastUpdatedOther", "ttl", "version", "total_count")
HEADERS = ("ETag", "Last-Modified")
GBFS_PARTS = ("station_information", "station_status")
PARTS = ("body", *GBFS_PARTS)
FEED_INFO = "feed_info"
_MAX_JSON = 120  # bytes of a value as JSON, so that an envelope's head stays short

FeedInfo = Dict[str, Dict[str, Any]]
"""Members and headers by part of the response; parts that say nothing are absent."""


def feed_info(documents: Mapping[str, object], headers: Mapping[str, Mapping[str, str]]) -> FeedInfo:
    """Return the feed's metadata.

    A value that is neither a number nor a short text is left out. An envelope's own `feed_info` is kept, so
    that restoring a raw object loses nothing.

    Args:
        documents: the members beside the records, by part.
        headers: the HTTP headers, by part.
    """
    body = documents.get("body")
    stored = body.get(FEED_INFO) if isinstance(body, dict) else None
    sources = stored if isinstance(stored, dict) else documents
    found = {part: _said(sources.get(part), headers.get(part, {})) for part in PARTS}
    return {part: said for part, said in found.items() if said}


def announced_records(head: Mapping[str, Any]) -> Optional[int]:
    """Return the number of records that the feed announced, from an envelope's or a page's members."""
    info = head.get(FEED_INFO)
    said = info.get("body") if isinstance(info, dict) else None
    count = (said if isinstance(said, dict) else head).get("total_count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def _said(members: object, headers: Mapping[str, str]) -> Dict[str, Any]:
    fields: Dict[str, Any] = members if isinstance(members, dict) else {}
    lower = {name.lower(): value for name, value in headers.items()}
    from_headers = {name: lower[name.lower()] for name in HEADERS if name.lower() in lower}
    values = {**{name: fields[name] for name in (*MEMBERS, *HEADERS) if name in fields}, **from_headers}
    return {name: value for name, value in values.items() if _is_short(value)}


def _is_short(value: object) -> bool:
    """Return whether a value is a number or a text that fits into an envelope's head."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    try:
        return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")) <= _MAX_JSON
    except ValueError:  # not a finite number, a lone surrogate, or too many digits
        return False
