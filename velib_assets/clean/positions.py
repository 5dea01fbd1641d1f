"""Positions that cannot be those of a station of the network: they count as unknown, or are turned round."""

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
_NULL = pa.scalar(None, pa.float64())


def with_plausible_positions(rows: pa.Table) -> pa.Table:
    """Return the rows of one snapshot with plausible positions.

    - Latitude and longitude are exchanged if the network does not reach as far as the position, but reaches
      the exchanged one. A network reaches 50 km, or three times the median distance from its centre if that
      is more. The centre is the median of the plausible positions.
    - A position outside the globe, within 1° of 0°/0°, or with one coordinate only counts as unknown.

    Args:
        rows: rows with `lat` and `lon` in degrees.
    """
    lat, lon = (rows[name].combine_chunks() for name in ("lat", "lon"))
    plausible = _is_plausible(lat, lon)
    if pc.any(plausible).as_py():
        lat, lon = _turned_round(lat, lon, plausible)
        plausible = _is_plausible(lat, lon)
    if rows["lat"].combine_chunks().equals(lat) and pc.all(plausible).as_py():
        return rows
    for name, values in (("lat", lat), ("lon", lon)):
        position = rows.schema.get_field_index(name)
        rows = rows.set_column(position, rows.schema.field(position), pc.if_else(plausible, values, _NULL))
    return rows


def _is_plausible(lat: pa.Array, lon: pa.Array) -> pa.Array:
    north, east = pc.abs(lat), pc.abs(lon)
    on_globe = pc.and_(pc.less_equal(north, _MOST_LAT), pc.less_equal(east, _MOST_LON))
    far_from_zero = pc.or_(pc.greater(north, _NEAR_ZERO), pc.greater(east, _NEAR_ZERO))
    return pc.fill_null(pc.and_(on_globe, far_from_zero), False)


def _turned_round(lat: pa.Array, lon: pa.Array, plausible: pa.Array) -> Tuple[pa.Array, pa.Array]:
    """Exchange the coordinates where only that brings a position within the network's reach."""
    centre = (_median(lat.filter(plausible)), _median(lon.filter(plausible)))
    distance = _distance(lat, lon, centre)
    reach = max(_LEAST_REACH, _REACH * _median(distance.filter(plausible)))
    turned = pc.and_(pc.greater(distance, reach), pc.less_equal(_distance(lon, lat, centre), reach))
    turned = pc.fill_null(turned, False)
    return pc.if_else(turned, lon, lat), pc.if_else(turned, lat, lon)


def _median(values: pa.Array) -> float:
    return float(pc.quantile(values, q=0.5, interpolation="lower")[0].as_py())


def _distance(lat: pa.Array, lon: pa.Array, centre: Tuple[float, float]) -> pa.Array:
    """Return the distance in km from the centre, as on a plane: exact enough to tell cities apart."""
    north = pc.multiply(pc.subtract(lat, centre[0]), _KM)
    east = pc.multiply(pc.subtract(lon, centre[1]), _KM * math.cos(math.radians(centre[0])))
    return pc.sqrt(pc.add(pc.multiply(north, north), pc.multiply(east, east)))
