"""The areas of the map (arrondissements, communes, regions), stored in the lake until a station changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from velib_assets.lake.store import LakeStore
from velib_assets.query.stored_state import digest_of, stored_state

_SAME_PLACE = 4  # decimals of a degree: stations within 11 metres share a cell


def map_areas(
    store: LakeStore, stations: Sequence[Mapping[str, Any]], network: str = ""
) -> list[dict[str, Any]]:
    """Return the shapes of all areas, as `area_shapes.draw_areas` does.

    Args:
        store: The lake. The shapes are drawn only if a position or an area differs from the stored ones.
        stations: Rows with `lat`, `lon` and `arrondissement`.
        network: The name of the only area where no station has one; empty for no area.

    Raises:
        OSError: The shapes cannot be stored.
    """
    has_areas = any(station["arrondissement"] for station in stations)
    places = places_of(stations, "" if has_areas else network)
    inputs = sorted((*place, name) for place, name in places.items())

    def draw() -> dict[str, Any]:
        from velib_assets.report.area_shapes import draw_areas  # noqa: PLC0415 - shapely: 80 ms, rarely needed

        return {"areas": draw_areas(places)}

    digest = digest_of(inputs, "velib_assets.report", "area_shapes.py")
    areas: list[dict[str, Any]] = stored_state(store, "areas", digest, draw)["areas"]
    return areas


def places_of(stations: Iterable[Mapping[str, Any]], unnamed: str = "") -> dict[tuple[float, float], str]:
    """Return the area of each place `(lon, lat)` with a station; of several at one place, the first counts.

    Stations without a position are ignored, and those without an area if `unnamed` has no name for them.
    """
    places: dict[tuple[float, float], str] = {}
    for station in stations:
        lon, lat, name = station["lon"], station["lat"], station["arrondissement"] or unnamed
        if name and lon is not None and lat is not None and _is_on_earth(lon, lat):
            places.setdefault((round(lon, _SAME_PLACE), round(lat, _SAME_PLACE)), name)
    return places


def _is_on_earth(lon: float, lat: float) -> bool:
    """Return whether a position is possible; feeds write 0, 0 for an unknown one."""
    return abs(lon) <= 180 and abs(lat) < 90 and (lon, lat) != (0, 0)  # noqa: PLR2004 - degrees
