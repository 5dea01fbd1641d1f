"""The general path: types decoded records one by one and rejects odd ones with a reason."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set

import pyarrow as pa

from velib_assets.clean.arrow_schema import READ_TYPES, TYPED_SCHEMA
from velib_assets.clean.typed_snapshot import Reject, TypedSnapshot, drift_between
from velib_assets.clean.values import JSON_TYPES, READERS, RowError, as_json, count, text
from velib_assets.ingest.feeds.definition import FeedDefinition


def type_general(records: Sequence[Any], feed: FeedDefinition) -> TypedSnapshot:
    """Type the records of a usable snapshot."""
    rows: List[Dict[str, Any]] = []
    rejects: List[Reject] = []
    for position, record in enumerate(records):
        code = text(feed.station_code(record))
        try:
            rows.append(_row(code, feed.values(record)))
        except RowError as error:
            rejects.append(Reject(position, code, str(error), as_json(record)))
    table = pa.Table.from_pylist(rows, schema=TYPED_SCHEMA)
    return TypedSnapshot(table, rejects, len(records), drift_between(feed, _seen(records, feed)))


def _row(code: Optional[str], values: Mapping[str, object]) -> Dict[str, Any]:
    if code is None:
        raise RowError("no station code")
    row: Dict[str, Any] = {}
    for name, type_ in READ_TYPES.items():
        value = values.get(name)
        row[name] = count(name, value) if type_ == "int" else READERS[type_](value)
    return {**row, "station_id": code}


def _seen(records: Iterable[Any], feed: FeedDefinition) -> Dict[str, Set[str]]:
    """Return the JSON types, except null, under each field path that occurs."""
    seen: Dict[str, Set[str]] = {}
    for record in records:
        if not isinstance(record, dict):
            continue
        parts = {"": record}
        if feed.is_nested:
            parts = {f"{part}.": value for part, value in record.items() if isinstance(value, dict)}
        for prefix, fields in parts.items():
            for name, value in fields.items():
                types = seen.setdefault(prefix + name, set())
                if value is not None:
                    types.add(JSON_TYPES.get(type(value), "value"))
    return seen
