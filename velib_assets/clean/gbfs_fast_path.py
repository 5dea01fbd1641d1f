"""The fast path for GBFS records of any version, of networks other than Vélib'.

It declines (returns None) if anything is odd; the general path then types the snapshot record by record.
Fields outside the mapping are not read. Tests prove that both paths agree wherever this one succeeds.
"""

from __future__ import annotations

import json
import re
from typing import List, Optional, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.arrow_records import (
    Fields,
    document_of,
    extents_of,
    fields_of,
    is_ordinary,
    parse_records,
)
from velib_assets.clean.gbfs_columns import gbfs_columns
from velib_assets.clean.gbfs_record_type import (
    AFTER_RECORD,
    RECORD_START,
    OddFieldError,
    gbfs_record_type,
    sampled_values,
)
from velib_assets.clean.typed_snapshot import (
    Drift,
    Reject,
    TypedSnapshot,
    UnreadableTimes,
    drift_between,
    typed_schema,
)
from velib_assets.ingest.counts import NO_STATUS, as_json
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.gbfs_values import GbfsReader


def type_gbfs_fast(results: Sequence[memoryview], feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    """Type snapshots of one feed together, or decline if any of them is odd.

    Args:
        results: the JSON array of records of each snapshot.
        feed: the definition of the records, with a `GbfsReader`.
    """
    try:
        document = document_of(results)
        record = gbfs_record_type(sampled_values(results), document)
        lists = parse_records(document, record, "ignore", len(results))
        return _typed(lists, results, feed)
    except (OddFieldError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _typed(
    lists: pa.ListArray, results: Sequence[memoryview], feed: FeedDefinition
) -> Optional[List[TypedSnapshot]]:
    records = lists.flatten()
    fields = fields_of(records, nested=True)
    has_status = _have_status(records, fields)
    reader = feed.reader if isinstance(feed.reader, GbfsReader) else GbfsReader()
    columns, unreadable = gbfs_columns(fields, reader)
    schema = typed_schema(feed.network)
    table = pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
    parts = []
    for array, (start, size) in zip(results, extents_of(lists)):
        rows, is_row = table.slice(start, size), has_status.slice(start, size)
        rejects: List[Reject] = []
        if pc.all(is_row).as_py() is False:
            rejects = _without_status(bytes(array), is_row, rows["station_id"])
            rows = rows.filter(is_row)
        if not _is_usable(rows):
            return None
        drift = _drift(fields, start, size, feed)
        odd_times = _unreadable(unreadable.slice(start, size), is_row)
        parts.append(TypedSnapshot(rows, rejects, size, drift, unreadable=odd_times))
    return parts


def _have_status(records: pa.StructArray, fields: Fields) -> pa.Array:
    """Return whether each record says what is at its station.

    Raises:
        pa.ArrowInvalid: if a status has no field of the mapping: it may be empty.
    """
    has_status = pc.struct_field(records, "status").is_valid()
    said = fields["status.station_id"].is_valid()
    if not said.equals(has_status):
        for path, values in fields.items():
            if path.startswith("status."):
                said = pc.or_(said, values.is_valid())
        if not said.equals(has_status):
            raise pa.ArrowInvalid("a status without a known field")
    return has_status


def _without_status(array: bytes, is_row: pa.Array, codes: pa.ChunkedArray) -> List[Reject]:
    """Return the rejects for records that only describe a station.

    Raises:
        pa.ArrowInvalid: if the text of a record cannot be found.
    """
    starts = [match.start() for match in re.finditer(re.escape(RECORD_START), array)]
    if len(starts) != len(is_row):
        raise pa.ArrowInvalid("a record within a record")
    rejects = []
    for position in pc.indices_nonzero(pc.invert(is_row)).to_pylist():
        end = starts[position + 1] if position + 1 < len(starts) else len(array)
        record = json.loads(array[starts[position] : end].rstrip(AFTER_RECORD))
        rejects.append(Reject(position, codes[position].as_py(), NO_STATUS, as_json(record)))
    return rejects


def _is_usable(rows: pa.Table) -> bool:
    """Return whether every row is valid. If none has bikes, the audit decides."""
    return len(rows) > 0 and rows["bikes"].null_count < len(rows) and is_ordinary(rows)


def _drift(fields: Fields, start: int, size: int, feed: FeedDefinition) -> Drift:
    found = {
        field.path: field.types[:1]
        for field in feed.fields
        if fields[field.path].slice(start, size).null_count < size
    }
    return drift_between(feed, found)


def _unreadable(times: pa.Array, is_row: pa.Array) -> UnreadableTimes:
    """Count the times that cannot be read; see `UnreadableTimes`."""
    if times.null_count == len(times):
        return UnreadableTimes()
    found = times.filter(is_row).drop_null()
    return UnreadableTimes(len(found), as_json(found[0].as_py())) if len(found) else UnreadableTimes()
