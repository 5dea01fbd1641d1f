"""The fast path: snapshots as they should be, JSON to Arrow in one pass without the interpreter.

Belongs here: what can be typed as a whole. It declines (returns None) whenever anything is odd, and
`general` then types the snapshot record by record; tests prove that both agree where this one answers.
"""

from __future__ import annotations

from itertools import accumulate
from typing import List, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from velib_assets.clean.dialects import FEED_MAPPINGS, FeedMapping, Fields
from velib_assets.clean.typed import TYPED_SCHEMA, Drift, TypedSnapshot, drift_between
from velib_assets.ingest.response import MAX_DEPTH

_COUNTS = ("capacity", "bikes", "mechanical", "ebikes", "docks")
_TEXTS = ("station_id", "name", "commune")
_MOST_BRACKETS = 8000  # 1,500 stations have 3,000; nested 12,000 deep pyarrow still stood
_YEAR_1, _YEAR_9999 = -62135596800000, 253402300799999  # milliseconds from the epoch: Python's span


def type_fast(results: Sequence[memoryview], shape: str) -> Optional[List[TypedSnapshot]]:
    """Type snapshots of one shape together, or decline if any of them is odd.

    Args:
        results: each snapshot's JSON array of records.
        shape: opendata or gbfs.
    """
    document = b"".join(part for array in results for part in (b'{"results":', array, b"}\n"))
    try:
        document.decode("utf-8")  # also where nothing is read of it: `general` refuses the whole
        return _typed(_parse(document, FEED_MAPPINGS[shape]), len(results), shape)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        return None


def _parse(document: bytes, dialect: FeedMapping) -> pa.ListArray:
    """The lists of records; whatever else is in them is parsed only where something is."""
    try:
        return _parse_results(document, dialect.declared, "error")
    except pa.ArrowInvalid:
        if document.count(b"{") + document.count(b"[") > _MOST_BRACKETS:
            raise  # nested too deep, perhaps: the parser recurses on the C stack
        return _parse_results(document, dialect.read, "infer")


def _parse_results(document: bytes, record: pa.StructType, others: str) -> pa.ListArray:
    """The `results` of JSON objects that follow each other; `others` is what to do with further fields."""
    schema = pa.schema([("results", pa.list_(record))])
    parsed = pj.read_json(
        pa.BufferReader(document),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(document) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior=others),
    )
    if parsed.schema.names != ["results"] or _nests(parsed.schema.field(0).type, MAX_DEPTH):
        raise pa.ArrowInvalid("something follows the records, or they nest too deep")
    return parsed["results"].chunk(0)


def _nests(found: pa.DataType, most: int) -> bool:
    """Whether a type nests deeper than `most`."""
    level = [found]
    for _ in range(most):
        level = [part.field(n).type for part in level for n in range(part.num_fields)]
        if not any(part.num_fields for part in level):
            return False
    return True


def _typed(lists: pa.ListArray, snapshots: int, shape: str) -> Optional[List[TypedSnapshot]]:
    records, sizes = lists.flatten(), lists.value_lengths().to_pylist()
    if len(sizes) != snapshots or not all(sizes) or records.null_count:
        return None
    fields = _fields(records, FEED_MAPPINGS[shape].nested)
    columns = FEED_MAPPINGS[shape].columns(fields)
    if columns is None:
        return None
    table = pa.table([columns[name] for name in TYPED_SCHEMA.names], schema=TYPED_SCHEMA)
    starts = accumulate(sizes, initial=0)
    parts = [
        TypedSnapshot(table.slice(start, size), [], size, _drift(fields, start, size, shape))
        for start, size in zip(starts, sizes)
    ]
    return parts if _ordinary(table) and all(_counted(part.table) for part in parts) else None


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


def _ordinary(table: pa.Table) -> bool:
    """Whether every row can be kept as it is: codes there, counts not negative, text real UTF-8."""
    for name in _TEXTS:
        table[name].validate(full=True)
    codes, reported = table["station_id"], pc.min_max(table["reported_ts"])
    lowest = pc.min(pa.chunked_array([table[name].chunk(0) for name in _COUNTS])).as_py()
    earliest, latest = reported["min"].value, reported["max"].value
    return (
        codes.null_count == 0
        and not pc.any(pc.equal(pc.ascii_trim_whitespace(codes), "")).as_py()
        and (lowest is None or lowest >= 0)
        and (earliest is None or _YEAR_1 <= earliest <= latest <= _YEAR_9999)
    )


def _counted(snapshot: pa.Table) -> bool:
    """Whether it has counts; where all are null `general` can tell whether the field is there."""
    return all(snapshot[name].null_count < len(snapshot) for name in ("bikes", "docks"))


def _drift(fields: Fields, start: int, size: int, shape: str) -> Drift:
    """What the fields of a snapshot hold; of one that nobody declared the parser says what it found."""
    return drift_between(
        shape,
        {
            path: _kinds(values.type) if values.slice(start, size).null_count < size else ()
            for path, values in fields.items()
        },
    )


def _kinds(found: pa.DataType) -> Tuple[str, ...]:
    return next(((kind,) for kind, matches in _KINDS.items() if matches(found)), ("value",))


_KINDS = {
    "text": lambda found: pa.types.is_string(found) or pa.types.is_timestamp(found),
    "number": lambda found: pa.types.is_integer(found) or pa.types.is_floating(found),
    "boolean": pa.types.is_boolean,
    "object": pa.types.is_struct,
    "list": pa.types.is_list,
}
