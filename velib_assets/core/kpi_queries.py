"""The question that is asked of every KPI view: its newest rows and its headline numbers.

Belongs here: its SQL (Athena's dialect), with the newest hour as a constant so that no history is read.
Does not: the views (kpis), or running anything.
"""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from velib_assets.core.kpis import Kpi
from velib_assets.core.schema import DATABASE, TABLE
from velib_assets.core.windows import partition_filter

PRESENT, HEADLINE = "is_row", "headline_"


def state_sql(kpi: Kpi, newest_hour: Optional[datetime]) -> str:
    """The view's rows at the table's newest snapshot, in the KPI's order, and its headline numbers over them.

    The numbers (`headline_...`) stand beside every row; where there is no row, in one whose `is_row` is null.
    One question, for Athena charges each for 10 MB at least. It is the table's snapshot, not the view's:
    where no station is short now, none is shown.
    """
    columns = ", ".join(f'"{column.name}"' for column in kpi.schema)
    numbers = ", ".join(f'{headline.sql} AS "{HEADLINE}{headline.name}"' for headline in kpi.headlines)
    return (
        f'WITH newest AS (SELECT {columns}, true AS "{PRESENT}" {newest_rows(kpi, newest_hour)}), '  # noqa: S608
        f"headline AS (SELECT {numbers} FROM newest) "
        f"SELECT * FROM headline LEFT JOIN newest ON true ORDER BY {kpi.order}"
    )


def newest_rows(kpi: Kpi, newest_hour: Optional[datetime]) -> str:
    """FROM and WHERE of the view's rows at the table's newest snapshot."""
    view = f"FROM {DATABASE}.{kpi.name}"
    if not kpi.hourly:
        return view
    there = partition_filter([newest_hour] if newest_hour else [])
    newest = f"SELECT max(ingested_ts) FROM {DATABASE}.{TABLE} WHERE {there}"  # noqa: S608 - our constants
    return f"{view} WHERE {there} AND ingested_ts = ({newest})"
