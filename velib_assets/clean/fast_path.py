"""The fast path: types whole snapshots from JSON to Arrow in one pass, outside the interpreter.

It declines (returns None) if anything is odd; the general path then types the snapshot record by record.
Undeclared fields are not odd: they are parsed too, with types that the first records suggest, or
else skipped, and the records decoded once to find them. The parser never recurses into an undeclared value
whose depth is unknown, because it would do so on the C stack.
Tests prove that both paths agree wherever this one succeeds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa

from velib_assets.clean.arrow_columns import columns_of, declared_fields, has_other_types, record_type
from velib_assets.clean.arrow_records import (
    Fields,
    document_of,
    extents_of,
    fields_of,
    is_ordinary,
    parse_records,
)
from velib_assets.clean.commune_names import commune_of_text
from velib_assets.clean.record_fields import (
    JsonTypes,
    all_records,
    fields_in,
    first_records,
    is_shallow,
    json_types,
    json_types_in,
    path_of,
    remember,
    remembered,
    suggested_types,
)
from velib_assets.clean.typed_snapshot import TYPED_SCHEMA, Drift, TypedSnapshot, drift_between
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.lake.network import VELIB


class _Parsed(NamedTuple):
    """Parsed records: a list for each snapshot, and for each the fields that decoding has found."""

    lists: pa.ListArray
    found: Sequence[JsonTypes]


def type_fast(results: Sequence[memoryview], feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    """Type snapshots of one feed together, or decline if any of them is odd.

    Fields that the feed does not declare are not odd.

    Args:
        results: the JSON array of records of each snapshot.
        feed: the definition of the records.
    """
    try:
        document = document_of(results)
        parsed = _parsed(document, results, feed)
        return _typed(parsed, feed) if parsed else None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _parsed(document: bytes, results: Sequence[memoryview], feed: FeedDefinition) -> Optional[_Parsed]:
    for parse in (_declared, _sampled):
        # Arrow cannot encode a field name that has a lone surrogate.
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeEncodeError):
            if parsed := parse(document, results, feed):
                return parsed
    return _decoded(document, results, feed)


def _declared(document: bytes, results: Sequence[memoryview], feed: FeedDefinition) -> _Parsed:
    """Parse records that have declared fields only."""
    nothing: JsonTypes = {}
    return _parse(document, record_type(feed, all_fields=True), "error", [nothing] * len(results))


def _sampled(document: bytes, results: Sequence[memoryview], feed: FeedDefinition) -> Optional[_Parsed]:
    """Parse records that have the fields of the first ones too; None if it remains open who has them."""
    samples = [first_records(array) for array in results]
    fields_seen = fields_in([record for sample in samples for record in sample], feed)
    types = suggested_types(field for field in fields_seen if has_other_types(feed, *field[:2]))
    record = record_type(feed, all_fields=True, found=remembered(types, feed))
    parsed = _parse(document, record, "error", [json_types_in(sample, feed) for sample in samples])
    fields = fields_of(parsed.lists.flatten(), nested=feed.is_nested)
    undeclared = set(fields) - set(declared_fields(feed))
    for array, seen, (start, size) in zip(results, parsed.found, extents_of(parsed.lists)):
        for path in undeclared - set(seen):
            if fields[path].slice(start, size).null_count == size and _may_mention(bytes(array), path):
                return None  # a later record has it as null, or none has it
    return parsed


def _may_mention(array: bytes, path: str) -> bool:
    name = json.dumps(path.rpartition(".")[2], ensure_ascii=False)[1:].encode("utf-8", "replace")
    return name in array or b"\\u" in array


def _decoded(document: bytes, results: Sequence[memoryview], feed: FeedDefinition) -> Optional[_Parsed]:
    """Parse the fields that fill columns, and decode the records for the others."""
    found: List[JsonTypes] = [{} for _ in results]
    parsed = _parse(document, record_type(feed, all_fields=False), "ignore", found)
    columns = {field.path for field in feed.fields if field.column or field.members}
    for array, types in zip(results, found):
        records = all_records(array)
        if records is None:
            return None
        others = [field for field in fields_in(records, feed) if path_of(*field[:2]) not in columns]
        if not all(is_shallow(values) for *_, values in others):
            return None
        for part, name, values in others:
            types.setdefault(path_of(part, name), set()).update(json_types(values))
        remember(suggested_types(others), feed)
    return parsed


def _parse(document: bytes, record: pa.StructType, undeclared: str, found: Sequence[JsonTypes]) -> _Parsed:
    return _Parsed(parse_records(document, record, undeclared, len(found)), found)


def _typed(parsed: _Parsed, feed: FeedDefinition) -> Optional[List[TypedSnapshot]]:
    records = parsed.lists.flatten()
    fields = fields_of(records, nested=feed.is_nested)
    columns = columns_of(fields, feed, len(records))
    table = pa.table([columns[name] for name in TYPED_SCHEMA.names], schema=TYPED_SCHEMA)
    if not is_ordinary(table):
        return None
    table, texts = _with_communes(table) if feed.network == VELIB else (table, None)
    parts = []
    for found, (start, size) in zip(parsed.found, extents_of(parsed.lists)):
        part = table.slice(start, size)
        drift = _drift(fields, start, size, found, feed)
        parts.append(TypedSnapshot(part, [], size, drift, _by_station(texts, part, start)))
    return parts if all(_has_counts(part.table) for part in parts) else None


def _with_communes(table: pa.Table) -> Tuple[pa.Table, Optional[pa.Array]]:
    """Return rows with the communes' names, and the arrondissement of each row if any commune gives it."""
    texts = table["commune"].combine_chunks().dictionary_encode()
    communes = [commune_of_text(text) for text in texts.dictionary.to_pylist()]
    names = pa.array([commune.name for commune in communes], pa.string())
    if not names.equals(texts.dictionary):
        position = table.schema.get_field_index("commune")
        table = table.set_column(position, table.schema.field(position), names.take(texts.indices))
    if not any(commune.arrondissement for commune in communes):
        return table, None
    return table, pa.array([commune.arrondissement for commune in communes], pa.string()).take(texts.indices)


def _by_station(arrondissements: Optional[pa.Array], rows: pa.Table, start: int) -> Dict[str, str]:
    """Return the arrondissement of each station of a snapshot whose commune gives it."""
    if arrondissements is None:
        return {}
    labels = arrondissements.slice(start, len(rows)).to_pylist()
    return {code: label for code, label in zip(rows["station_id"].to_pylist(), labels) if label}


def _has_counts(snapshot: pa.Table) -> bool:
    """Return whether there are counts. If all are null, only the audit can tell whether the field exists."""
    return all(snapshot[name].null_count < len(snapshot) for name in ("bikes", "docks"))


def _drift(fields: Fields, start: int, size: int, found: JsonTypes, feed: FeedDefinition) -> Drift:
    types: Dict[str, Iterable[str]] = {path: found[path] for path in found if path not in fields}
    for path, values in fields.items():
        if not values.null_count or values.slice(start, size).null_count < size:
            types[path] = _json_type(values.type)
        elif path in found or path in declared_fields(feed):
            types[path] = ()
    return drift_between(feed, types)


@lru_cache(maxsize=256)
def _json_type(type_: pa.DataType) -> Tuple[str, ...]:
    return next(((name,) for name, matches in _JSON_TYPES.items() if matches(type_)), ("value",))


_JSON_TYPES = {
    "text": lambda type_: pa.types.is_string(type_) or pa.types.is_timestamp(type_),
    "number": lambda type_: pa.types.is_integer(type_) or pa.types.is_floating(type_),
    "boolean": pa.types.is_boolean,
    "object": pa.types.is_struct,
    "list": pa.types.is_list,
}
