"""The rules for numbers that ingest and the clean step share: counts, and the units of POSIX times."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, Dict, Mapping, Optional, Sequence

from velib_assets.ingest.feeds.definition import SPACES, FeedDefinition
from velib_assets.lake.schema import COLUMNS

_COUNTS = tuple(column.name for column in COLUMNS if column.type == "int")
MAX_COUNT = 2**31 - 1
SECONDS_BELOW, MILLISECONDS_BELOW = 10**11, 10**14
"""A larger POSIX time is in milliseconds, or in microseconds."""
NUMERAL = r"[+-]?[0-9]{1,300}(?:\.[0-9]{0,300})?(?:[eE][+-]?[0-9]{1,3})?"
"""The pattern of a number in a text."""
_NUMERAL = re.compile(NUMERAL)
_SHOWN = 60  # characters of a value in a reason
NO_STATUS = "no status"
"""The reason for a GBFS record that only describes a station."""


class RowError(ValueError):
    """Why a record is rejected; the text before the first colon is the group in which it is counted."""


def row_values(code: Optional[str], values: Mapping[str, object]) -> Dict[str, Any]:
    """Return a record's station code and its counts, by column.

    Args:
        code: the station code, if the record has one.
        values: the record's raw values by column.

    Raises:
        RowError: if the record cannot become a row: it has no code, or a value that is not a count.
    """
    if code is None:
        raise RowError("no station code")
    return {"station_id": code, **{name: count(name, values.get(name)) for name in _COUNTS}}


def rejects_of(records: Sequence[Any], feed: FeedDefinition) -> Dict[str, int]:
    """Count the records that cannot become rows, by reason."""
    reasons: Counter[str] = Counter()
    for record in records:
        try:
            row_values(feed.station_code(record), feed.values(record))
        except RowError as error:
            reasons[reason_group(str(error))] += 1
    return dict(reasons)


def reason_group(reason: str) -> str:
    """Return the part of a reject's reason that many records share."""
    return reason.partition(":")[0]


def count(name: str, value: object) -> Optional[int]:
    """Convert a non-negative whole number, also as text; null, NaN and Infinity are null.

    Raises:
        RowError: for any other value.
    """
    if value is None or is_not_finite(value):
        return None
    number = numeral(value) if isinstance(value, str) else value
    whole = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not whole or (isinstance(number, float) and not number.is_integer()):
        raise RowError(f"{name} is not a whole number: {as_json(value)[:_SHOWN]}")
    result = int(number)  # type: ignore[call-overload] # a number, as checked above
    if result < 0:
        raise RowError(f"{name} is negative: {result}")
    if result > MAX_COUNT:
        raise RowError(f"{name} is too large: {as_json(value)[:_SHOWN]}")
    return int(result)


def numeral(value: str) -> Optional[float]:
    """Return the finite number that a text writes, with a point for its fraction; otherwise None."""
    digits = value.strip(SPACES)
    number = float(digits) if _NUMERAL.fullmatch(digits) else math.nan
    return number if math.isfinite(number) else None


def is_not_finite(value: object) -> bool:
    """Return whether a value is NaN or infinite."""
    return isinstance(value, float) and not math.isfinite(value)


def as_json(value: object) -> str:
    """Return a value as JSON text; a lone surrogate, which UTF-8 cannot encode, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
