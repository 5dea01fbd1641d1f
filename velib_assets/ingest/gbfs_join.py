"""Joins the two files of a GBFS feed: descriptions and states, one record per station.

The key is `station_id`. Real feeds break it: entries lack it, or two stations share it. Vélib' has a second
key, `stationCode`, in both files, which decides where `station_id` fails; other networks have none. Entries
without a partner stay alone: a record with the wrong description would look right.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from velib_assets.ingest.gbfs_document import id_text

Key = Tuple[str, ...]


class _Entry(NamedTuple):
    """An entry of a file with its two keys as text, each None if it is missing."""

    station_id: Optional[str]
    code: Optional[str]
    value: Any


def join_gbfs(
    information: Sequence[Any], status: Sequence[Any], *, has_codes: bool = True
) -> List[Dict[str, Any]]:
    """Join the entries of both files to `{"information": …, "status": …}`; null where an entry is alone.

    `has_codes` says whether `stationCode` is a key. Stations are in the order of `information`, then of
    `status`. A duplicated station stays duplicated, for the clean step to count.
    """
    first, second = ([_entry(value, has_codes) for value in values] for values in (information, status))
    ids = _codes_by_id(first), _codes_by_id(second)
    first, second = _with_codes(first, ids[1]), _with_codes(second, ids[0])
    described = _grouped("information", first, second, ids)
    reported = _grouped("status", second, first, ids)
    return [
        {"information": one, "status": other}
        for key in {**described, **reported}
        for one, other in _pairs(described.get(key, []), reported.get(key, []))
    ]


def _entry(value: object, has_codes: bool) -> _Entry:
    fields: Mapping[str, object] = value if isinstance(value, dict) else {}
    if not has_codes:
        return _Entry(id_text(fields.get("station_id")), None, value)
    station_id, code = fields.get("station_id"), fields.get("stationCode")
    is_code = isinstance(code, (str, int)) and not isinstance(code, bool)
    return _Entry(
        None if station_id is None else str(station_id), (str(code).strip() if is_code else "") or None, value
    )


def _codes_by_id(entries: Sequence[_Entry]) -> Dict[str, Set[str]]:
    """Return the codes that occur with each `station_id`."""
    codes: Dict[str, Set[str]] = {}
    for entry in entries:
        if entry.station_id is not None:
            codes.setdefault(entry.station_id, set()).update({entry.code} if entry.code else ())
    return codes


def _with_codes(entries: Sequence[_Entry], others: Mapping[str, Set[str]]) -> List[_Entry]:
    """Give an entry without a code the only code that the other file has for its `station_id`."""

    def code_of(entry: _Entry) -> Optional[str]:
        codes = others.get(entry.station_id, set()) if entry.station_id is not None else set()
        return next(iter(codes)) if len(codes) == 1 else None

    return [entry if entry.code else entry._replace(code=code_of(entry)) for entry in entries]


def _grouped(
    part: str,
    entries: Sequence[_Entry],
    others: Sequence[_Entry],
    ids: Tuple[Mapping[str, Set[str]], Mapping[str, Set[str]]],
) -> Dict[Key, List[Any]]:
    """Group the entries of a file by the key that they share with the other file.

    It is the code if the other file has it, else a `station_id` that is of one station in both files.
    """
    codes = {entry.code for entry in others if entry.code}
    comparable = any(entry.code in codes for entry in entries)  # else each file spells codes its own way
    groups: Dict[Key, List[Any]] = {}
    for position, entry in enumerate(entries):
        if entry.code in codes:
            key: Key = ("code", str(entry.code))
        elif entry.station_id is not None and _is_one_station(entry.station_id, ids, comparable=comparable):
            key = ("id", entry.station_id)
        else:
            key = (part, entry.code or str(position))
        groups.setdefault(key, []).append(entry.value)
    return groups


def _is_one_station(
    station_id: str, ids: Tuple[Mapping[str, Set[str]], Mapping[str, Set[str]]], *, comparable: bool
) -> bool:
    """Return whether a `station_id` has one code at most: in both files, or else in each of them."""
    first, second = (codes_of.get(station_id, set()) for codes_of in ids)
    return len(first | second) <= 1 if comparable else len(first) <= 1 and len(second) <= 1


def _pairs(information: List[Any], status: List[Any]) -> List[Tuple[Any, Any]]:
    """Pair a station's entries of both files."""
    shorter = min(information, status, key=len)
    return list(zip_longest(information, status, fillvalue=shorter[-1] if shorter else None))
