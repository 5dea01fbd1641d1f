"""The stations of the newest snapshot, their state, and their last 24 hours.

Belongs here: shaping the stations' part of `questions.report_sql`. Does not: totals over stations (network).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from velib_assets.report.json_values import Row, columnar

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


def stations(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Stations as columns, in the order of the rows, with their `state`."""
    return {**columnar(rows, _COLUMNS), "state": [state_of(row) for row in rows]}


def history(rows: Sequence[Row], seconds: Sequence[int]) -> tuple[list[list[Any]], list[list[Any]]]:
    """Bikes and docks of each row's station at each snapshot; null where it was not seen, or told none.

    Args:
        rows: of the stations, each with its `past_...`.
        seconds: how long before the newest snapshot each snapshot was taken, oldest first.
    """
    places: dict[str, list[int | None] | None] = {",".join(map(str, seconds)): None}
    for taken in {row["past_seconds"] for row in rows} - {*places}:
        place = {ago: n for n, ago in enumerate(json.loads(f"[{taken}]"))}
        places[taken] = [place.get(ago) for ago in seconds]
    where = [places[row["past_seconds"]] for row in rows]
    bikes, docks = (
        [_aligned(counts, known) for counts, known in zip(_lists(rows, column), where, strict=True)]
        for column in ("past_bikes", "past_docks")
    )
    return bikes, docks


def _lists(rows: Sequence[Row], column: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(f"[{','.join(f'[{row[column]}]' for row in rows)}]")
    return found


def _aligned(counts: list[Any], places: list[int | None] | None) -> list[Any]:
    """The counts at their places; they stand there already (None) where every snapshot has the station."""
    if places is None:
        return counts
    return [None if place is None else counts[place] for place in places]
