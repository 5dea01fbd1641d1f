"""The stations of the simulated city, which do not change with time.

Everything follows from the seed through `random.Random(text).random()`, which is the same on every Python.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from random import Random
from typing import NamedTuple

MAX_STATIONS = 3000
RELAY_CODE = "31024_relais"
_SPECIALS_FROM = 200


class Area(NamedTuple):
    """A part of the city, with the codes of its stations.

    Attributes:
        weight: The number of its stations in the real network.
        spread: Its size in degrees of latitude.
        role: From -1 (people live there) to 1 (people work there).
        hill: How much emptier its stations are because few people ride uphill.
    """

    commune: str
    first_code: int
    lat: float
    lon: float
    weight: int
    spread: float
    role: float
    hill: float


_MAP = tomllib.loads((files("velib_assets.simulator") / "places.toml").read_text(encoding="utf-8"))
AREAS = tuple(Area(*values) for values in _MAP["areas"])
KINDS: tuple[str, ...] = tuple(_MAP["kinds"])
NEXT_TO: tuple[str, ...] = tuple(_MAP["next_to"])
ODD_CODES = {int(code): commune for code, commune in _MAP["odd_codes"].items()}


class Station(NamedTuple):
    """A station. `role` is as in its area, `base` how full it tends to be, `electric` a share (0..1)."""

    code: str
    name: str
    commune: str
    lat: float
    lon: float
    capacity: int
    role: float
    base: float
    electric: float


@lru_cache(maxsize=4)
def build_city(seed: int, stations: int) -> tuple[Station, ...]:
    """Build the stations of a seed, in random order, as a feed lists them.

    Raises:
        ValueError: The number of stations is not between 1 and 3,000.
    """
    if not 1 <= stations <= MAX_STATIONS:
        raise ValueError(f"stations must be 1 to {MAX_STATIONS:,}, not {stations:,}")
    chance = Random(f"velib city {seed}")  # noqa: S311 - a simulation
    places: list[tuple[Area, str]] = []
    if stations >= _SPECIALS_FROM:
        by_name = {area.commune: area for area in AREAS}
        places = [(by_name[commune], str(code)) for code, commune in ODD_CODES.items()]
        places.append((by_name["Montreuil"], RELAY_CODE))
    for area, count in _shares(stations - len(places)):
        places += [(area, str(code)) for code in _codes(area, count)]
    built = [_station(area, code, chance) for area, code in places]
    order = [chance.random() for _ in built]
    return tuple(station for _, station in sorted(zip(order, built, strict=True)))


def _shares(stations: int) -> Iterator[tuple[Area, int]]:
    """Yield the number of stations of each area, in proportion to its weight; the sum is `stations`."""
    total, assigned, weight = sum(area.weight for area in AREAS), 0, 0
    for area in AREAS:
        weight += area.weight
        cumulative = stations * weight // total
        yield area, cumulative - assigned
        assigned = cumulative


def _codes(area: Area, count: int) -> Iterator[int]:
    """Yield codes from the area's first code on. Every ninth belongs to a station that no longer exists."""
    free = (code for code in itertools.count(area.first_code) if code % 9 and code not in ODD_CODES)
    return itertools.islice(free, count)


def _station(area: Area, code: str, chance: Random) -> Station:
    def centred() -> float:
        """Draw from a bell curve, about -0.5 to 0.5."""
        return (chance.random() + chance.random() + chance.random() - 1.5) / 3 * 1.6

    name = KINDS[int(chance.random() * len(KINDS))]
    if chance.random() < 0.75:  # noqa: PLR2004 - three of four are at a corner
        name += " - " + NEXT_TO[int(chance.random() * len(NEXT_TO))]
    size = chance.random()
    relay = code == RELAY_CODE
    return Station(
        code=code,
        name="Relais des Trois Fontaines" if relay else name,
        commune=area.commune,
        lat=round(area.lat + 2 * area.spread * centred(), 6),
        lon=round(area.lon + 3 * area.spread * centred(), 6),
        capacity=0 if relay else 15 + int(20 * size + 36 * size * size * size * size),
        role=area.role + 0.8 * centred(),
        base=2.4 * centred() - area.hill,
        electric=min(max(0.365 + 0.9 * centred(), 0.0), 1.0),
    )
