"""The SQL of the views, and of the queries for their newest state, in Athena's dialect.

The newest hours are constants, so that no history is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from string import Template

from velib_assets.lake.schema import DATABASE, HISTORY, HISTORY_COLUMNS, TABLE, TYPES
from velib_assets.query.kpis import Kpi
from velib_assets.query.windows import TWO_HOURS, day_filter, partition_filter

PRESENT, HEADLINE, VIEW = "is_row", "headline_", "view_name"
_POSITION = "row_position"
_FOLDER = files("velib_assets.query.sql")


@cache
def conditions() -> dict[str, str]:
    """Return the shared conditions in SQL, by name, and the state of a station.

    A condition can be joined to others with AND. Each may use those before it.
    """
    texts: dict[str, str] = {}
    for name, text in json.loads((_FOLDER / "conditions.json").read_text(encoding="utf-8")).items():
        texts[name] = Template(text).substitute(texts)
    return texts


@cache
def sql_template(kpi: Kpi) -> str:
    """Return the view's .sql file, with placeholders for the shared conditions and the window."""
    return (_FOLDER / f"{kpi.name}.sql").read_text(encoding="utf-8").strip()


def render(
    kpi: Kpi, newest: datetime | None, history_days: Collection[date] = (), *, by_month: bool = False
) -> str:
    """Return the view's statement over the hours up to `newest`, or over none for an empty table.

    Args:
        kpi: The view.
        newest: The newest hour of the table.
        history_days: The UTC days that are read from `velib_history` instead of their hours.
        by_month: Whether `velib_history` has the partition key `month`, which is then filtered too.
    """
    hours = kpi.window.hours(newest) if kpi.window else []
    statement = _replaced(kpi, partition_filter(hours))
    if not history_days:
        return statement
    rest = [hour for hour in hours if hour.date() not in history_days]
    in_history = day_filter(history_days, by_month=by_month)
    columns = ", ".join(f'"{column.name}"' for column in HISTORY_COLUMNS)
    rows = (
        f"SELECT {columns} FROM {DATABASE}.{TABLE} WHERE {partition_filter(rest)} "  # noqa: S608 - our own names
        f"UNION ALL SELECT {columns} FROM {DATABASE}.{HISTORY} WHERE {in_history}"
    )
    return statement.replace(f"{DATABASE}.{TABLE}", f"({rows})")


def standalone_sql(kpi: Kpi) -> str:
    """Return the view's query alone, which gives the view's rows on any lake and runs where it is pasted.

    Its window is relative to the newest date of the table. Without CREATE, it redefines nothing on Athena.
    """
    return _replaced(kpi, kpi.window.relative if kpi.window else "").partition(" AS\n")[2]


def hours_read(kpi: Kpi, newest: datetime | None) -> list[datetime]:
    """Return the hours that the view's newest state is read from, oldest first."""
    return (kpi.window or TWO_HOURS).hours(newest)


def code_version(kpi: Kpi) -> str:
    """Return a digest that changes with the view's SQL, and not with the hour."""
    return hashlib.sha256(standalone_sql(kpi).encode("utf-8")).hexdigest()[:12]


def newest_rows_sql(kpi: Kpi, newest: datetime | None) -> str:
    """Return a query for the view's rows at the table's newest snapshot, in the view's order.

    The snapshot is the newest one in the table, not in the view: if no station is short now, no older
    shortage is returned.
    """
    columns = ", ".join(f'"{column.name}"' for column in kpi.schema)
    condition = ""
    if kpi.hourly:
        partition = partition_filter([newest] if newest else [])
        snapshot = f"SELECT max(ingested_ts) FROM {DATABASE}.{TABLE} WHERE {partition}"  # noqa: S608 - our own names
        condition = f"WHERE {partition} AND ingested_ts = ({snapshot}) "
    return f"SELECT {columns} FROM {DATABASE}.{kpi.name} {condition}ORDER BY {kpi.order}"  # noqa: S608 - likewise


def state_sql(kpi: Kpi, newest: datetime | None) -> str:
    """Return a query for the view's newest rows, each with the headline numbers (`headline_...`).

    If there are no rows, the result is one row with the numbers, and its `is_row` is null.
    """
    numbers = ", ".join(f'{headline.sql} AS "{HEADLINE}{headline.name}"' for headline in kpi.headlines)
    return (
        f'WITH newest AS (SELECT *, true AS "{PRESENT}" FROM ({newest_rows_sql(kpi, newest)})), '  # noqa: S608 - likewise
        f"headline AS (SELECT {numbers} FROM newest) "
        f"SELECT * FROM headline LEFT JOIN newest ON true ORDER BY {kpi.order}"
    )


def states_sql(views: Sequence[Kpi], newest: datetime | None) -> str:
    """Return one query for the `state_sql` of several views; the column `view_name` holds the view's name.

    Athena charges each query for at least 10 MB. A row has null in the columns of other views. Columns with
    the same name must have the same type.
    """
    columns = {name: kind for view in views for name, kind in _columns(view).items()}
    branches = " UNION ALL ".join(_branch(view, columns, newest) for view in views)
    return f"{branches} ORDER BY {VIEW}, {_POSITION}"


def _replaced(kpi: Kpi, window: str) -> str:
    windows = {kpi.window.placeholder: window} if kpi.window else {}
    return Template(sql_template(kpi)).substitute(conditions(), **windows)


def _columns(view: Kpi) -> dict[str, str]:
    """Return the types of the columns of a state. All headline numbers are doubles in a union of views."""
    headlines = {HEADLINE + headline.name: "double" for headline in view.headlines}
    return {**{column.name: column.type for column in view.schema}, PRESENT: "boolean", **headlines}


def _branch(view: Kpi, columns: Mapping[str, str], newest: datetime | None) -> str:
    own = _columns(view)
    values = ", ".join(
        f"CAST({quoted if name in own else 'NULL'} AS {TYPES[kind].duckdb}) AS {quoted}"
        for name, kind in columns.items()
        if (quoted := f'"{name}"')
    )
    position = f"row_number() OVER (ORDER BY {view.order}) AS {_POSITION}"
    state = state_sql(view, newest)
    return f"SELECT '{view.name}' AS {VIEW}, {position}, {values} FROM ({state})"  # noqa: S608 - our own names
