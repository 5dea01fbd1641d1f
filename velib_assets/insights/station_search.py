"""Finds stations by code, or by parts of the words of a name, without accents and case."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_LONGEST = 80  # of a text that is compared with names; real names have up to 60 characters
_NEAR = 5
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})


class Station(NamedTuple):
    """A station that can be found: its code, its newest name, and the names that it had before."""

    station_id: str
    name: str
    former_names: tuple[str, ...] = ()


def fold(text: str) -> str:
    """Return the words of a text, without accents, case and punctuation, separated by single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    letters = (char for char in plain if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in letters).split())


def find_stations(text: str, stations: Iterable[Station]) -> list[Station]:
    """Return the stations that a text names, the most similar names first.

    The station with this code, if there is one. Otherwise those of which a name contains all words of the
    text, also as parts of its words and in another order. If there is none, spaces are not considered either.
    """
    known = list(stations)
    code = text.strip().casefold()
    if by_code := [station for station in known if station.station_id.casefold() == code]:
        exact = [station for station in by_code if station.station_id == text.strip()]
        return exact or by_code
    wanted = fold(text)
    words = wanted.split()
    if not words:
        return []
    folded = [(station, [fold(name) for name in (station.name, *station.former_names)]) for station in known]
    found = [
        (station, names) for station, names in folded if any(all(w in name for w in words) for name in names)
    ]
    if not found:
        joined = "".join(words)
        found = [
            (station, names)
            for station, names in folded
            if any(joined in name.replace(" ", "") for name in names)
        ]
    return [station for station, names in sorted(found, key=lambda pair: _order(wanted, *pair))]


def near_stations(text: str, stations: Sequence[Station]) -> list[Station]:
    """Return up to five stations whose code or name is similar to a text, the most similar first."""
    wanted = fold(text[:_LONGEST])
    if not wanted:
        return []
    by_text: dict[str, list[Station]] = {}
    for station in stations:
        for part in {station.station_id.casefold(), fold(station.name), *fold(station.name).split()}:
            by_text.setdefault(part, []).append(station)
    close = difflib.get_close_matches(wanted, by_text, n=_NEAR, cutoff=0.7)
    if not close:  # a word of several that is misspelt
        close = [
            other
            for word in wanted.split()
            for other in difflib.get_close_matches(word, by_text, n=2, cutoff=0.75)
        ]
    found = {station.station_id: station for part in close for station in by_text[part]}
    return list(found.values())[:_NEAR]


def _order(wanted: str, station: Station, names: Sequence[str]) -> tuple[bool, bool, bool, str, str]:
    return (
        wanted not in names,
        not names[0].startswith(wanted),
        not any(wanted in name for name in names),
        names[0],
        station.station_id,
    )
