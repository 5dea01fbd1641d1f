"""The whole network over the last day: totals now and before, the curve of the day, and today by hour.

Belongs here: shaping the network's part of `questions.report_sql`. Does not: single stations (stations).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from velib_assets.report.json_values import Row, columnar, plain

DAY = timedelta(hours=24)
TOTALS = ["stations", "bikes", "mechanical", "ebikes", "docks", "in_operation", "short", "saturated", "stale"]
SERIES = ["bikes", "ebikes", "docks", "in_operation", "short", "saturated", "stale", "mean_fill_rate"]
_SUMS = {name: f"total_{name}" for name in ("bikes", "mechanical", "ebikes", "docks")}
_BEFORE = {"hour_ago": timedelta(hours=1), "day_ago": DAY}
_SLACK = timedelta(minutes=30)


def last_day(rows: Sequence[Row]) -> list[Row]:
    """The snapshots of the 24 hours up to the newest, oldest first; one of exactly 24 hours ago is not."""
    return [row for row in rows if rows[-1]["ingested_ts"] - row["ingested_ts"] < DAY]


def seconds_before(rows: Sequence[Row]) -> list[int]:
    """How many seconds before the newest snapshot each was taken."""
    return [int((rows[-1]["ingested_ts"] - row["ingested_ts"]).total_seconds()) for row in rows]


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """The newest snapshot's totals, and those of an hour and of a day ago.

    That is the newest snapshot at or before that time; null where it is over 30 minutes older.
    """
    if not rows:
        return dict.fromkeys(["now", *_BEFORE])
    newest = rows[-1]["ingested_ts"]
    return {"now": _total(rows[-1])} | {
        name: _total(_newest_in(rows, newest - ago - _SLACK, newest - ago)) for name, ago in _BEFORE.items()
    }


def named(row: Row) -> Row:
    """A row whose sums are called by the names of what they sum."""
    return {**row, **{name: row[source] for name, source in _SUMS.items()}}


def series(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The network's numbers at each snapshot, as columns."""
    return columnar([named(row) for row in rows], {"ts": "ingested_ts"} | {name: name for name in SERIES})


def today(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Mean fill rate by hour in Paris, on the newest snapshot's day there, over all stations and snapshots.

    On the day when clocks go back, the hour that comes twice holds both.
    """
    hours: dict[int, list[Row]] = {}
    for row in rows:
        if row["paris_day"] == rows[-1]["paris_day"] and row["mean_fill_rate"] is not None:
            hours.setdefault(int(row["paris_hour"]), []).append(row)
    return [{"hour": hour, "mean_fill_rate": _mean(found)} for hour, found in sorted(hours.items())]


def _mean(rows: Sequence[Row]) -> float:
    weight = sum(row["in_operation"] for row in rows)
    return float(sum(row["mean_fill_rate"] * row["in_operation"] for row in rows) / weight)


def _newest_in(rows: Sequence[Row], first: Any, last: Any) -> Row | None:  # noqa: ANN401 - times
    found = [row for row in rows if first <= row["ingested_ts"] <= last]
    return found[-1] if found else None


def _total(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"ts": plain(row["ingested_ts"])} | {name: named(row)[name] for name in TOTALS}
