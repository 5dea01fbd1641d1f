"""Values of exports as the portal's JSON has them: numbers, positions and times are often text in a table."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, timedelta, timezone
from math import isfinite
from typing import Callable, Dict

from velib_assets.ingest.counts import MILLISECONDS_BELOW, SECONDS_BELOW
from velib_assets.ingest.feeds.archive_labels import POSITION

_NULLS = {"", "nan", "none", "null", "n/a", "<na>", "nat"}
_LONGEST_NULL = 12  # characters, with spaces
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d+)?")
_WHOLE = re.compile(r"\d+\.0+", re.ASCII)
_PAIR = re.compile(r"\s*[\[(]?\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*[\])]?\s*")
_NAMED = re.compile(r"\b(lat|lon)\w*\W+(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_POINT = struct.Struct("<BIdd")  # a point in well-known binary, as in GeoParquet
_EXACT = 1e15  # below it every whole float is exact
_EPOCH_UNITS = ((SECONDS_BELOW, 1.0), (MILLISECONDS_BELOW, 1e3), (1e17, 1e6))  # upper limit, units per second


def is_null(value: object) -> bool:
    """Return whether a value is null in one of the ways of tables: empty text, NaN, None, null."""
    if isinstance(value, str):
        return len(value) < _LONGEST_NULL and value.strip().lower() in _NULLS
    return value is None or value != value  # noqa: PLR0124 - NaN differs from itself


def plain(value: object) -> object:
    """Return a value as JSON can hold it; other types of Parquet become text."""
    if isinstance(value, (datetime, date)):
        return _iso(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


def _text(value: object) -> object:
    """Codes and names stay text; a whole number becomes text, also one written as `12109.0`."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return value.strip().partition(".")[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else plain(value)


def number(value: object) -> object:
    """Return text that is a number as a whole as that number, and whole numbers as integers."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        value = float(text) if "." in text else int(text)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return plain(value)


def degrees(value: object) -> object:
    """Return text that is a number as a whole as a float."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip())
    return plain(value)


def position(value: object) -> object:
    """Return a position (`"48.86, 2.27"`, `[48.86, 2.27]`, a text of an object, a binary point) as an object.

    A pair is in the portal's order, latitude first.
    """
    if isinstance(value, bytes) and len(value) == _POINT.size and value[0] == 1:
        _, kind, lon, lat = _POINT.unpack(value)
        return {"lon": lon, "lat": lat} if kind == 1 else plain(value)
    if isinstance(value, list) and len(value) == len(("lat", "lon")):
        return {"lon": plain(value[1]), "lat": plain(value[0])}
    if isinstance(value, str):
        named = {name.lower(): float(text) for name, text in _NAMED.findall(value)}
        if named.keys() == {"lat", "lon"}:
            return {"lon": named["lon"], "lat": named["lat"]}
        if pair := _PAIR.fullmatch(value):
            return {"lon": float(pair[2]), "lat": float(pair[1])}
    return plain(value)


def _flag(value: object) -> object:
    if isinstance(value, (bool, int)) and value in (0, 1):
        return "OUI" if value else "NON"
    return "NON" if value == "0.0" else "OUI" if value == "1.0" else plain(value)


def _time(value: object) -> object:
    """Return POSIX seconds, milli- or microseconds as ISO 8601; other text stays."""
    seconds = number(value)
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
        unit = next((unit for limit, unit in _EPOCH_UNITS if 0 < seconds < limit), None)
        if unit:
            return _iso(datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds / unit))
    return plain(value)


def _iso(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return value.isoformat()


_READERS: Dict[str, Callable[[object], object]] = {
    **dict.fromkeys(("capacity", "numdocksavailable", "numbikesavailable", "mechanical", "ebike"), number),
    **dict.fromkeys(("is_installed", "is_renting", "is_returning"), _flag),
    **dict.fromkeys(("stationcode", "code_insee_commune", "name", "nom_arrondissement_communes"), _text),
    "duedate": _time,
    POSITION: position,
    "lat": degrees,
    "lon": degrees,
}


def portal_value(field: str, value: object) -> object:
    """Return a value of an export as the portal's JSON has it in this field.

    Text that is not what the field holds stays as it is, for the clean step to reject with its reason.
    """
    if field == "name" and isinstance(value, str):
        return value or None
    return None if is_null(value) else _READERS.get(field, plain)(value)
