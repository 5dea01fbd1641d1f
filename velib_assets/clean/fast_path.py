"""The fast path: types whole snapshots from JSON to Arrow in one pass, outside the interpreter.

It declines (returns None) if anything is odd; the general path then types the snapshot record by record.
Tests prove that both paths agree wherever this one succeeds.
"""

from __future__ import annotations

from itertools import accumulate
from typing import List, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from velib_assets.clean.arrow_columns import Fields, columns_of, record_type
from velib_assets.clean.typed_snapshot import COUNTS, TEXTS, TYPED_SCHEMA, Drift, TypedSnapshot, drift_between
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.response import MAX_DEPTH

_MOST_BRACKETS = 8000  # 1,500 stations have 3,000; pyarrow still parsed 12,000 nested ones
_YEAR_1, _YEAR_9999 = -62135596800000, 253402300799999  # milliseconds since 1970: the range of datetime


def type_fast(results: Sequence[memoryview], feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    """Type snapshots of one feed together, or decline if any of them is odd.

    Args:
        results: the JSON array of records of each snapshot.
        feed: the definition of the records.
    """
    document = b"".join(part for array in results for part in (b'{"results":', array, b"}\n"))
    try:
        document.decode("utf-8")  # fields that are not read must be valid too
        return _typed(_parse(document, feed), len(results), feed)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        return None


def _parse(document: bytes, feed: FeedDefinition) -> pa.ListArray:
    """Parse the lists of records. Undeclared fields are parsed only if there are any."""
    try:
        return _parse_results(document, record_type(feed, all_fields=True), "error")
    except pa.ArrowInvalid:
        if document.count(b"{") + document.count(b"[") > _MOST_BRACKETS:
            raise  # it may be nested too deeply: the parser recurses on the C stack
        return _parse_results(document, record_type(feed, all_fields=False), "infer")


def _parse_results(document: bytes, record: pa.StructType, undeclared: str) -> pa.ListArray:
    """Parse the `results` of consecutive JSON objects; `undeclared` is how pyarrow treats other fields."""
    schema = pa.schema([("results", pa.list_(record))])
    parsed = pj.read_json(
        pa.BufferReader(document),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(document) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior=undeclared),
    )
    if parsed.schema.names != ["results"] or _is_deeper(parsed.schema.field(0).type, MAX_DEPTH):
        raise pa.ArrowInvalid("other members follow the records, or they are nested too deeply")
    return parsed["results"].chunk(0)


def _is_deeper(type_: pa.DataType, most: int) -> bool:
    """Return whether a type is nested deeper than `most`."""
    level = [type_]
    for _ in range(most):
        level = [part.field(n).type for part in level for n in range(part.num_fields)]
        if not any(part.num_fields for part in level):
            return False
    return True


def _typed(lists: pa.ListArray, snapshots: int, feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    records, sizes = lists.flatten(), lists.value_lengths().to_pylist()
    if len(sizes) != snapshots or not all(sizes) or records.null_count:
        return None
    fields = _fields(records, feed.is_nested)
    columns = columns_of(fields, feed, len(records))
    table = pa.table([columns[name] for name in TYPED_SCHEMA.names], schema=TYPED_SCHEMA)
    starts = accumulate(sizes, initial=0)
    parts = [
        TypedSnapshot(table.slice(start, size), [], size, _drift(fields, start, size, feed))
        for start, size in zip(starts, sizes)
    ]
    return parts if _is_ordinary(table) and all(_has_counts(part.table) for part in parts) else None


def _fields(records: pa.StructArray, nested: bool) -> Fields:
    members = dict(zip((member.name for member in records.type), records.flatten()))
    if not nested:
        return members
    return {
        f"{part}.{path}": values
        for part, member in members.items()
        if pa.types.is_struct(member.type)
        for path, values in _fields(member, nested=False).items()
    }


def _is_ordinary(table: pa.Table) -> bool:
    """Return whether every row is valid: a station code, no negative count, valid UTF-8."""
    for name in TEXTS:
        table[name].validate(full=True)
    codes, reported = table["station_id"], pc.min_max(table["reported_ts"])
    lowest = pc.min(pa.chunked_array([table[name].chunk(0) for name in COUNTS])).as_py()
    earliest, latest = reported["min"].value, reported["max"].value
    return (
        codes.null_count == 0
        and not pc.any(pc.equal(pc.ascii_trim_whitespace(codes), "")).as_py()
        and (lowest is None or lowest >= 0)
        and (earliest is None or _YEAR_1 <= earliest <= latest <= _YEAR_9999)
    )


def _has_counts(snapshot: pa.Table) -> bool:
    """Return whether there are counts. If all are null, only the audit can tell whether the field exists."""
    return all(snapshot[name].null_count < len(snapshot) for name in ("bikes", "docks"))


def _drift(fields: Fields, start: int, size: int, feed: FeedDefinition) -> Drift:
    return drift_between(
        feed,
        {
            path: _json_type(values.type) if values.slice(start, size).null_count < size else ()
            for path, values in fields.items()
        },
    )


def _json_type(type_: pa.DataType) -> Tuple[str, ...]:
    return next(((name,) for name, matches in _JSON_TYPES.items() if matches(type_)), ("value",))


_JSON_TYPES = {
    "text": lambda type_: pa.types.is_string(type_) or pa.types.is_timestamp(type_),
    "number": lambda type_: pa.types.is_integer(type_) or pa.types.is_floating(type_),
    "boolean": pa.types.is_boolean,
    "object": pa.types.is_struct,
    "list": pa.types.is_list,
}
