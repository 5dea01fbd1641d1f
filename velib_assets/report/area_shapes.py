"""Draws areas from the positions of their stations.

A station's Voronoi cell holds the places that are nearer to it than to any other station. The cells are
clipped to the surroundings of all stations, and those of one area are joined: neighbours share their borders.
So any network that names its areas has a map, without one of its city.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import shapely
from shapely import Geometry, Polygon

_REACH = 3.0  # how far the network extends around a station, in typical distances between neighbours
_REACH_LIMITS = (0.002, 0.02)  # the same in degrees of latitude: 220 m to 2.2 km
_ALONE = 0.004  # the typical distance if there is one station, in degrees of latitude
_DETAIL = 0.12  # the smallest detail of a border, as a part of the reach
_DECIMALS = 5  # of a degree: 1 m


def draw_areas(places: Mapping[tuple[float, float], str]) -> list[dict[str, Any]]:
    """Return the shapes of all areas, by name; no place, no area.

    Args:
        places: The name of the area at each place `(lon, lat)`, in degrees.

    Returns:
        For each area, in degrees: its `name`; `rings`, its outlines as flat lists `[lon, lat, lon, lat, ...]`
        (outer ones counter-clockwise, holes clockwise); `label`, the place of its name `[lon, lat]`; `room`,
        the radius of the largest circle around that place inside the area, in degrees of latitude.
    """
    if not places:
        return []
    stretch = math.cos(math.radians(median(lat for _, lat in places)))
    points = list(shapely.points([(lon * stretch, lat) for lon, lat in places]))
    reach = _reach(points)
    network = _network(points, reach)
    cells: dict[str, list[Geometry]] = {name: [] for name in sorted(set(places.values()))}
    for name, cell in zip(places.values(), _cells(points, network), strict=True):
        cells[name].append(cell)
    joined = [shapely.intersection(shapely.union_all(parts), network) for parts in cells.values()]
    shapes = shapely.orient_polygons(shapely.coverage_simplify(joined, _DETAIL * reach))
    return [_area(name, shape, stretch, reach) for name, shape in zip(cells, shapes, strict=True)]


def _reach(points: Sequence[Geometry]) -> float:
    """Return how far the network extends around a station, from the distances between neighbours."""
    spacing = _ALONE
    if len(points) > 1:
        tree = shapely.STRtree(points)
        spacing = median(tree.query_nearest(points, exclusive=True, return_distance=True)[1].tolist())
    return min(max(_REACH * spacing, _REACH_LIMITS[0]), _REACH_LIMITS[1])


def _network(points: Sequence[Geometry], reach: float) -> Geometry:
    """Return the surroundings of all stations, without narrow gaps and without holes."""
    near = shapely.union_all(shapely.buffer(points, reach, quad_segs=4))
    closed = shapely.buffer(shapely.buffer(near, 2 * reach, quad_segs=4), -2 * reach, quad_segs=4)
    outer = [shapely.polygons(shapely.get_exterior_ring(part)) for part in shapely.get_parts(closed)]
    return shapely.simplify(shapely.union_all(outer), reach / 20)


def _cells(points: Sequence[Geometry], network: Geometry) -> list[Geometry]:
    """Return the Voronoi cell of each point; together they cover the network."""
    if len(points) == 1:
        return [network]
    sites, frame = shapely.multipoints(points), shapely.envelope(network)
    return list(shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=frame, ordered=True)))


def _area(name: str, shape: Geometry, stretch: float, reach: float) -> dict[str, Any]:
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    circle = shapely.maximum_inscribed_circle(shapely.multipolygons(polygons), reach / 12)
    return {
        "name": name,
        "rings": [_degrees(ring.coords, stretch) for ring in rings],
        "label": _degrees(circle.coords[:1], stretch),
        "room": round(circle.length, _DECIMALS),
    }


def _degrees(coordinates: Iterable[tuple[float, ...]], stretch: float) -> list[float]:
    """Return coordinates as a flat list of rounded degrees."""
    return [round(number, _DECIMALS) for x, y in coordinates for number in (x / stretch, y)]
