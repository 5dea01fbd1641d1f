"""Stored raw objects into typed snapshots: opened, audited, typed by the fast path or by the general one.

Belongs here: choosing the path. Does not: either path, or what an hour makes of its snapshots (hour).
"""

from __future__ import annotations

from typing import List, Sequence, Union

from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.typed import TypedSnapshot
from velib_assets.ingest.audit import audit
from velib_assets.ingest.raw_object import OpenedRaw, open_raw
from velib_assets.ingest.response import UnusableError, load_json, record_list, shape_of

HourOutcome = Union[TypedSnapshot, UnusableError]
_TOGETHER = 4  # an hour's snapshots at the usual cadence; more at once gain nothing


def type_snapshots(stored: Sequence[bytes]) -> List[HourOutcome]:
    """Audit and type stored raw objects: each one's rows, or why it is refused."""
    return [
        outcome
        for start in range(0, len(stored), _TOGETHER)
        for outcome in _type_some(stored[start : start + _TOGETHER])
    ]


def _type_some(stored: Sequence[bytes]) -> List[HourOutcome]:
    opened = [_open(data) for data in stored]
    outcomes = iter(_type([raw for raw in opened if isinstance(raw, OpenedRaw)]))
    return [next(outcomes) if isinstance(raw, OpenedRaw) else raw for raw in opened]


def _open(data: bytes) -> Union[OpenedRaw, UnusableError]:
    try:
        return open_raw(data)
    except UnusableError as error:
        return error


def _type(raws: Sequence[OpenedRaw]) -> Sequence[HourOutcome]:
    """Together where all are ordinary, else each by itself."""
    shapes = {shape_of(raw.feed) for raw in raws}
    together = type_fast([raw.results for raw in raws], shapes.pop()) if len(shapes) == 1 else None
    if together:
        return together
    if len(raws) == 1:
        return [_type_general(raws[0])]
    return [outcome for raw in raws for outcome in _type([raw])]


def _type_general(raw: OpenedRaw) -> HourOutcome:
    try:
        records = record_list(load_json(raw.document, "the raw object"))
        audit(records, raw.feed)
    except UnusableError as error:
        return error
    return type_general(records, shape_of(raw.feed))
