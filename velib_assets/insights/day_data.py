"""A day's insights as data: the object of JSON, and the rows of CSV, with columns that stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from velib_assets.insights.day_insights import DayInsights
from velib_assets.insights.plain import arrow_table, plain
from velib_assets.lake.local_days import day_bounds
from velib_assets.lake.network import time_zone

_TYPES = {
    **dict.fromkeys(("date", "insight", "unit"), "string"),
    **dict.fromkeys(("value", "usual"), "double"),
}
INSIGHT_COLUMNS = tuple(_TYPES)
"""The columns of a day's numbers."""


def insights_table(found: DayInsights) -> pa.Table:
    """Return a day's numbers as a table with INSIGHT_COLUMNS."""
    return arrow_table(
        [
            {
                "date": found.day.isoformat(),
                "insight": one.name,
                "unit": one.unit,
                "value": one.value,
                "usual": one.usual,
            }
            for one in found.insights
        ],
        _TYPES,
    )


def day_object(found: DayInsights, notes: Sequence[str]) -> dict[str, Any]:
    """Return a day of JSON types; times are UTC and end with Z, dates are local."""
    start, end = day_bounds(found.day)
    content = {
        "date": found.day,
        "time_zone": time_zone(),
        "start": start,
        "end": end,
        "is_complete": found.is_complete,
        "compared": found.compared,
        "insights": [
            {"insight": one.name, "unit": one.unit, "value": one.value, "usual": one.usual}
            for one in found.insights
        ],
        "worst_stations": found.worst,
        "events": found.events,
        "notes": notes,
    }
    result: dict[str, Any] = plain(content)
    return result
