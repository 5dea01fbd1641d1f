"""The stations of the newest snapshot, their state, and their last 24 hours.

Belongs here: shaping the answer to `questions.stations_sql`. Does not: totals over stations (network).
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from velib_assets.core.report.values import Row, columnar

CLOSED, STALE, SHORT, SATURATED, OK, UNKNOWN = "closed", "stale", "short", "saturated", "ok", "unknown"
_NAMES = (
    "name commune arrondissement lat lon capacity bikes mechanical ebikes docks fill_rate is_renting "
    "is_returning reported_ts"
)
_COLUMNS = {"id": "station_id"} | {name: name for name in _NAMES.split()}
_FULL = 0.9


def state_of(row: Row) -> str:
    """What a station is, by the KPIs' definitions; the first that holds.

    `closed`: not installed. `unknown`: whether it is, or how full it is, cannot be told.
    """
    if row["is_installed"] is False:
        return CLOSED
    if row["is_installed"] and row["is_stale"]:
        return STALE
    if row["is_installed"] is None or row["fill_rate"] is None or row["is_stale"] is None:
        return UNKNOWN
    if row["is_renting"] and row["bikes"] == 0:
        return SHORT
    if row["is_returning"] and (row["docks"] == 0 or row["fill_rate"] >= _FULL):
        return SATURATED
    return OK


def stations(rows: Sequence[Row]) -> Dict[str, List[Any]]:
    """Stations as columns, in the order of the rows, with their `state`."""
    return {**columnar(rows, _COLUMNS), "state": [state_of(row) for row in rows]}


def history(rows: Sequence[Row], seconds: Sequence[int]) -> Tuple[List[List[Any]], List[List[Any]]]:
    """Bikes and docks of each row's station at each snapshot; null where it was not seen, or told none.

    Args:
        rows: of the stations, each with its `readings`.
        seconds: how long before the newest snapshot each snapshot was taken, in the order that is wanted.
    """
    found = [_readings(row["readings"]) for row in rows]
    nothing = (None, None)
    return (
        [[readings.get(ago, nothing)[0] for ago in seconds] for readings in found],
        [[readings.get(ago, nothing)[1] for ago in seconds] for readings in found],
    )


def _readings(text: str) -> Dict[int, Tuple[Optional[int], Optional[int]]]:
    """`seconds:bikes:docks` for each snapshot, by its seconds."""
    parts = (reading.split(":") for reading in text.split())
    return {int(ago): (_count(bikes), _count(docks)) for ago, bikes, docks in parts}


def _count(text: str) -> Optional[int]:
    return int(text) if text else None
