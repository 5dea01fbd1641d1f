"""The columns of a typed snapshot from the parsed fields of GBFS records, of whichever form.

The rules are those of `gbfs_mapping`, as `gbfs_values` applies them to one record.
"""

from __future__ import annotations

from typing import Dict, Mapping, NamedTuple, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.clean.arrow_columns import as_flags, posix_milliseconds, stripped
from velib_assets.clean.arrow_records import YEAR_1, YEAR_9999, Fields
from velib_assets.clean.gbfs_bike_counts import bikes_of, spaces_by_type
from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.ingest.counts import NUMERAL
from velib_assets.ingest.feeds.gbfs_mapping import (
    COUNT,
    EBIKES_OF_BIKES,
    FLAG,
    IDENTITY,
    MAPPING,
    MOST_SPACES,
    NUMBER,
    TEXT,
    TIME,
    Source,
)
from velib_assets.ingest.feeds.gbfs_values import GbfsReader
from velib_assets.ingest.gbfs_document import language_rank

_FRACTION = r"(\.\d{3})\d+"


class GbfsColumns(NamedTuple):
    """The columns by name, and the POSIX times that cannot be read, null for others."""

    columns: Dict[str, pa.Array]
    unreadable: pa.Array


def gbfs_columns(fields: Fields, reader: GbfsReader) -> GbfsColumns:
    """Fill the columns of a typed snapshot.

    Args:
        fields: the parsed fields of the mapping.
        reader: knows the language and the vehicle types of the feed.

    Raises:
        pa.ArrowInvalid: if a value does not fit its column.
    """
    known = reader.known_types()
    columns: Dict[str, pa.Array] = {}
    unreadable = pa.nulls(len(next(iter(fields.values()))), pa.int64())
    for mapped in MAPPING:
        if mapped.column in ("mechanical", "ebikes"):
            continue
        if TIME in mapped.sources[0].forms:
            columns[mapped.column], unreadable = _times(fields[mapped.sources[0].path])
            continue
        values = [_read(fields[source.path], source, reader, known) for source in mapped.sources]
        columns[mapped.column] = values[0] if len(values) == 1 else pc.coalesce(*values)
    (by_type,) = (mapped.sources for mapped in MAPPING if mapped.column == "ebikes")
    electric = {source.path for source in by_type if EBIKES_OF_BIKES in source.forms}
    bikes = bikes_of(
        columns["bikes"],
        {source.path: fields[source.path] for source in by_type if source.path not in electric},
        _whole(fields[electric.pop()]),
        known,
    )
    return GbfsColumns({**columns, **bikes._asdict()}, unreadable)


def _read(values: pa.Array, source: Source, reader: GbfsReader, known: Mapping[str, str]) -> pa.Array:
    """Return what a field says of its column."""
    forms = source.forms
    if IDENTITY in forms or TEXT in forms:
        return _texts(values, reader.language)
    if FLAG in forms:
        return as_flags(values)
    if NUMBER in forms:
        numbers = _numbers(values, pa.float64())
        return pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
    if COUNT in forms:
        return _whole(values)
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.int64())
    return _spaces(spaces_by_type(values, known) if pa.types.is_nested(values.type) else _whole(values))


def _texts(values: pa.Array, language: str) -> pa.Array:
    if pa.types.is_list(values.type):
        return _localized(values, language)
    return stripped(values.cast(pa.string()))


def _localized(lists: pa.ListArray, language: str) -> pa.Array:
    """Return one text of each list: the first in the language that is chosen among those of the list."""
    entries = lists.flatten()
    owners = pc.list_parent_indices(lists)
    texts = stripped(pc.struct_field(entries, "text"))
    if len(texts) == len(lists) and owners.equals(_range(len(lists), owners.type)):
        return texts  # one for each
    tags = pc.fill_null(pc.struct_field(entries, "language"), "None").dictionary_encode()
    ranks = [language_rank(tag, language) for tag in tags.dictionary.to_pylist()]
    rank_of = pa.array(ranks, pa.int64()).take(tags.indices)
    rows = _range(len(lists), owners.type)
    chosen = pa.nulls(len(lists), pa.string())
    for rank in sorted(set(ranks)):
        is_next = pc.and_(texts.is_valid(), pc.equal(rank_of, rank))
        first = pc.index_in(rows, value_set=owners.filter(is_next))
        chosen = pc.coalesce(chosen, texts.filter(is_next).take(first))
    return chosen


def _range(size: int, type_: pa.DataType) -> pa.Array:
    """Return the numbers from 0 on."""
    return pc.subtract(pc.cumulative_sum(pa.repeat(pa.scalar(1, type_), size)), 1)


def _times(values: pa.Array) -> Tuple[pa.Array, pa.Array]:
    """Return times, and the POSIX times that are none."""
    type_, none = ARROW_TYPES["timestamp"], pa.nulls(len(values), pa.int64())
    if pa.types.is_integer(values.type):
        times = posix_milliseconds(values)
        is_time = pc.and_(pc.greater_equal(times, YEAR_1), pc.less_equal(times, YEAR_9999))
        if pc.all(is_time).as_py() is not False:
            return times.cast(type_), none
        return pc.if_else(is_time, times, pa.scalar(None, pa.int64())).cast(type_), pc.if_else(
            is_time, pa.scalar(None, pa.int64()), values
        )
    if pa.types.is_string(values.type):
        values = pc.replace_substring_regex(values, _FRACTION, r"\1")
    return values.cast(type_), none


def _numbers(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return numbers, also those that texts write; blank texts are null.

    Raises:
        pa.ArrowInvalid: if a text is no number.
    """
    if not pa.types.is_string(values.type):
        return values.cast(type_)
    texts = stripped(values)
    if pc.all(pc.match_substring_regex(texts, f"^{NUMERAL}$")).as_py() is False:
        raise pa.ArrowInvalid("a text is no number")
    return texts.cast(type_)


def _whole(values: pa.Array) -> pa.Array:
    """Return whole numbers.

    Raises:
        pa.ArrowInvalid: if one has a fraction.
    """
    return _numbers(values, pa.int64())


def _spaces(numbers: pa.Array) -> pa.Array:
    """Return numbers of docks; null for a number that means unknown."""
    is_unknown = pc.or_(pc.equal(numbers, -1), pc.greater_equal(numbers, MOST_SPACES))
    return pc.if_else(is_unknown, pa.scalar(None, pa.int64()), numbers)
