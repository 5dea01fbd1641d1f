"""SHOW and DESCRIBE in the local engine, from the table contract and the catalog."""

import re
from datetime import datetime
from typing import TYPE_CHECKING

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.keys import date_hour
from velib_assets.lake.schema import DATABASE, TABLE
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import daily_view_sql
from velib_assets.query.duckdb_guard import TABLES, without_comments
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import STATION_EVENTS, station_events_sql
from velib_assets.query.view_sql import render

if TYPE_CHECKING:
    import pyarrow as pa


def show(sql: str, catalog: Catalog, newest: datetime | None) -> "pa.Table | None":
    """Return the result of a SHOW or DESCRIBE statement, or None for any other statement.

    The views are shown over the hours up to `newest`.

    Raises:
        QueryError: If the form or the name is unknown.
    """
    tokens = re.sub(r'[`"]', "", without_comments(sql)).rstrip("; \n").split()
    if not tokens or tokens[0].upper() not in ("SHOW", "DESCRIBE", "DESC"):
        return None
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    if [token.lower() for token in tokens[-2:]] in (["in", DATABASE], ["from", DATABASE]):
        tokens = tokens[:-2]
    *form, name = (token.upper() for token in tokens)
    views = {kpi.name: kpi for kpi in VIEWS}
    described = {kpi.name: kpi.columns for kpi in VIEWS} | {kpi.name: kpi.columns for kpi in DAILY_KPIS}
    fixed = {STATION_EVENTS: station_events_sql()} | {kpi.name: daily_view_sql(kpi) for kpi in DAILY_KPIS}
    rows: list[tuple[str, ...]]
    match form, name.lower().removeprefix("awsdatacatalog.").removeprefix(f"{DATABASE}."):
        case ["SHOW"], "tables":
            head, rows = ["tab_name"], [(table,) for table in TABLES]
        case ["SHOW"], "views":
            head, rows = ["views"], [(view,) for view in (*views, *fixed)]
        case ["SHOW"], "databases" | "schemas":
            head, rows = ["database_name"], [(DATABASE,)]
        case ["SHOW", "PARTITIONS"], table if table == TABLE:
            hours = [date_hour(partition.hour) for partition in catalog.partitions()]
            head, rows = ["partition"], [(f"date={date}/hour={hh}",) for date, hh in hours]
        case ["SHOW", "CREATE", "VIEW"], view if view in views:
            head, rows = ["Create View"], [(render(views[view], newest),)]
        case ["SHOW", "CREATE", "VIEW"], view if view in fixed:
            head, rows = ["Create View"], [(fixed[view],)]
        case ((["SHOW", "COLUMNS", "IN" | "FROM"] | ["DESCRIBE"] | ["DESC"]), table) if table in TABLES:
            own = [(c.name, c.type, c.description) for c in TABLES[table]]
            head = ["col_name", "data_type", "comment"]
            rows = [*described.get(table, own)]
        case _:
            raise QueryError(
                "unknown statement or name; there are SHOW TABLES, SHOW VIEWS, SHOW DATABASES, "
                f"SHOW COLUMNS IN name, SHOW PARTITIONS {TABLE}, SHOW CREATE VIEW name "
                f"and DESCRIBE name, for {', '.join(TABLES)}"
            )
    columns = [pa.array([row[n] for row in rows], pa.string()) for n in range(len(head))]
    return pa.Table.from_arrays(columns, names=head)
