"""Sums counts by vehicle type, column by column: bikes by kind, and docks of types.

The rules are those of `gbfs_mapping`, as `gbfs_values` applies them to one record.
"""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, NamedTuple, Tuple

import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.ingest.counts import MAX_COUNT
from velib_assets.ingest.feeds.definition import SPACES
from velib_assets.ingest.feeds.gbfs_mapping import ELECTRIC, MECHANICAL, OTHER, UNKNOWN
from velib_assets.ingest.feeds.gbfs_values import kind_of_word

KINDS = (MECHANICAL, ELECTRIC, OTHER, UNKNOWN)
_ZERO = pa.scalar(0, pa.int64())
_NONE = pa.scalar(None, pa.int64())
_FALSE = pa.scalar(False)


class Bikes(NamedTuple):
    """A station's bikes, mechanical and electric, one value per record."""

    bikes: pa.Array
    mechanical: pa.Array
    ebikes: pa.Array


class _Sums(NamedTuple):
    """The number of vehicles of each kind per record, and whether the record has valid counts by type."""

    by_kind: Dict[str, pa.Array]
    is_valid: pa.Array


def bikes_of(
    bikes: pa.Array, by_type: Mapping[str, pa.Array], electric: pa.Array, known: Mapping[str, str]
) -> Bikes:
    """Return the bikes of each record.

    Args:
        bikes: the totals.
        by_type: the counts by vehicle type of each field, in order of preference.
        electric: the number of electric bikes, for records without usable counts by type.
        known: the kind of each vehicle type that the feed explains, by id.
    """
    done = pa.repeat(_FALSE, len(bikes))
    mechanical = ebikes = pa.repeat(_NONE, len(bikes))
    for values in by_type.values():
        if values.null_count == len(values):
            continue
        sums = _sums(values, known)
        open_ = pc.and_(sums.is_valid, pc.invert(done))
        everything = sums.by_kind[UNKNOWN]
        for kind in KINDS[:-1]:
            everything = pc.add(everything, sums.by_kind[kind])
        other = sums.by_kind[OTHER]
        included = pc.fill_null(pc.and_(pc.greater(other, 0), pc.greater_equal(bikes, everything)), False)
        bikes = pc.if_else(pc.and_(open_, included), pc.subtract(bikes, other), bikes)
        typed = pc.add(sums.by_kind[MECHANICAL], sums.by_kind[ELECTRIC])
        has_types = pc.or_(pc.greater(typed, 0), pc.equal(pc.fill_null(bikes, 0), 0))
        is_known = pc.and_(open_, pc.and_(pc.equal(sums.by_kind[UNKNOWN], 0), has_types))
        mechanical = pc.if_else(is_known, sums.by_kind[MECHANICAL], mechanical)
        ebikes = pc.if_else(is_known, sums.by_kind[ELECTRIC], ebikes)
        done = pc.or_(done, is_known)
    if electric.null_count < len(electric):
        rest = pc.subtract(bikes, electric)
        rest = pc.if_else(pc.greater_equal(rest, 0), rest, _NONE)
        mechanical, ebikes = pc.if_else(done, mechanical, rest), pc.if_else(done, ebikes, electric)
    return Bikes(bikes, mechanical, ebikes)


def spaces_by_type(values: pa.Array, known: Mapping[str, str]) -> pa.Array:
    """Return the sum of each record's counts of docks, without those for vehicles that are no bikes.

    It is null if one of them is no count, or there are none.
    """
    if pa.types.is_struct(values.type):
        return _spaces_of_objects(values, known)
    entries = values.flatten()
    counts, counted = pc.struct_field(entries, "count"), pc.invert(_is_for_others(entries, known))
    bad = sum_by_list(values, pc.and_(counted, pc.invert(_is_count(counts))).cast(pa.int64()))
    total = sum_by_list(values, pc.if_else(counted, pc.fill_null(counts, 0), _ZERO))
    number = sum_by_list(values, counted.cast(pa.int64()))
    return pc.if_else(pc.and_(pc.greater(number, 0), pc.equal(bad, 0)), total, _NONE)


def _spaces_of_objects(objects: pa.StructArray, known: Mapping[str, str]) -> pa.Array:
    total = number = pa.repeat(_ZERO, len(objects))
    is_valid = objects.is_valid()
    for word, counts in _members(objects):
        if known.get(word, UNKNOWN) != OTHER:
            number = pc.add(number, counts.is_valid().cast(pa.int64()))
            total = pc.add(total, pc.fill_null(counts, 0))
            is_valid = pc.and_(is_valid, pc.or_(counts.is_null(), _is_count(counts)))
    return pc.if_else(pc.and_(is_valid, pc.greater(number, 0)), total, _NONE)


def _is_for_others(entries: pa.StructArray, known: Mapping[str, str]) -> pa.Array:
    """Return whether all vehicle types of an entry are no bikes.

    Raises:
        pa.ArrowInvalid: if that matters and an entry does not list its types.
    """
    others = [id_ for id_, kind in known.items() if kind == OTHER]
    if not others or not len(entries):
        return pa.repeat(_FALSE, len(entries))
    types = pc.struct_field(entries, "vehicle_type_ids")
    if types.null_count > entries.null_count:
        raise pa.ArrowInvalid("docks for vehicles of unknown types")
    ids = pc.utf8_trim(pc.fill_null(types.flatten(), ""), SPACES)
    bikes = pc.invert(pc.is_in(ids, value_set=pa.array(others, pa.string())))
    listed = pc.fill_null(pc.list_value_length(types), 0)
    return pc.and_(pc.greater(listed, 0), pc.equal(sum_by_list(types, bikes.cast(pa.int64())), 0))


def sum_by_list(lists: pa.ListArray, values: pa.Array) -> pa.Array:
    """Return the sum of the values of each list; 0 for an empty or a null list.

    Args:
        lists: the lists.
        values: a number, not null, for each item of the flattened lists.
    """
    sums = pa.concat_arrays([pa.repeat(_ZERO, 1), pc.cumulative_sum(values)])
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(lengths)
    return pc.subtract(sums.take(ends), sums.take(pc.subtract(ends, lengths)))


def _sums(values: pa.Array, known: Mapping[str, str]) -> _Sums:
    if pa.types.is_struct(values.type):
        return _sums_of_objects(values, known)
    entries = values.flatten()
    each = _sums_by_id(entries, known) if _has_ids(entries) else _sums_of_objects(entries, known)
    bad = sum_by_list(values, pc.invert(each.is_valid).cast(pa.int64()))
    by_kind = {kind: sum_by_list(values, numbers) for kind, numbers in each.by_kind.items()}
    return _Sums(by_kind, pc.and_(values.is_valid(), pc.equal(bad, 0)))


def _sums_of_objects(objects: pa.StructArray, known: Mapping[str, str]) -> _Sums:
    """Return the sums of each object, whose keys are ids or words; an absent key is null."""
    by_kind = {kind: pa.repeat(_ZERO, len(objects)) for kind in KINDS}
    is_valid = objects.is_valid()
    for word, numbers in _members(objects):
        kind = known.get(word) or kind_of_word(word)
        by_kind[kind] = pc.add(by_kind[kind], pc.fill_null(numbers, 0))
        is_valid = pc.and_(is_valid, pc.or_(numbers.is_null(), _is_count(numbers)))
    return _Sums(by_kind, is_valid)


def _sums_by_id(entries: pa.StructArray, known: Mapping[str, str]) -> _Sums:
    """Return the count of each entry under the kind of its vehicle type.

    Raises:
        pa.ArrowInvalid: if an entry has no id: it may have other keys.
    """
    ids, counts = pc.struct_field(entries, "vehicle_type_id"), pc.struct_field(entries, "count")
    if ids.null_count > entries.null_count:
        raise pa.ArrowInvalid("a count without a vehicle type")
    words = ids.cast(pa.string()).dictionary_encode()
    kinds = [known.get(word.strip(), UNKNOWN) for word in words.dictionary.to_pylist()]
    numbers, by_kind = pc.fill_null(counts, 0), {}
    for kind in KINDS:
        is_kind = pa.array([found == kind for found in kinds], pa.bool_()).take(words.indices)
        by_kind[kind] = pc.if_else(pc.fill_null(is_kind, False), numbers, _ZERO)
    return _Sums(by_kind, _is_count(counts))


def _has_ids(entries: pa.StructArray) -> bool:
    return bool(entries.type.get_field_index("vehicle_type_id") >= 0)


def _members(objects: pa.StructArray) -> Iterator[Tuple[str, pa.Array]]:
    return zip((field.name for field in objects.type), objects.flatten())


def _is_count(numbers: pa.Array) -> pa.Array:
    """Return whether each number is a count; false for null."""
    between = pc.and_(pc.greater_equal(numbers, 0), pc.less_equal(numbers, MAX_COUNT))
    return pc.fill_null(between, False)
