"""Quarantines a response: its unmodified bytes, and beside them the reason as JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Dict

from velib_assets.ingest.ingest_result import QUARANTINED, IngestResult
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.lake.keys import hour_of, iso_utc, quarantine_stem
from velib_assets.lake.listing import REASON_ENDING
from velib_assets.lake.store import LakeStore


def quarantine(
    store: LakeStore, response: FeedResponse, ingested_at: datetime, now: datetime, error: UnusableError
) -> IngestResult:
    """Write the bytes of an unusable response and the reason, unless they are in quarantine already."""
    digest = hashlib.sha256(b"".join(response.bodies.values())).hexdigest()
    size = sum(len(body) for body in response.bodies.values())
    stem = quarantine_stem(hour_of(ingested_at), ingested_at, digest)
    keys = {part: f"{stem}.{part}" for part in response.bodies}
    for part, key in keys.items():
        store.create(key, response.bodies[part])
    reason = {
        "code": error.code,
        "reason": str(error),
        "feed": response.feed,
        "ingested_at": iso_utc(ingested_at),
        "fetched_at": iso_utc(now),
        "keys": sorted(keys.values()),
        "bytes": size,
    }
    write_reason(store, stem, reason)
    key = next(iter(keys.values()))
    return IngestResult(QUARANTINED, ingested_at, key, size=size, code=error.code, reason=str(error))


def write_reason(store: LakeStore, stem: str, reason: Dict[str, Any]) -> None:
    """Write the reason of a quarantine unless it exists."""
    text = json.dumps(reason, ensure_ascii=False, indent=2)
    store.create(stem + REASON_ENDING, text.encode("utf-8", "replace"))
