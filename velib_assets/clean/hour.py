"""An hour's raw objects into the hour's rows, with an account of every record.

Belongs here: everything that makes clean(hour) a function of raw(hour). Does not: files or storage.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Iterable, List, NamedTuple, Tuple

import pyarrow as pa

from velib_assets.clean.assemble import assemble
from velib_assets.clean.snapshots import type_snapshots
from velib_assets.clean.typed import Drift, Reject, TypedSnapshot
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import hour_of, raw_time

_MISFILED = UnusableError("misfiled", "its name says another hour than its folder")


class RawObject(NamedTuple):
    """A raw object as stored: its key, the hash that its listing gives, its bytes."""

    key: str
    hash: str
    data: bytes


class SnapshotCount(NamedTuple):
    """What became of one snapshot's records: records = rows + rejected + duplicates."""

    key: str
    records: int
    rows: int
    rejected: int
    duplicates: int


class QuarantinedObject(NamedTuple):
    """A raw object that the audit refused: it adds no rows and stays where it is."""

    key: str
    hash: str
    code: str
    reason: str


class CleanHour(NamedTuple):
    """An hour, cleaned: rows as `TABLE_SCHEMA`, sorted; the rest accounts for every record."""

    hour: datetime
    digest: str
    table: pa.Table
    rejects: List[Tuple[str, datetime, Reject]]
    snapshots: List[SnapshotCount]
    quarantined: List[QuarantinedObject]
    drift: Drift


def digest_of(listing: Iterable[Tuple[str, str]]) -> str:
    """The digest of an hour's raw listing, (key, hash) pairs in any order; names not ours are left out."""
    lines = sorted(f"{key}\t{hash_}\n" for key, hash_ in listing if raw_time(key))
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def clean_hour(hour: datetime, raws: Iterable[RawObject]) -> CleanHour:
    """Clean the raw objects of one hour (UTC), whatever their order of arrival.

    An unusable object goes to `quarantined`; the others go on. With none usable the table is empty.
    """
    ordered = sorted((raw.key, raw, taken) for raw in raws if (taken := raw_time(raw.key)))
    outcomes = iter(type_snapshots([raw.data for _, raw, taken in ordered if hour_of(taken) == hour]))
    typed: List[Tuple[RawObject, datetime, TypedSnapshot]] = []
    quarantined: List[QuarantinedObject] = []
    for _, raw, taken in ordered:
        outcome = next(outcomes) if hour_of(taken) == hour else _MISFILED
        if isinstance(outcome, UnusableError):
            quarantined.append(QuarantinedObject(raw.key, raw.hash, outcome.code, str(outcome)))
        else:
            typed.append((raw, taken, outcome))
    table, kept = assemble([taken for _, taken, _ in typed], [part.table for _, _, part in typed])
    return CleanHour(
        hour,
        digest_of((key, raw.hash) for key, raw, _ in ordered),
        table,
        [(raw.key, taken, reject) for raw, taken, part in typed for reject in part.rejects],
        [
            SnapshotCount(raw.key, part.records, rows, len(part.rejects), len(part.table) - rows)
            for (raw, _, part), rows in zip(typed, kept)
        ],
        quarantined,
        _merged([part.drift for _, _, part in typed]),
    )


def _merged(drifts: List[Drift]) -> Drift:
    return Drift(*(tuple(sorted({text for part in kind for text in part})) for kind in zip(*drifts)))
