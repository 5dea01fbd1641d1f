"""The report's own queries: `stations.sql`, `network.sql` and `today.sql`, in Athena's SQL.

The newest hours are constants, so that no history is read.
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from string import Template

from velib_assets.query.view_sql import conditions
from velib_assets.query.windows import DAY, partition_filter

_QUERIES = ("stations", "network", "today")


def report_queries(newest: datetime | None) -> list[str]:
    """Return the queries for the stations, the network per snapshot, and today's fill rate by hour.

    Args:
        newest: The newest registered hour, or None for an empty table.
    """
    window = {DAY.placeholder: partition_filter(DAY.hours(newest) if newest else [])}
    texts = [(files("velib_assets.report") / f"{name}.sql").read_text("utf-8") for name in _QUERIES]
    return [Template(text).substitute(conditions(), **window) for text in texts]
