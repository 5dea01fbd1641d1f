"""The questions that are asked of the views: their newest rows and their headline numbers.

Belongs here: its SQL (Athena's dialect), with the newest hour as a constant so that no history is read.
Does not: the views (kpis), or running anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from velib_assets.lake.schema import DATABASE, TABLE
from velib_assets.query.kpis import Kpi
from velib_assets.query.union import Part, union_sql
from velib_assets.query.windows import partition_filter

PRESENT, HEADLINE = "is_row", "headline_"


def state_sql(kpi: Kpi, newest_hour: datetime | None) -> str:
    """The view's rows at the table's newest snapshot, in the KPI's order, and its headline numbers over them.

    The numbers (`headline_...`) stand beside every row; where there is no row, in one whose `is_row` is null.
    One question, for Athena charges each for 10 MB at least. It is the table's snapshot, not the view's:
    where no station is short now, none is shown.
    """
    return f"{_state(kpi, newest_hour)} ORDER BY {kpi.order}"


def states_sql(views: Sequence[Kpi], newest_hour: datetime | None) -> str:
    """`state_sql` of all these views as one question; a row's `part` is its view."""
    return union_sql([_part(view, newest_hour) for view in views])


def _part(view: Kpi, newest_hour: datetime | None) -> Part:
    columns = {column.name: column.type for column in view.schema}
    # A headline number is a double here: a count in one view may be a mean in another.
    headlines = {HEADLINE + headline.name: "double" for headline in view.headlines}
    numbers = ", ".join(f'CAST("{name}" AS double) AS "{name}"' for name in headlines)
    names = ", ".join(f'"{name}"' for name in (*columns, PRESENT))
    select = f"SELECT {names}, {numbers} FROM ({_state(view, newest_hour)})"  # noqa: S608 - our own names
    return Part(view.name, {**columns, PRESENT: "boolean", **headlines}, view.order, select)


def _state(kpi: Kpi, newest_hour: datetime | None) -> str:
    columns = ", ".join(f'"{column.name}"' for column in kpi.schema)
    numbers = ", ".join(f'{headline.sql} AS "{HEADLINE}{headline.name}"' for headline in kpi.headlines)
    return (
        f'WITH newest AS (SELECT {columns}, true AS "{PRESENT}" {_rows(kpi, newest_hour)}), '  # noqa: S608
        f"headline AS (SELECT {numbers} FROM newest) "
        "SELECT * FROM headline LEFT JOIN newest ON true"
    )


def _rows(kpi: Kpi, newest_hour: datetime | None) -> str:
    view = f"FROM {DATABASE}.{kpi.name}"
    if not kpi.hourly:
        return view
    there = partition_filter([newest_hour] if newest_hour else [])
    newest = f"SELECT max(ingested_ts) FROM {DATABASE}.{TABLE} WHERE {there}"  # noqa: S608 - our constants
    return f"{view} WHERE {there} AND ingested_ts = ({newest})"
