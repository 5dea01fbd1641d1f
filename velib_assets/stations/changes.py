"""The changes of one station: when each part of its description began."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from velib_assets.stations.communes import commune_of_code
from velib_assets.stations.sights import FIELDS

OPEN = "open"
Changes = List[Tuple[int, Any]]
"""(time, value) pairs in order of time: milliseconds since 1970, and the value from then on."""

Station = Dict[str, Changes]
"""The changes of FIELDS and OPEN of one station."""

_NOTHING = (None,) * len(FIELDS)


def initial_value(name: str, code: str) -> Any:  # noqa: ANN401 - a value of the column
    """Return the value of a part before its first change."""
    return commune_of_code(code) if name == "commune" else False if name == OPEN else None


def value_at(station: Station, name: str, code: str, moment: int, *, later: bool = False) -> Any:  # noqa: ANN401 - as above
    """Return the value of a part at a time; with `later`, the next value if there is none yet."""
    changes = station.get(name, [])
    value = None
    for time, changed in changes:
        if time > moment:
            break
        value = changed
    if value is None:
        value = initial_value(name, code)
    return changes[0][1] if value is None and later and changes else value


def station_with(
    code: str,
    old: Station,
    hour: Tuple[int, int],
    seen: Dict[int, Tuple[Any, ...]],
    full: List[int],
) -> Station:
    """Return a station's changes with those of an hour replaced by its observations."""
    described = sorted((moment, values) for moment, values in seen.items() if values != _NOTHING)
    opened = [(moment, True) for moment, _ in described] + [(m, False) for m in full if m not in seen]
    station = {OPEN: _replaced(old.get(OPEN, []), hour, sorted(opened), False)}
    different = without_repeats(described, _NOTHING)  # mostly one of the hour's snapshots
    for position, name in enumerate(FIELDS):
        values = [(m, v[position]) for m, v in different if v[position] is not None]
        station[name] = _replaced(old.get(name, []), hour, values, initial_value(name, code))
    return {name: changes for name, changes in station.items() if changes}


def _replaced(changes: Changes, hour: Tuple[int, int], seen: Changes, initial: Any) -> Changes:  # noqa: ANN401 - as above
    """Replace the changes of an hour by observations.

    Later changes stay, even if they repeat a value: observations in between may follow.
    """
    if not changes:
        return without_repeats(seen, initial)
    start, end = hour
    before = [change for change in changes if change[0] < start]
    value = before[-1][1] if before else initial
    within = without_repeats(seen, value)
    return [*before, *within, *(change for change in changes if change[0] >= end)]


def without_repeats(changes: Changes, value: Any) -> Changes:  # noqa: ANN401 - as above
    """Drop the changes that repeat the value before them."""
    result: Changes = []
    for moment, new in changes:
        if new != value:
            result.append((moment, new))
            value = new
    return result
