"""Reads the newest snapshot of the lake, for what a feed says beside its stations."""

from __future__ import annotations

import json
from typing import Any, List, NamedTuple, Optional

from velib_assets.ingest.raw_object import OpenedRaw, open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.listing import first_and_last_keys
from velib_assets.lake.store import LakeStore


class NewestRaw(NamedTuple):
    """The newest snapshot in raw, and its records."""

    opened: OpenedRaw
    records: List[Any]


def newest_raw(store: LakeStore) -> Optional[NewestRaw]:
    """Return the newest snapshot in raw; None if there is none, or it is damaged."""
    for key in first_and_last_keys(store)[-1:]:
        try:
            opened = open_raw(store.read(key))
            records = json.loads(bytes(opened.results))
        except (UnusableError, FileNotFoundError, ValueError, RecursionError):
            return None
        return NewestRaw(opened, records) if isinstance(records, list) else None
    return None
