"""Compares a recorded snapshot with the one that raw has for the same time."""

from __future__ import annotations

import hashlib
import json

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import hour_of, hour_text, iso_z
from velib_assets.lake.store import LakeStore

DIFFERENT = "different"


def difference_from_raw(store: LakeStore, key: str, recorded: RecordedSnapshot) -> str:
    """Return a message if the archive has other records than raw for this time, or several files; else "".

    Raw stays in any case. Records are compared by the hash of their bytes, then by value.
    """
    if recorded.problem or _same_records(store, key, recorded):
        return ""
    hour = hour_text(hour_of(recorded.taken_at))
    return (
        f"the archive has other records than raw for {iso_z(recorded.taken_at)}; "
        f"{store.address(key)} stays. To load the archive's, run "
        f"`velib discard {hour} {hour} --snapshot {key} --reason TEXT`, then this backfill again"
    )


def _same_records(store: LakeStore, key: str, recorded: RecordedSnapshot) -> bool:
    """Whether both have the same records; true if either cannot be read, which other checks report."""
    try:
        decoded = decode(recorded.response)
        raw = open_raw(store.read(key))
    except (UnusableError, FileNotFoundError):
        return True
    if hashlib.sha256(decoded.results).digest() == hashlib.sha256(raw.results).digest():
        return True
    records = json.loads(raw.document.decode("utf-8-sig"))["results"]
    return bool(records == decoded.records)
