"""The whole network over the last day: its snapshots, and its totals now and earlier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from velib_assets.lake.keys import iso_z
from velib_assets.report.report_data import Row

DAY = timedelta(hours=24)
TOTALS = ["stations", "bikes", "mechanical", "ebikes", "docks", "in_operation", "short", "saturated", "stale"]
_EARLIER = {"hour_ago": timedelta(hours=1), "day_ago": DAY}
_TOLERANCE = timedelta(minutes=30)


def last_day(rows: Sequence[Row]) -> list[Row]:
    """Return the snapshots less than 24 hours older than the newest, oldest first."""
    return [row for row in rows if rows[-1]["ingested_ts"] - row["ingested_ts"] < DAY]


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the totals of the newest snapshot, and of the snapshots one hour and one day earlier.

    The earlier snapshot is the newest one at or before that time; null if it is over 30 minutes older.
    """
    if not rows:
        return dict.fromkeys(["now", *_EARLIER])
    return {"now": _total(rows[-1])} | {name: _total_before(rows, ago) for name, ago in _EARLIER.items()}


def _total_before(rows: Sequence[Row], ago: timedelta) -> dict[str, Any] | None:
    latest = rows[-1]["ingested_ts"] - ago
    matches = [row for row in rows if latest - _TOLERANCE <= row["ingested_ts"] <= latest]
    return _total(matches[-1]) if matches else None


def _total(row: Row) -> dict[str, Any]:
    return {"ts": iso_z(row["ingested_ts"])} | {name: row[name] for name in TOTALS}
