"""The questions that are asked of every KPI view: its newest rows and its headline numbers.

Belongs here: their SQL (Athena's dialect), with the newest hour as a constant so that no history is read.
Does not: the views (kpis), or running anything.
"""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from velib_assets.core.kpis import Kpi, partition_filter
from velib_assets.core.schema import DATABASE, TABLE


def newest_sql(kpi: Kpi, newest_hour: Optional[datetime]) -> str:
    """The view's rows at the table's newest snapshot, in the KPI's order; no row for an empty table.

    It is the table's snapshot, not the view's: where no station is short now, none is shown.
    """
    columns = ", ".join(f'"{column.name}"' for column in kpi.schema)
    return f"SELECT {columns} {_rows(kpi, newest_hour)} ORDER BY {kpi.order}"


def headline_sql(kpi: Kpi, newest_hour: Optional[datetime]) -> str:
    """One row with the KPI's headline numbers over the same rows."""
    numbers = ", ".join(f'{headline.sql} AS "{headline.name}"' for headline in kpi.headlines)
    return f"SELECT {numbers} {_rows(kpi, newest_hour)}"


def _rows(kpi: Kpi, newest_hour: Optional[datetime]) -> str:
    view = f"FROM {DATABASE}.{kpi.name}"
    if not kpi.hourly:
        return view
    there = partition_filter([newest_hour] if newest_hour else [])
    newest = f"SELECT max(ingested_ts) FROM {DATABASE}.{TABLE} WHERE {there}"  # noqa: S608 - our constants
    return f"{view} WHERE {there} AND ingested_ts = ({newest})"
