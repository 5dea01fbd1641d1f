"""The queries for a view's newest state: its newest rows and its headline numbers, in Athena's SQL.

The newest hour is a constant, so that no history is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from velib_assets.lake.schema import DATABASE, TABLE
from velib_assets.query.kpis import Kpi
from velib_assets.query.union import Part, union_sql
from velib_assets.query.windows import partition_filter

PRESENT, HEADLINE = "is_row", "headline_"


def state_sql(kpi: Kpi, newest: datetime | None) -> str:
    """Return a query for the view's rows at the table's newest snapshot, in the view's order.

    Each row also has the headline numbers (`headline_...`). If there are no rows, the result is one row with
    the numbers, and its `is_row` is null. The snapshot is the newest one in the table, not in the view: if no
    station is short now, no older shortage is returned.
    """
    return f"{_state(kpi, newest)} ORDER BY {kpi.order}"


def states_sql(views: Sequence[Kpi], newest: datetime | None) -> str:
    """Return one query for the `state_sql` of several views; the column `part` holds the view's name."""
    return union_sql([_part(view, newest) for view in views])


def _part(view: Kpi, newest: datetime | None) -> Part:
    columns = {column.name: column.type for column in view.schema}
    # All headline numbers are doubles here: one name may be a count in one view and a mean in another.
    headlines = {HEADLINE + headline.name: "double" for headline in view.headlines}
    numbers = ", ".join(f'CAST("{name}" AS double) AS "{name}"' for name in headlines)
    names = ", ".join(f'"{name}"' for name in (*columns, PRESENT))
    select = f"SELECT {names}, {numbers} FROM ({_state(view, newest)})"  # noqa: S608 - our own names
    return Part(view.name, {**columns, PRESENT: "boolean", **headlines}, view.order, select)


def _state(kpi: Kpi, newest: datetime | None) -> str:
    columns = ", ".join(f'"{column.name}"' for column in kpi.schema)
    numbers = ", ".join(f'{headline.sql} AS "{HEADLINE}{headline.name}"' for headline in kpi.headlines)
    return (
        f'WITH newest AS (SELECT {columns}, true AS "{PRESENT}" {_newest_rows(kpi, newest)}), '  # noqa: S608
        f"headline AS (SELECT {numbers} FROM newest) "
        "SELECT * FROM headline LEFT JOIN newest ON true"
    )


def _newest_rows(kpi: Kpi, newest: datetime | None) -> str:
    view = f"FROM {DATABASE}.{kpi.name}"
    if not kpi.hourly:
        return view
    partition = partition_filter([newest] if newest else [])
    snapshot = f"SELECT max(ingested_ts) FROM {DATABASE}.{TABLE} WHERE {partition}"  # noqa: S608 - our constants
    return f"{view} WHERE {partition} AND ingested_ts = ({snapshot})"
