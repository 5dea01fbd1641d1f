"""Finds which fields records have, and Arrow types that can parse them.

The JSON parser needs a type for every field, also for those that a feed does not declare. The first records
of a snapshot suggest one; what all records of an earlier snapshot suggested is remembered, which saves time
and changes no result.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

import pyarrow as pa

from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.json_document import too_deep

JSON_NAMES = {str: "text", int: "number", float: "number", bool: "boolean", dict: "object", list: "list"}
"""The name of a decoded value's JSON type; other values are null."""

_SCALARS: Dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.float64(),  # a later record may have a fraction
    float: pa.float64(),
    bool: pa.bool_(),
    type(None): pa.null(),
}
_SAMPLED_BYTES = 8192
_SAMPLED_RECORDS = 3
_MAX_DEPTH = 80  # deeper values are left to the general path
_NEXT = re.compile(r"[ \t\r\n]*([\[,])[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_MOST_REMEMBERED = 1000  # a feed can invent any number of fields
_remembered: Dict[Tuple[str, str, str], pa.DataType] = {}

Types = Dict[Tuple[str, str], pa.DataType]
"""The Arrow types of fields, by part and name."""

JsonTypes = Dict[str, Set[str]]
"""The JSON types, except null, of fields by path."""


class MixedTypesError(ValueError):
    """Values of one field have types that no single Arrow type covers."""


def first_records(results: memoryview) -> List[Any]:
    """Decode the first records of a JSON array."""
    text = bytes(results[:_SAMPLED_BYTES]).decode("utf-8", "ignore")
    records: List[Any] = []
    end = 0
    while len(records) < _SAMPLED_RECORDS and (gap := _NEXT.match(text, end)):
        try:
            record, end = _DECODER.raw_decode(text, gap.end())
        except (ValueError, RecursionError):  # the sample ends within a record, or it is odd
            break
        records.append(record)
    return records


def all_records(results: memoryview) -> Optional[List[Any]]:
    """Decode every record of a JSON array; None if it is not one."""
    try:
        records = json.loads(bytes(results))
    except (ValueError, RecursionError):
        return None
    return records if isinstance(records, list) else None


def fields_in(records: Sequence[Any], feed: FeedDefinition) -> Iterator[Tuple[str, str, List[Any]]]:
    """Yield each field that occurs in records: its part, its name, and its values where it occurs."""
    objects = [record for record in records if isinstance(record, dict)]
    if not feed.is_nested:
        yield from _members("", objects)
        return
    for part in sorted(set().union(*objects)):
        yield from _members(part, [record[part] for record in objects if isinstance(record.get(part), dict)])


def _members(part: str, objects: Sequence[Dict[str, Any]]) -> Iterator[Tuple[str, str, List[Any]]]:
    for name in sorted(set().union(*objects)):
        yield part, name, [fields[name] for fields in objects if name in fields]


def path_of(part: str, name: str) -> str:
    """Return the path of a field."""
    return f"{part}.{name}" if part else name


def json_types(values: Iterable[Any]) -> Set[str]:
    """Return the JSON types of values, except null."""
    return {JSON_NAMES.get(type_, "value") for type_ in set(map(type, values)) if type_ is not type(None)}


def json_types_in(records: Sequence[Any], feed: FeedDefinition) -> JsonTypes:
    """Return the JSON types, except null, of each field that occurs in records."""
    types: JsonTypes = {}
    for part, name, values in fields_in(records, feed):
        types.setdefault(path_of(part, name), set()).update(json_types(values))
    return types


def suggested_types(fields: Iterable[Tuple[str, str, List[Any]]]) -> Types:
    """Return Arrow types that cover the values of fields; fields of mixed types are left out."""
    types: Types = {}
    for part, name, values in fields:
        with suppress(MixedTypesError):
            types[part, name] = _type_of(values)
    return types


def remembered(types: Types, feed: FeedDefinition) -> Types:
    """Return types that also cover what is remembered of the same fields."""
    covering: Types = {}
    for (part, name), type_ in types.items():
        known = _remembered.get((feed.name, part, name), pa.null())
        with suppress(MixedTypesError):
            covering[part, name] = _merge([type_, known])
    return covering


def remember(types: Types, feed: FeedDefinition) -> None:
    """Remember the types of fields for the snapshots to come."""
    if len(_remembered) > _MOST_REMEMBERED:
        _remembered.clear()
    _remembered.update({(feed.name, part, name): type_ for (part, name), type_ in types.items()})


def is_shallow(values: Iterable[Any]) -> bool:
    """Return whether no value is nested too deeply for the fast path."""
    return not too_deep([value for value in values if isinstance(value, (dict, list))], _MAX_DEPTH)


def _type_of(values: Sequence[Any], depth: int = 0) -> pa.DataType:
    """Return a type that covers all values."""
    kinds = set(map(type, values))
    found = [_SCALARS[kind] for kind in kinds if kind in _SCALARS]
    if len(found) < len(kinds):
        if depth > _MAX_DEPTH:
            raise MixedTypesError
        found += [_nested_type(value, depth + 1) for value in values if type(value) not in _SCALARS]
    return _merge(found)


def _nested_type(value: Any, depth: int) -> pa.DataType:  # noqa: ANN401 - JSON is any shape
    if isinstance(value, list):
        return pa.list_(_type_of(value, depth))
    return pa.struct([(name, _type_of([member], depth)) for name, member in value.items()])


def _merge(types: Sequence[pa.DataType]) -> pa.DataType:
    """Return a type that covers all of `types`."""
    distinct = [type_ for type_ in dict.fromkeys(types) if not pa.types.is_null(type_)]
    if len(distinct) <= 1:
        return distinct[0] if distinct else pa.null()
    if all(map(pa.types.is_struct, distinct)):
        members: Dict[str, List[pa.DataType]] = {}
        for field in (field for type_ in distinct for field in type_):
            members.setdefault(field.name, []).append(field.type)
        return pa.struct([(name, _merge(found)) for name, found in members.items()])
    if all(map(pa.types.is_list, distinct)):
        return pa.list_(_merge([type_.value_type for type_ in distinct]))
    raise MixedTypesError
