"""Positions that cannot be those of a station of the network: they are unknown, or have exchanged parts."""

from __future__ import annotations

import math
from typing import Tuple

import pyarrow as pa
import pyarrow.compute as pc

_NEAR_ZERO = 1.0  # degrees: there is only sea around 0°/0°
_MOST_LAT, _MOST_LON = 90.0, 180.0
_LEAST_REACH = 50.0  # km; a smaller network reaches as far
_REACH = 3.0  # times the median distance from the centre
_KM = 111.2  # a degree of latitude


def with_plausible_positions(rows: pa.Table) -> pa.Table:
    """Return the rows of one snapshot with plausible positions.

    - Latitude and longitude are exchanged if the network does not reach as far as the position, but reaches
      the exchanged one. A network reaches 50 km, or three times the median distance from its centre if that
      is more. The centre is the median of the plausible positions.
    - If no position is plausible, those are exchanged whose latitude is over 90° and whose longitude is not.
    - A position outside the globe, within 1° of 0°/0°, or with one coordinate only counts as unknown, as does
      one with a coordinate of exactly 0 that the network does not reach.

    Args:
        rows: rows with `lat` and `lon` in degrees.
    """
    lat, lon = (rows[name].combine_chunks() for name in ("lat", "lon"))
    plausible = _is_plausible(lat, lon)
    if not pc.any(plausible).as_py():
        beyond, lon_beyond = (pc.greater(pc.abs(values), _MOST_LAT) for values in (lat, lon))
        lat, lon = _exchanged(lat, lon, pc.and_not(beyond, lon_beyond))
        plausible = _is_plausible(lat, lon)
    else:
        near, near_exchanged = _reached(lat, lon, plausible)
        lat, lon = _exchanged(lat, lon, pc.and_not(near_exchanged, near))
        has_zero = pc.or_(pc.equal(lat, 0.0), pc.equal(lon, 0.0))
        plausible = pc.and_(_is_plausible(lat, lon), pc.or_(near, pc.invert(pc.fill_null(has_zero, False))))
    for name, values in (("lat", lat), ("lon", lon)):
        position = rows.schema.get_field_index(name)
        rows = rows.set_column(position, rows.schema.field(position), pc.if_else(plausible, values, None))
    return rows


def _is_plausible(lat: pa.Array, lon: pa.Array) -> pa.Array:
    north, east = pc.abs(lat), pc.abs(lon)
    on_globe = pc.and_(pc.less_equal(north, _MOST_LAT), pc.less_equal(east, _MOST_LON))
    far_from_zero = pc.or_(pc.greater(north, _NEAR_ZERO), pc.greater(east, _NEAR_ZERO))
    return pc.fill_null(pc.and_(on_globe, far_from_zero), False)


def _exchanged(lat: pa.Array, lon: pa.Array, where: pa.Array) -> Tuple[pa.Array, pa.Array]:
    exchange = pc.fill_null(where, False)
    return pc.if_else(exchange, lon, lat), pc.if_else(exchange, lat, lon)


def _reached(lat: pa.Array, lon: pa.Array, plausible: pa.Array) -> Tuple[pa.Array, pa.Array]:
    """Return whether the network reaches each position, and whether it reaches the exchanged one."""
    centre = (_median(lat.filter(plausible)), _median(lon.filter(plausible)))
    distance = _distance(lat, lon, centre)
    reach = max(_LEAST_REACH, _REACH * _median(distance.filter(plausible)))
    near, near_exchanged = (
        pc.fill_null(pc.less_equal(distances, reach), False)
        for distances in (distance, _distance(lon, lat, centre))
    )
    return near, near_exchanged


def _median(values: pa.Array) -> float:
    return float(pc.quantile(values, q=0.5, interpolation="lower")[0].as_py())


def _distance(lat: pa.Array, lon: pa.Array, centre: Tuple[float, float]) -> pa.Array:
    """Return the distance in km from the centre, as on a plane: exact enough to tell cities apart."""
    north = pc.multiply(pc.subtract(lat, centre[0]), _KM)
    east = pc.multiply(pc.subtract(lon, centre[1]), _KM * math.cos(math.radians(centre[0])))
    return pc.sqrt(pc.add(pc.multiply(north, north), pc.multiply(east, east)))
