"""Opens, audits and types raw objects, by the fast path or the general path."""

from __future__ import annotations

from typing import List, Sequence, Union

from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.typed_snapshot import TypedSnapshot
from velib_assets.ingest.audit import audit
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.raw_object import OpenedRaw, open_raw
from velib_assets.ingest.response import UnusableError, load_json, record_list

SnapshotOutcome = Union[TypedSnapshot, UnusableError]
_TOGETHER = 4  # snapshots typed at once: the usual number per hour; more are not faster


def type_snapshots(stored: Sequence[bytes]) -> List[SnapshotOutcome]:
    """Audit and type raw objects; returns the rows of each, or why it is unusable."""
    return [
        outcome
        for start in range(0, len(stored), _TOGETHER)
        for outcome in _type_batch(stored[start : start + _TOGETHER])
    ]


def _type_batch(stored: Sequence[bytes]) -> List[SnapshotOutcome]:
    opened = [_open(data) for data in stored]
    outcomes = iter(_type([raw for raw in opened if isinstance(raw, OpenedRaw)]))
    return [next(outcomes) if isinstance(raw, OpenedRaw) else raw for raw in opened]


def _open(data: bytes) -> Union[OpenedRaw, UnusableError]:
    try:
        return open_raw(data)
    except UnusableError as error:
        return error


def _type(raws: Sequence[OpenedRaw]) -> Sequence[SnapshotOutcome]:
    """Type ordinary snapshots of one feed together; otherwise each alone."""
    feeds = {definition_of(raw.feed) for raw in raws}
    together = type_fast([raw.results for raw in raws], feeds.pop()) if len(feeds) == 1 else None
    if together:
        return together
    if len(raws) == 1:
        return [_type_general(raws[0])]
    return [outcome for raw in raws for outcome in _type([raw])]


def _type_general(raw: OpenedRaw) -> SnapshotOutcome:
    try:
        records = record_list(load_json(raw.document, "the raw object"))
        audit(records, raw.feed)
    except UnusableError as error:
        return error
    return type_general(records, definition_of(raw.feed))
