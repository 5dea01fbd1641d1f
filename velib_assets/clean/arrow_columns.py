"""A feed's definition as Arrow types for the JSON parser, and the columns that the parsed fields fill."""

from __future__ import annotations

from functools import cache
from typing import Dict, List, Optional, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.arrow_records import Fields
from velib_assets.clean.json_values import FALSE_WORDS, TRUE_WORDS
from velib_assets.clean.record_fields import Types, path_of
from velib_assets.clean.typed_snapshot import ARROW_TYPES, READ_TYPES, TYPED_SCHEMA
from velib_assets.ingest.counts import MILLISECONDS_BELOW, SECONDS_BELOW
from velib_assets.ingest.feeds.definition import BOOLEAN, LIST, NUMBER, SPACES, TEXT, FeedDefinition, Field

_ARROW = {TEXT: pa.string(), NUMBER: pa.int64(), BOOLEAN: pa.bool_(), LIST: pa.list_(pa.string())}
_SPECIFIC = {(NUMBER, "int"), (NUMBER, "double"), (TEXT, "timestamp")}


def record_type(feed: FeedDefinition, all_fields: bool, found: Optional[Types] = None) -> pa.StructType:
    """Return the Arrow type of a feed's records.

    Args:
        feed: the definition of the records.
        all_fields: whether to include the declared fields that fill no column.
        found: types that suit the fields of these records, declared or not.
    """
    types: Types = {}
    for field in feed.fields:
        type_ = _field_type(field)
        if type_ is not None and (all_fields or field.column or field.members):
            types[field.part, field.name] = type_
    for (part, name), suited in (found or {}).items():
        declared = declared_fields(feed).get(path_of(part, name))
        if declared is None or _is_alternative(declared, suited):
            types[part, name] = suited
    parts: Dict[str, List[Tuple[str, pa.DataType]]] = {}
    for (part, name), type_ in types.items():
        parts.setdefault(part, []).append((name, type_))
    nested = [(part, pa.struct(members)) for part, members in parts.items() if part]
    return pa.struct([*parts.get("", []), *nested])


@cache
def declared_fields(feed: FeedDefinition) -> Dict[str, Field]:
    """Return the declared fields of a feed by path."""
    return {field.path: field for field in feed.fields}


def has_other_types(feed: FeedDefinition, part: str, name: str) -> bool:
    """Return whether a field may be parsed as another type than the one that its declaration suggests."""
    field = declared_fields(feed).get(path_of(part, name))
    return field is None or not (field.column or field.members) or len(field.types) > 1


def _is_alternative(field: Field, suited: pa.DataType) -> bool:
    """Return whether a declared field can be parsed as a type that suits its values."""
    if not (field.column or field.members):
        return not pa.types.is_null(suited)
    if READ_TYPES.get(field.column) != "boolean":
        return False
    return (TEXT in field.types and pa.types.is_string(suited)) or (
        BOOLEAN in field.types and pa.types.is_boolean(suited)
    )


def _field_type(field: Field) -> Optional[pa.DataType]:
    """Return the type of the ordinary values of a field; None if it cannot be derived."""
    kind = field.types[0]
    if field.members:
        members = pa.struct([(name, TYPED_SCHEMA.field(column).type) for name, column in field.members])
        return pa.list_(members) if kind == LIST else members
    column_type = READ_TYPES.get(field.column, "")
    return ARROW_TYPES[column_type] if (kind, column_type) in _SPECIFIC else _ARROW.get(kind)


def columns_of(fields: Fields, feed: FeedDefinition, rows: int) -> Dict[str, pa.Array]:
    """Fill the columns of `TYPED_SCHEMA` from parsed fields.

    Raises:
        pa.ArrowInvalid: if a value does not fit its column.
    """
    sources: Dict[str, List[pa.Array]] = {}
    for field in feed.fields:
        if field.column:
            sources.setdefault(field.column, []).append(fields[field.path])
        for name, column in field.members:
            read = _list_member if field.types[0] == LIST else pc.struct_field
            sources.setdefault(column, []).append(read(fields[field.path], name))
    return {
        name: _convert(sources[name], type_) if name in sources else pa.nulls(rows, ARROW_TYPES[type_])
        for name, type_ in READ_TYPES.items()
    }


def _convert(sources: List[pa.Array], column_type: str) -> pa.Array:
    values = sources[0] if len(sources) == 1 else pc.coalesce(*sources)
    if column_type == "boolean":
        return as_flags(values)
    if column_type == "double":
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    if column_type == "string":
        return stripped(values)
    if column_type == "timestamp" and pa.types.is_integer(values.type):
        values = posix_milliseconds(values)
    return values.cast(ARROW_TYPES[column_type])


def as_flags(values: pa.Array) -> pa.Array:
    """Return booleans, numbers or words as booleans; null for what is none."""
    if _are_zero_or_one(values):
        return values.cast(pa.bool_())
    return values if pa.types.is_boolean(values.type) else _flags(values.cast(pa.string()))


def _are_zero_or_one(values: pa.Array) -> bool:
    if not pa.types.is_integer(values.type):
        return False
    extremes = pc.min_max(values).as_py()
    return extremes["min"] in (0, 1) and extremes["max"] in (0, 1)


def _flags(words: pa.Array) -> pa.Array:
    spellings, truths = _spellings()
    found = pc.index_in(words, value_set=spellings)
    for normal in (pc.utf8_lower, lambda texts: pc.utf8_trim(pc.utf8_lower(texts), SPACES)):
        if found.null_count == words.null_count:
            break
        found = pc.index_in(normal(words), value_set=spellings)
    return truths.take(found)


def stripped(texts: pa.Array) -> pa.Array:
    """Return texts without the spaces around them; blank texts are null."""
    trimmed = pc.utf8_trim(texts, SPACES)
    if pc.min(pc.binary_length(trimmed)).as_py() != 0:
        return trimmed
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def posix_milliseconds(times: pa.Array) -> pa.Array:
    """Return POSIX times in seconds, milliseconds or microseconds, by their size, in milliseconds."""
    extremes = pc.min_max(times)
    lowest, highest = extremes["min"].as_py(), extremes["max"].as_py()
    if lowest is None or -SECONDS_BELOW < lowest <= highest < SECONDS_BELOW:
        return pc.multiply(times, 1000)
    rounded = pc.divide(times, 1000)  # towards zero
    rounded = pc.if_else(pc.greater(pc.multiply(rounded, 1000), times), pc.subtract(rounded, 1), rounded)
    milliseconds = pc.if_else(_is_within(times, MILLISECONDS_BELOW), times, rounded)
    return pc.if_else(_is_within(times, SECONDS_BELOW), pc.multiply(times, 1000), milliseconds)


def _is_within(values: pa.Array, limit: int) -> pa.Array:
    """Return whether numbers are between -limit and limit; -2**63 has no absolute value."""
    return pc.and_(pc.greater(values, -limit), pc.less(values, limit))


def _list_member(lists: pa.ListArray, name: str) -> pa.Array:
    """Return the number under `name` in each list of objects, at any position.

    Raises:
        pa.ArrowInvalid: if a list has two.
    """
    numbers = pc.struct_field(lists.flatten(), name)
    owners = pc.list_parent_indices(lists).filter(numbers.is_valid())
    if pc.any(pc.equal(owners[1:], owners[:-1])).as_py():
        raise pa.ArrowInvalid(f"a list has two values of {name}")
    numbers = numbers.drop_null()
    if len(numbers) == len(lists):
        return numbers  # one for each
    rows = pa.array(range(len(lists)), owners.type)
    return numbers.take(pc.index_in(rows, value_set=owners))


@cache
def _spellings() -> Tuple[pa.Array, pa.Array]:
    """Return the spellings of flags and their values; built late because pa.array imports pandas."""
    words = (*TRUE_WORDS, *FALSE_WORDS, "OUI", "NON")
    return pa.array(words), pa.array([word == "OUI" or word in TRUE_WORDS for word in words])


def equal_to_previous(values: pa.Array) -> pa.Array:
    """Return whether each value from the second on equals the one before; two nulls are equal."""
    both_null = pc.and_(values[1:].is_null(), values[:-1].is_null())
    return pc.or_(both_null, pc.fill_null(pc.equal(values[1:], values[:-1]), False))
