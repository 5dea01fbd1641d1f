"""The general path: types decoded records one by one and rejects odd ones with a reason.

A value of another JSON type is never converted: a count that is not a whole number rejects its record, and
any other unreadable value becomes null.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import pyarrow as pa

from velib_assets.clean.record_fields import json_types_in
from velib_assets.clean.typed_snapshot import READ_TYPES, TYPED_SCHEMA, Reject, TypedSnapshot, drift_between
from velib_assets.ingest.counts import RowError, as_json, row_values
from velib_assets.ingest.feeds.definition import FeedDefinition

TRUE_WORDS = ("oui", "1", "true", "yes", "t", "y")
FALSE_WORDS = ("non", "0", "false", "no", "f", "n")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ]([01]\d|2[0-3])(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?"
    r"(?:Z|([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d))?)?",
    re.ASCII,
)


def type_general(records: Sequence[Any], feed: FeedDefinition) -> TypedSnapshot:
    """Type the records of a usable snapshot."""
    rows: List[Dict[str, Any]] = []
    rejects: List[Reject] = []
    for position, record in enumerate(records):
        code = text(feed.station_code(record))
        try:
            rows.append(_row(code, feed.values(record)))
        except RowError as error:
            rejects.append(Reject(position, code, str(error), as_json(record)))
    table = pa.Table.from_pylist(rows, schema=TYPED_SCHEMA)
    return TypedSnapshot(table, rejects, len(records), drift_between(feed, json_types_in(records, feed)))


def _row(code: Optional[str], values: Mapping[str, object]) -> Dict[str, Any]:
    row = row_values(code, values)
    others = {name: type_ for name, type_ in READ_TYPES.items() if name not in row}
    return {**row, **{name: READERS[type_](values.get(name)) for name, type_ in others.items()}}


def text(value: object) -> Optional[str]:
    """Return text; a lone surrogate, which UTF-8 cannot encode, becomes a question mark."""
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "replace").decode("utf-8")


def flag(value: object) -> Optional[bool]:
    """Convert OUI/NON and other spellings to a boolean; anything else is null."""
    word = value if isinstance(value, str) else as_json(value) if isinstance(value, (int, bool)) else ""
    word = word.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def degrees(value: object) -> Optional[float]:
    """Convert a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer larger than any double
        return None


def moment(value: object) -> Optional[datetime]:
    """Convert ISO 8601 text (UTC without a zone) or POSIX seconds; milliseconds are rounded down."""
    try:
        if isinstance(value, str):
            return _iso_moment(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=math.floor(value * 1000))
    except (OverflowError, ValueError):
        pass
    return None


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
