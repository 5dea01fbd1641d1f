"""What a file says of its own time, for names that leave it open."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable, Dict, Optional, Tuple

from velib_assets.ingest.feeds.archive_values import portal_value
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.json_document import load_json, split_head
from velib_assets.ingest.raw_object import gunzip, head_of
from velib_assets.ingest.response import UnusableError

_TIMES = ("last_updated", "lastUpdatedOther", "lastUpdated")


def is_envelope(document: bytes) -> bool:
    """Whether a document is that of a raw object, by the members before its `results`."""
    split = split_head(document)
    return split is not None and "ingested_at" in split[0]


def peek(read: Callable[[str], bytes], path: str) -> Tuple[bool, Optional[datetime]]:
    """Return whether a file is a raw object, and the time (UTC) that a GBFS file gives of itself."""
    try:
        stored = read(path)
        if "ingested_at" in head_of(stored):
            return True, None
        return False, _own_time(load_json(gunzip(stored)))
    except (FeedError, UnusableError):
        return False, None


def _own_time(document: Any) -> Optional[datetime]:  # noqa: ANN401 - JSON is any shape
    head: Dict[str, Any] = document if isinstance(document, dict) else {}
    value = next((head[name] for name in _TIMES if head.get(name)), None)
    text = portal_value("duedate", value)
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    utc = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    return utc.replace(microsecond=0)
