"""Placeholders in place of a description, such as a station named `null` at 0°/0°: they count as null."""

from __future__ import annotations

from functools import lru_cache
from typing import Optional

import pyarrow as pa
import pyarrow.compute as pc

_WORDS = ("null", "(null)", "none", "nil", "n/a", "#n/a", "na", "nan", "undefined", "unknown", "-", "--", "?")
_NEAR_ZERO = 1.0  # degrees: there is only sea around 0°/0°
_MOST_LAT, _MOST_LON = 90.0, 180.0


def without_placeholders(rows: pa.Table) -> pa.Table:
    """Return rows with null for placeholders in the columns that describe a station of Vélib'.

    They are names and communes such as `null` or `N/A`, positions that no station has (a coordinate of
    exactly 0, within 1° of 0°/0°, or outside the globe), and the capacity 0 beside no name or no position.

    Args:
        rows: rows with at least name, lat, lon, capacity and commune.
    """
    for name in ("name", "commune"):
        rows = without_words(rows, name)
    nowhere = _is_nowhere(rows["lat"], rows["lon"])
    for name in ("lat", "lon"):
        rows = _without(rows, name, nowhere)
    lacking = pc.or_(rows["name"].is_null(), pc.or_(rows["lat"].is_null(), rows["lon"].is_null()))
    return _without(rows, "capacity", pc.and_(lacking, pc.equal(rows["capacity"], 0)))


def without_words(rows: pa.Table, name: str, *, of_provider: bool = False) -> pa.Table:
    """Return rows with null for the words that stand for no text in a column.

    Args:
        rows: rows with this column.
        name: the column.
        of_provider: whether texts may begin with a provider and a colon, as ids of feeds that join several
            systems do: `publibike:null`.
    """
    texts = rows[name]
    if of_provider:
        texts = pc.replace_substring_regex(texts, r"^\w+:(null|None|undefined)$", r"\1")
    return _without(rows, name, pc.is_in(texts, value_set=_words()))


def _is_nowhere(lat: pa.ChunkedArray, lon: pa.ChunkedArray) -> pa.ChunkedArray:
    north, east = pc.abs(lat), pc.abs(lon)
    near_zero = pc.and_(pc.less_equal(north, _NEAR_ZERO), pc.less_equal(east, _NEAR_ZERO))
    outside = pc.or_kleene(pc.greater(north, _MOST_LAT), pc.greater(east, _MOST_LON))
    zero = pc.or_kleene(pc.equal(north, 0.0), pc.equal(east, 0.0))
    return pc.or_kleene(near_zero, pc.or_kleene(outside, zero))


def _without(rows: pa.Table, name: str, placeholders: pa.ChunkedArray) -> pa.Table:
    """Return rows with null where a mask is true."""
    found: Optional[bool] = pc.any(placeholders).as_py()
    if not found:
        return rows
    position = rows.schema.get_field_index(name)
    field = rows.schema.field(position)
    kept = pc.if_else(pc.fill_null(placeholders, False), pa.scalar(None, field.type), rows[name])
    return rows.set_column(position, field, kept)


@lru_cache(maxsize=1)
def _words() -> pa.Array:
    """Return the words in the usual spellings; built late because pa.array imports pandas."""
    spellings = {spelt for word in _WORDS for spelt in (word, word.upper(), word.capitalize(), word.title())}
    return pa.array(sorted({*spellings, "NaN"}))
