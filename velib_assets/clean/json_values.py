"""Reads the values of decoded JSON for each column type.

A text that is a number counts as that number, and NaN and Infinity count as null; any other unreadable value
becomes null. The rule for counts is in `ingest/counts.py`.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import Callable, Dict, Optional

from velib_assets.ingest.counts import (
    MILLISECONDS_BELOW,
    SECONDS_BELOW,
    as_json,
    is_not_finite,
    numeral,
)
from velib_assets.ingest.feeds.definition import SPACES

TRUE_WORDS = ("oui", "1", "true", "yes", "t", "y")
FALSE_WORDS = ("non", "0", "false", "no", "f", "n")
_POSIX_DIGITS = re.compile(r"-?\d{9,}(?:\.\d*)?", re.ASCII)  # fewer might be a date or a year
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ]([01]\d|2[0-3])(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?"
    r"(?:[Zz]|([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d))?)?",
    re.ASCII,
)


def is_given(value: object) -> bool:
    """Return whether a value says something: null, NaN and blank text do not."""
    return not (value is None or is_not_finite(value) or (isinstance(value, str) and not value.strip(SPACES)))


def text(value: object) -> Optional[str]:
    """Return text without the spaces around it; blank text is null.

    A lone surrogate, which UTF-8 cannot encode, becomes a question mark.
    """
    if not isinstance(value, str):
        return None
    return value.strip(SPACES).encode("utf-8", "replace").decode("utf-8") or None


def flag(value: object) -> Optional[bool]:
    """Convert OUI/NON and other spellings to a boolean; anything else is null."""
    word = value if isinstance(value, str) else as_json(value) if isinstance(value, (int, bool)) else ""
    word = word.strip(SPACES).lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def degrees(value: object) -> Optional[float]:
    """Convert a finite number, also as text."""
    if isinstance(value, str):
        return numeral(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer larger than any double
        return None


def moment(value: object) -> Optional[datetime]:
    """Convert ISO 8601 or RFC 3339 text (UTC without a zone) or a POSIX time, which may be text.

    A POSIX time is in seconds, milliseconds or microseconds, by its size. A result is rounded down to
    milliseconds.
    """
    try:
        if isinstance(value, str):
            stripped = value.strip(SPACES)
            if not _POSIX_DIGITS.fullmatch(stripped):
                return _iso_moment(stripped)
            value = float(stripped) if "." in stripped else int(stripped)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=_posix_milliseconds(value))
    except (OverflowError, ValueError):
        pass
    return None


def _posix_milliseconds(value: float) -> int:
    if abs(value) < SECONDS_BELOW:
        return math.floor(value * 1000)
    return math.floor(value) if abs(value) < MILLISECONDS_BELOW else math.floor(value // 1000)


READERS: Dict[str, Callable[[object], object]] = {
    "string": text,
    "boolean": flag,
    "double": degrees,
    "timestamp": moment,
}
"""The conversion for each column type, except counts, whose rule ingest shares."""


def _iso_moment(text: str) -> Optional[datetime]:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    day, hour, minute, second, fraction, _, zone_minutes = match.groups(default="00")
    zone_hours, milliseconds = match[6] or "+00", (fraction + "00")[:3]
    normal = f"{day}T{hour}:{minute}:{second}.{milliseconds}{zone_hours}:{zone_minutes}"
    return datetime.fromisoformat(normal).astimezone(timezone.utc)
