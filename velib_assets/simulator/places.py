"""The map of the simulated city, read from places.toml."""

import tomllib
from importlib.resources import files
from typing import NamedTuple


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
