"""Is this snapshot usable? The rules that keep a bad answer out of raw and of every KPI.

Belongs here: judging decoded records. Does not: decoding (answers) or typing rows (clean).
"""

from __future__ import annotations

from statistics import median
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from velib_assets.ingest.response import GBFS, UnusableError, shape_of

MIN_CODED_SHARE = 0.95
PARTIAL_SHARE = 0.8

_NEEDED: Dict[str, Tuple[Tuple[str, ...], ...]] = {
    "opendata": (("numbikesavailable",), ("numdocksavailable",)),
    "gbfs": (
        ("num_bikes_available", "numBikesAvailable"),
        ("num_docks_available", "numDocksAvailable"),
    ),
}


def audit(records: Sequence[Any], feed: str) -> None:
    """Let usable records pass.

    A row count alone does not tell: real snapshots had 1,413 rows in which every code was null.

    Raises:
        UnusableError: `empty`, `no_identity` or `missing_field`, with the counts that show it.
    """
    if not records:
        raise UnusableError("empty", "the answer holds no station at all")
    shape = shape_of(feed)
    coded = sum(1 for record in records if station_code(record, shape) is not None)
    if coded < MIN_CODED_SHARE * len(records):
        raise UnusableError(
            "no_identity",
            f"only {coded:,} of {len(records):,} records carry a station code; 95 % must",
        )
    present = set().union(*(counts_part(record, shape) for record in records))
    for names in _NEEDED[shape]:
        if present.isdisjoint(names):
            raise UnusableError(
                "missing_field",
                f"no record has the field {' or '.join(names)}; the feed may have renamed it",
            )


def station_code(record: object, shape: str) -> Optional[str]:
    """A record's public station code as text, or None where it has none."""
    if not isinstance(record, dict):
        return None
    if shape == GBFS:
        for part in ("status", "information"):
            code = as_code((record.get(part) or {}).get("stationCode") if _is_map(record, part) else None)
            if code is not None:
                return code
        return None
    return as_code(record.get("stationcode"))


def as_code(value: object) -> Optional[str]:
    """Text, or a whole number written as text; blank text and everything else is no code."""
    if isinstance(value, str):
        return value if value.strip(" \t\n\v\f\r") else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def counts_part(record: object, shape: str) -> Mapping[str, Any]:
    """The part of a record that holds bikes and docks; empty where there is none."""
    if not isinstance(record, dict):
        return {}
    if shape == GBFS:
        return record["status"] if _is_map(record, "status") else {}
    return record


def partial_below(preceding: List[int]) -> Optional[float]:
    """The record count below which a snapshot is partial: 80 % of the median of `preceding`.

    `preceding` holds the record counts of the 24 hours before it; None where there are none.
    """
    return PARTIAL_SHARE * median(preceding) if preceding else None


def _is_map(record: Mapping[str, Any], part: str) -> bool:
    return isinstance(record.get(part), dict)
