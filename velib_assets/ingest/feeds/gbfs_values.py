"""Reads the raw values of the columns from a GBFS record of any version, by `gbfs_mapping`.

Rules that need a whole snapshot are not here; see `gbfs_rules` in the clean step.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from velib_assets.ingest.counts import NO_STATUS, RowError, count, is_not_finite, numeral
from velib_assets.ingest.feeds.definition import SPACES as BLANKS
from velib_assets.ingest.feeds.gbfs_mapping import (
    BIKE_WORDS,
    ELECTRIC,
    FLAG,
    IDENTITY,
    LOCALIZED,
    MAPPING,
    MECHANICAL,
    MOST_SPACES,
    OTHER,
    SPACES,
    SPACES_BY_TYPE,
    SPACES_BY_TYPES,
    TEXT,
    UNKNOWN,
    VEHICLES,
    Source,
)
from velib_assets.ingest.gbfs_document import id_text, text_in

_SOURCES = {mapped.column: mapped.sources for mapped in MAPPING}
_IDENTITY, _TYPES = _SOURCES["station_id"], _SOURCES["ebikes"]
_ONE_BY_ONE = [column for column in _SOURCES if column not in ("station_id", "mechanical", "ebikes")]

Counted = List[Tuple[Tuple[str, ...], object]]
"""Counts, each with the kinds of the vehicles that it counts."""


class GbfsReader(NamedTuple):
    """Reads the records of a GBFS feed.

    Args:
        language: the language of localized texts, if the feed says it.
        vehicle_types: pairs of a vehicle type's id and its key in VEHICLES.
    """

    language: str = ""
    vehicle_types: Tuple[Tuple[str, str], ...] = ()

    def known_types(self) -> Dict[str, str]:
        """Return the kind of each vehicle type that the feed explains, by id."""
        return _known_types(self.vehicle_types)

    def station_code(self, record: object) -> Optional[str]:
        """Return a record's `station_id` as text; None if it has none."""
        codes = (id_text(_value(record, source)) for source in _IDENTITY)
        return next((code for code in codes if code), None)

    def values(self, record: object) -> Dict[str, object]:
        """Return the raw value of each column in a record.

        Raises:
            RowError: if the record has a description only: nothing says what is at the station.
        """
        if not _part(record, "status"):
            raise RowError(NO_STATUS)
        known = self.known_types()
        values: Dict[str, object] = {column: self._first(record, column, known) for column in _ONE_BY_ONE}
        return {**values, **_bikes_of(record, values["bikes"], known)}

    def _first(self, record: object, column: str, known: Mapping[str, str]) -> object:
        """Return what the first field that says something says of a column."""
        for source in _SOURCES[column]:
            value = _value(record, source)
            if says_something(value) and (read := self._read(value, source.forms, known)) is not None:
                return read
        return None

    def _read(self, value: object, forms: Tuple[str, ...], known: Mapping[str, str]) -> object:
        """Return a value as its form says; None if it says nothing."""
        if IDENTITY in forms:
            return id_text(value)
        if TEXT in forms or LOCALIZED in forms:
            return text_in(value, self.language) or None
        if FLAG in forms and isinstance(value, float) and value.is_integer():
            return int(value)
        if SPACES_BY_TYPE in forms and isinstance(value, dict):
            return _spaces(_bikes_in([((known.get(id_, UNKNOWN),), number) for id_, number in value.items()]))
        if SPACES_BY_TYPES in forms and isinstance(value, list):
            return _spaces(_bikes_in([_item(entry, known) for entry in value]))
        return _spaces(value) if SPACES in forms else value


@lru_cache(maxsize=4)
def _known_types(vehicle_types: Tuple[Tuple[str, str], ...]) -> Dict[str, str]:
    return {id_: VEHICLES.get(type_.lower(), UNKNOWN) for id_, type_ in vehicle_types}


def _part(record: object, name: str) -> Mapping[str, object]:
    part = record.get(name) if isinstance(record, dict) else None
    return part if isinstance(part, dict) else {}


def _value(record: object, source: Source) -> object:
    part, _, name = source.path.partition(".")
    return _part(record, part).get(name)


def says_something(value: object) -> bool:
    """Return whether a value is given: null, NaN, blank text, `[]` and `{}` say nothing."""
    blank = isinstance(value, str) and not value.strip(BLANKS)
    return not (value is None or blank or value in ([], {}) or is_not_finite(value))


def _spaces(value: object) -> object:
    """Return a number of docks; None for a number that means unknown."""
    number = numeral(value) if isinstance(value, str) else value
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    return None if is_number and (number == -1 or number >= MOST_SPACES) else value  # type: ignore[operator] # a number


def _item(entry: object, known: Mapping[str, str]) -> Tuple[Tuple[str, ...], object]:
    """Return the kinds and the count of an item with `vehicle_type_ids` or `vehicle_type_id`."""
    fields = entry if isinstance(entry, dict) else {}
    ids = fields.get("vehicle_type_ids", fields.get("vehicle_type_id"))
    each = ids if isinstance(ids, list) else [ids]
    return tuple(known.get(id_text(id_) or "", UNKNOWN) for id_ in each), fields.get("count")


def _bikes_in(counted: Counted) -> Optional[int]:
    """Return the sum of counts except those of vehicles that are no bikes; None if one is no count."""
    numbers = [_count(number) for kinds, number in counted if set(kinds) != {OTHER}]
    return (
        sum(number for number in numbers if number is not None) if numbers and None not in numbers else None
    )


def _count(value: object) -> Optional[int]:
    """Return a count; None for anything else."""
    try:
        return count("", value)
    except RowError:
        return None


def _bikes_of(record: object, total: object, known: Mapping[str, str]) -> Dict[str, object]:
    """Return a station's bikes, mechanical and electric, from its total and the counts of its types."""
    *by_type, electric = _TYPES
    found = [sums for source in by_type if (sums := _sums(_value(record, source), known)) is not None]
    bikes, number = total, _count(total)
    if found and number is not None and number >= sum(found[0].values()):
        bikes = number = number - found[0][OTHER]
    for sums in found:
        if not sums[UNKNOWN] and (sums[MECHANICAL] or sums[ELECTRIC] or not number):
            return {"bikes": bikes, "mechanical": sums[MECHANICAL], "ebikes": sums[ELECTRIC]}
    ebikes = _value(record, electric)
    is_given = says_something(ebikes)
    rest = _rest(number, _count(ebikes)) if is_given else None
    return {"bikes": bikes, "mechanical": rest, "ebikes": ebikes if is_given else None}


def _rest(bikes: Optional[int], electric: Optional[int]) -> Optional[int]:
    """Return how many bikes are not electric; None if that is not known."""
    return None if bikes is None or electric is None or electric > bikes else bikes - electric


def _sums(value: object, known: Mapping[str, str]) -> Optional[Dict[str, int]]:
    """Return the number of vehicles by kind; None if the value has no form of types."""
    sums = dict.fromkeys((MECHANICAL, ELECTRIC, OTHER, UNKNOWN), 0)
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, dict):
            return None
        if isinstance(value, list) and "vehicle_type_id" in entry:
            pairs = [(known.get(id_text(entry["vehicle_type_id"]) or "", UNKNOWN), entry.get("count"))]
        else:
            pairs = [(known.get(word) or kind_of_word(word), number) for word, number in entry.items()]
        for kind, number in pairs:
            counted = _count(number)
            if counted is None:
                return None
            sums[kind] += counted
    return sums


def kind_of_word(word: str) -> str:
    """Return what kind of vehicle a word means."""
    return BIKE_WORDS.get("".join(letter for letter in word.lower() if letter.isalnum()), UNKNOWN)
