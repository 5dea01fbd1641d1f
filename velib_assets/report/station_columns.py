"""The stations of the newest snapshot and their last 24 hours, from the rows of `report_query`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from velib_assets.report.json_values import Row, columnar

_NAMES = (
    "name commune arrondissement lat lon capacity bikes mechanical ebikes docks fill_rate is_renting "
    "is_returning reported_ts state"
)
_COLUMNS = {"id": "station_id"} | {name: name for name in _NAMES.split()}


def stations(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Return stations as columns, in the order of the rows."""
    return columnar(rows, _COLUMNS)


def history(rows: Sequence[Row], seconds: Sequence[int]) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return the bikes and docks of each row's station at each snapshot.

    A count is null if it is unknown, or the snapshot does not contain the station.

    Args:
        rows: The stations, with their `past_...` columns.
        seconds: How long before the newest snapshot each snapshot was taken, oldest first.
    """
    positions: dict[str, list[int | None] | None] = {",".join(map(str, seconds)): None}
    for past in {row["past_seconds"] for row in rows} - {*positions}:
        position = {ago: n for n, ago in enumerate(json.loads(f"[{past}]"))}
        positions[past] = [position.get(ago) for ago in seconds]
    of_rows = [positions[row["past_seconds"]] for row in rows]
    bikes, docks = (
        [_aligned(counts, known) for counts, known in zip(_lists(rows, column), of_rows, strict=True)]
        for column in ("past_bikes", "past_docks")
    )
    return bikes, docks


def _lists(rows: Sequence[Row], column: str) -> list[list[Any]]:
    lists: list[list[Any]] = json.loads(f"[{','.join(f'[{row[column]}]' for row in rows)}]")
    return lists


def _aligned(counts: list[Any], positions: list[int | None] | None) -> list[Any]:
    """Return the counts at their positions; None means that every snapshot contains the station."""
    if positions is None:
        return counts
    return [None if position is None else counts[position] for position in positions]
