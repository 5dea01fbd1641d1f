"""What each JSON value becomes in a typed row: the general path's reading of one value.

A value of another JSON type is never coerced: a count that is not a whole number rejects its row,
everything else that cannot be read becomes null.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta, timezone
from typing import Optional

from velib_assets.clean.typed import FALSE_WORDS, MAX_COUNT, TRUE_WORDS

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?"
    r"(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
KINDS = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "list",
}


class RowError(ValueError):
    """Why a record cannot become a row."""


def count(name: str, value: object) -> Optional[int]:
    """A count from a whole, not negative number; null stays null.

    Raises:
        RowError: for everything else, naming the column.
    """
    if value is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or (isinstance(value, float) and not value.is_integer()):
        raise RowError(f"{name} is not a whole number: {as_json(value)[:60]}")
    count = int(value)  # type: ignore[call-overload] # a number, as just seen
    if count < 0:
        raise RowError(f"{name} is negative: {count}")
    if count > MAX_COUNT:
        raise RowError(f"{name} is too large: {as_json(value)[:60]}")
    return int(count)


def text(value: object) -> Optional[str]:
    """Text as it is; a lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate has no UTF-8


def flag(value: object) -> Optional[bool]:
    """OUI/NON and its other spellings as a boolean; anything else is unknown."""
    word = value if isinstance(value, str) else as_json(value) if isinstance(value, (int, bool)) else ""
    word = word.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def degrees(value: object) -> Optional[float]:
    """A finite JSON number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond any double
        return None


def moment(value: object) -> Optional[datetime]:
    """ISO 8601 text (UTC where it names no zone) or POSIX seconds, floored to milliseconds."""
    try:
        if isinstance(value, str):
            return _iso_moment(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=math.floor(value * 1000))
    except (OverflowError, ValueError):
        pass
    return None


def _iso_moment(text: str) -> Optional[datetime]:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    day, hour, minute, second, fraction, zone = match.groups(default="")
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    if zone not in ("", "Z"):
        hours, minutes = int(zone[1:3]), int(zone.replace(":", "")[3:] or 0)
        if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock's limits
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        moment = moment - offset if zone[0] == "+" else moment + offset
    return moment + timedelta(milliseconds=int((fraction + "000")[:3]))


def as_json(value: object) -> str:
    """A value as JSON text."""
    return text(json.dumps(value, ensure_ascii=False)) or ""
