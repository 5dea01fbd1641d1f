"""The Arrow type of GBFS records of any version: one form for each field of the mapping.

The forms are those of sampled records. A record with another form fails to parse, and the general path reads
the snapshot. Fields outside the mapping are skipped by the parser.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, FrozenSet, List, Sequence, Tuple

import pyarrow as pa

from velib_assets.clean.record_fields import first_records
from velib_assets.ingest.feeds.gbfs_mapping import (
    FLAG,
    IDENTITY,
    LOCALIZED,
    MAPPING,
    NUMBER,
    SPACES_BY_TYPE,
    TIME,
    TYPES_BY_ID,
    TYPES_LIST_OF_OBJECTS,
    Source,
)

SOURCES: Dict[str, Source] = {source.path: source for mapped in MAPPING for source in mapped.sources}
RECORD_START, AFTER_RECORD = b'{"information":', b", \r\n]"
"""How each record starts in raw objects of this pipeline, which no text contains, and what may follow it."""
_SAMPLES = 8  # per snapshot
_MOST_KEYS = 100  # vehicle types in one field; a network has a dozen
_LOCALIZED = pa.list_(pa.struct([("text", pa.string()), ("language", pa.string())]))
_SPACES_BY_TYPES = pa.list_(pa.struct([("vehicle_type_ids", pa.list_(pa.string())), ("count", pa.int64())]))
_TEXT_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')
_LONG_FRACTION = re.compile(r".*:\d\d\.\d{4,9}(?:[Zz]|[+-].*)", re.ASCII)

Values = Dict[str, List[Any]]
"""The values of fields, except null, by path."""


class OddFieldError(ValueError):
    """A field whose values cannot be parsed here."""


def sampled_values(results: Sequence[memoryview]) -> Values:
    """Return the values of the mapped fields in a few records, from all over the snapshots."""
    values: Values = {path: [] for path in SOURCES}
    for array in results:
        for record in _samples(bytes(array)):
            for path, found in values.items():
                part, _, name = path.partition(".")
                fields = record.get(part) if isinstance(record, dict) else None
                if isinstance(fields, dict) and fields.get(name) is not None:
                    found.append(fields[name])
    return values


def gbfs_record_type(values: Values, document: bytes) -> pa.StructType:
    """Return the type of records whose fields have these values.

    Args:
        values: see `sampled_values`.
        document: the snapshots, in which the keys of objects are found that sampled records do not have.

    Raises:
        OddFieldError: the keys of a field are not known, or an id is a number with a point.
    """
    parts: Dict[str, List[Tuple[str, pa.DataType]]] = {}
    for path, source in SOURCES.items():
        part, _, name = path.partition(".")
        parts.setdefault(part, []).append((name, _type_of(source, name, values[path], document)))
    return pa.struct([(part, pa.struct(fields)) for part, fields in parts.items()])


def _samples(array: bytes) -> List[Any]:
    """Decode records at even distances; the first ones of an array that this pipeline did not write."""
    if not array.startswith(b"[" + RECORD_START):
        return first_records(memoryview(array))
    records: Dict[int, Any] = {}
    for n in range(_SAMPLES):
        start = array.find(RECORD_START, n * len(array) // _SAMPLES)
        if start < 0 or start in records:
            continue
        end = array.find(RECORD_START, start + 1)
        try:
            records[start] = json.loads(array[start : end if end > 0 else len(array)].rstrip(AFTER_RECORD))
        except (ValueError, RecursionError):  # a record within a record, or what the parser finds too
            continue
    return list(records.values())


def _type_of(source: Source, name: str, values: List[Any], document: bytes) -> pa.DataType:
    forms, kinds = source.forms, frozenset(map(type, values))
    if LOCALIZED in forms:
        return _LOCALIZED if list in kinds else pa.string()
    if TIME in forms:
        return _time_type(values, kinds)
    if TYPES_BY_ID in forms or TYPES_LIST_OF_OBJECTS in forms:
        return _types_type(source, name, values, document)
    if SPACES_BY_TYPE in forms and (not kinds or kinds & {dict, list}):
        return _object_type(name, document) if dict in kinds else _SPACES_BY_TYPES
    return _scalar_type(source, kinds)


def _scalar_type(source: Source, kinds: FrozenSet[type]) -> pa.DataType:
    if float in kinds and IDENTITY in source.forms:
        raise OddFieldError("an id with a fraction or an exponent, which Arrow writes as another text")
    if str in kinds or (not kinds and IDENTITY in source.forms):
        return pa.string()
    if float in kinds and IDENTITY in source.forms:
        raise OddFieldError(f"{source.path} is a number with a point")
    if FLAG in source.forms:
        return pa.int64() if int in kinds else pa.bool_()
    return pa.float64() if float in kinds or NUMBER in source.forms else pa.int64()


def _time_type(values: List[Any], kinds: FrozenSet[type]) -> pa.DataType:
    """Return the type of times; text with more than milliseconds is parsed later."""
    if str not in kinds:
        return pa.int64()
    is_long = any(isinstance(value, str) and _LONG_FRACTION.fullmatch(value) for value in values)
    return pa.string() if is_long else pa.timestamp("ms", tz="UTC")


def _types_type(source: Source, name: str, values: List[Any], document: bytes) -> pa.DataType:
    """Return the type of counts by vehicle type."""
    entries = [entry for value in values if isinstance(value, list) for entry in value]
    ids = {type(entry["vehicle_type_id"]) for entry in entries if _has_id(entry)}
    if ids or (not values and TYPES_BY_ID in source.forms):
        id_type = pa.int64() if int in ids else pa.string()
        return pa.list_(pa.struct([("vehicle_type_id", id_type), ("count", pa.int64())]))
    if any(isinstance(value, dict) for value in values):
        return _object_type(name, document)
    return pa.list_(_object_type(name, document))


def _has_id(entry: object) -> bool:
    return isinstance(entry, dict) and "vehicle_type_id" in entry


def _object_type(name: str, document: bytes) -> pa.StructType:
    """Return the type of objects that have counts under free keys: all keys that the document has there.

    Raises:
        OddFieldError: the values are nested, or a key or null in them looks like an absent one.
    """
    quoted = json.dumps(name).encode()
    if quoted not in document:
        return pa.struct([("count", pa.int64())])
    found = re.findall(rb"%s\s*:\s*(null|\{[^{}]*\}|\[[^\[\]]*\])" % re.escape(quoted), document)
    inside = b"".join(value for value in found if value != b"null")
    keys = set(_TEXT_KEY.findall(inside))
    odd = b"\\" in inside or b"null" in inside or b"\\u" in document or len(keys) > _MOST_KEYS
    if odd or len(found) != document.count(quoted):
        raise OddFieldError(f"the keys of {name} are not known")
    return pa.struct([(key.decode("utf-8"), pa.int64()) for key in sorted(keys)])
