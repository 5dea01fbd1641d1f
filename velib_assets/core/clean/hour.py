"""An hour's raw objects into the hour's rows: audit, typing, derived columns, duplicates, order.

Belongs here: everything that makes clean(hour) a function of raw(hour). Does not: files or storage.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Iterable, List, NamedTuple, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.core.answers import OPENDATA, UnusableError, load_json, shape_of
from velib_assets.core.arrondissement import paris_label
from velib_assets.core.audit import audit
from velib_assets.core.clean.fast import type_fast
from velib_assets.core.clean.general import type_general
from velib_assets.core.clean.parquet import TABLE_SCHEMA
from velib_assets.core.clean.typed import TYPED, Drift, Reject, Typed
from velib_assets.core.layout import hour_of, raw_time
from velib_assets.core.snapshot import open_raw

STALE_AFTER = timedelta(hours=3)


class RawBytes(NamedTuple):
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


class Quarantined(NamedTuple):
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
    quarantined: List[Quarantined]
    drift: Drift


def digest_of(listing: Iterable[Tuple[str, str]]) -> str:
    """The digest of an hour's raw listing, (key, hash) pairs in any order; names not ours are left out."""
    lines = sorted(f"{key}\t{hash_}\n" for key, hash_ in listing if raw_time(key))
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def clean_hour(hour: datetime, raws: Iterable[RawBytes]) -> CleanHour:
    """Clean the raw objects of one hour (UTC), whatever their order of arrival.

    An unusable object goes to `quarantined`; the others go on. With none usable the table is empty.
    """
    ordered = sorted((raw for raw in raws if raw_time(raw.key)), key=lambda raw: raw.key)
    typed: List[Tuple[RawBytes, datetime, Typed]] = []
    quarantined: List[Quarantined] = []
    for raw in ordered:
        try:
            taken = _taken_at(raw.key, hour)
            typed.append((raw, taken, type_snapshot(raw.data)))
        except UnusableError as error:
            quarantined.append(Quarantined(raw.key, raw.hash, error.code, str(error)))
    table, kept = _assemble(typed)
    return CleanHour(
        hour,
        digest_of((raw.key, raw.hash) for raw in ordered),
        table,
        [(raw.key, taken, reject) for raw, taken, part in typed for reject in part.rejects],
        [
            SnapshotCount(raw.key, part.records, rows, len(part.rejects), len(part.table) - rows)
            for (raw, _, part), rows in zip(typed, kept)
        ],
        quarantined,
        _merged([part.drift for _, _, part in typed]),
    )


def type_snapshot(stored: bytes) -> Typed:
    """Audit and type one stored raw object.

    Raises:
        UnusableError: where the audit refuses it, or it cannot be read at all.
    """
    raw = open_raw(stored)
    shape = shape_of(raw.feed)
    typed = type_fast(raw.document) if shape == OPENDATA else None
    if typed:
        return typed
    document = load_json(raw.document, "the raw object")
    records = document["results"]
    audit(records, raw.feed)
    return type_general(records, shape)


def _taken_at(key: str, hour: datetime) -> datetime:
    taken = raw_time(key)
    if taken is None or hour_of(taken) != hour:
        raise UnusableError("misfiled", "its name says another hour than its folder")
    return taken


def _assemble(typed: List[Tuple[RawBytes, datetime, Typed]]) -> Tuple[pa.Table, List[int]]:
    """All snapshots' rows, duplicates dropped, sorted; and how many rows each snapshot kept."""
    if not typed:
        return TABLE_SCHEMA.empty_table(), []
    rows = pa.concat_tables([part.table for _, _, part in typed]).combine_chunks()
    sizes = [len(part.table) for _, _, part in typed]
    moments = sorted({taken for _, taken, _ in typed})
    ranks = [moments.index(taken) for _, taken, _ in typed]
    codes = rows["station_id"].combine_chunks().dictionary_encode()
    names = codes.dictionary
    by_name = pc.sort_indices(names)
    place = pc.sort_indices(by_name)  # of each distinct code in the order of codes
    snapshot = _repeat(ranks, sizes, pa.int32())
    key = pc.add(pc.multiply(place.cast(pa.int32()).take(codes.indices), len(moments)), snapshot)
    order = pc.sort_indices(key)  # stable: of duplicates the first in the feed's order comes first
    ordered = key.take(order)
    first = pa.concat_arrays(
        [pa.array([True] * min(1, len(key)), pa.bool_()), pc.not_equal(ordered[1:], ordered[:-1])]
    )
    order = order.filter(first)
    origin = _repeat(list(range(len(sizes))), sizes, pa.int32()).take(order)
    kept = {int(entry["values"].as_py()): entry["counts"].as_py() for entry in pc.value_counts(origin)}
    labels = pa.array([paris_label(name) for name in names.to_pylist()], pa.string())
    table = _derive(rows, labels.take(codes.indices), pa.array(moments, _TS).take(snapshot))
    return table.take(order).combine_chunks(), [kept.get(n, 0) for n in range(len(sizes))]


_TS = pa.timestamp("ms", tz="UTC")


def _repeat(values: List[int], sizes: List[int], type_: pa.DataType) -> pa.Array:
    return pa.concat_arrays([pa.repeat(pa.scalar(value, type_), size) for value, size in zip(values, sizes)])


def _derive(rows: pa.Table, label: pa.Array, ingested: pa.Array) -> pa.Table:
    column = {name: rows[name].combine_chunks() for name in TYPED.names}
    bikes = column["bikes"].cast(pa.int64())
    places = pc.add(bikes, column["docks"].cast(pa.int64()))
    known = pc.if_else(pc.greater(places, 0), places, pa.scalar(None, pa.int64()))
    late = pc.greater(pc.subtract(ingested, column["reported_ts"]), STALE_AFTER)
    column["ingested_ts"] = ingested
    column["fill_rate"] = pc.divide(bikes.cast(pa.float64()), known.cast(pa.float64()))
    column["is_stale"] = pc.fill_null(late, True)
    in_paris = pc.fill_null(pc.equal(column["commune"], "Paris"), False)
    column["arrondissement"] = pc.if_else(pc.and_(in_paris, label.is_valid()), label, column["commune"])
    return pa.table([column[name] for name in TABLE_SCHEMA.names], schema=TABLE_SCHEMA)


def _merged(drifts: List[Drift]) -> Drift:
    return Drift(*(tuple(sorted({text for part in kind for text in part})) for kind in zip(*drifts)))
