"""Parses the records of snapshots from JSON to Arrow in one pass, outside the interpreter."""

from __future__ import annotations

import struct
from itertools import accumulate
from typing import Dict, List, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from velib_assets.clean.typed_snapshot import COUNTS, TEXTS

Fields = Dict[str, pa.Array]
"""The parsed values of each field, by its path."""

YEAR_1, YEAR_9999 = -62135596800000, 253402300799999  # milliseconds since 1970: the range of datetime


def document_of(results: Sequence[memoryview]) -> bytes:
    """Return a JSON object for each snapshot, whose `results` is its array of records.

    Raises:
        pa.ArrowInvalid: if the document is not UTF-8: fields that are not read must be valid too.
    """
    document = b"".join(part for array in results for part in (b'{"results":', array, b"}\n"))
    _check_utf8(document)
    return document


def parse_records(document: bytes, record: pa.StructType, undeclared: str, snapshots: int) -> pa.ListArray:
    """Return the list of records of each snapshot.

    Args:
        document: see `document_of`.
        record: the type of the records.
        undeclared: how pyarrow treats other fields.
        snapshots: their number.

    Raises:
        pa.ArrowInvalid: if a value has another type, or there is not one list of records for each snapshot.
    """
    schema = pa.schema([("results", pa.list_(record))])
    parsed = pj.read_json(
        pa.BufferReader(document),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(document) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior=undeclared),
    )
    lists = parsed["results"].chunk(0)
    sizes = lists.value_lengths().to_pylist()
    if len(sizes) != snapshots or not all(sizes) or lists.flatten().null_count:
        raise pa.ArrowInvalid("a snapshot has no list of records")
    return lists


def extents_of(lists: pa.ListArray) -> List[Tuple[int, int]]:
    """Return the start and the number of the records of each snapshot."""
    sizes = lists.value_lengths().to_pylist()
    return list(zip(accumulate(sizes, initial=0), sizes))


def fields_of(records: pa.StructArray, *, nested: bool) -> Fields:
    """Return the parsed values of each field, by its path."""
    members = dict(zip((member.name for member in records.type), records.flatten()))
    if not nested:
        return members
    return {
        f"{part}.{path}": values
        for part, member in members.items()
        if pa.types.is_struct(member.type)
        for path, values in fields_of(member, nested=False).items()
    }


def is_ordinary(table: pa.Table) -> bool:
    """Return whether every row is valid: a station code, no negative count, valid UTF-8."""
    for name in TEXTS:
        table[name].validate(full=True)
    codes, reported = table["station_id"], pc.min_max(table["reported_ts"])
    lowest = pc.min(pa.chunked_array([table[name].chunk(0) for name in COUNTS])).as_py()
    earliest, latest = reported["min"].value, reported["max"].value
    return (
        codes.null_count == 0
        and (lowest is None or lowest >= 0)
        and (earliest is None or YEAR_1 <= earliest <= latest <= YEAR_9999)
    )


def _check_utf8(document: bytes) -> None:
    """Validate UTF-8 without the copy that `decode` makes, and without the interpreter's lock.

    Raises:
        pa.ArrowInvalid: if the document is not UTF-8.
    """
    offsets = pa.py_buffer(struct.pack("=2i", 0, len(document)))
    pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(document)]).validate(full=True)
