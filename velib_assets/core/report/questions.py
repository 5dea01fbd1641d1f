"""The questions that a report asks of the lake, in Athena's SQL: few, for Athena charges each for 10 MB.

Belongs here: the SQL, with the newest hours as constants so that no history is read. Does not: asking it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Dict, Optional, Sequence

from velib_assets.core.kpi_queries import newest_rows
from velib_assets.core.kpis import VIEWS, Kpi
from velib_assets.core.schema import DATABASE, TABLE
from velib_assets.core.windows import DAY, partition_filter

VIEW, PLACE = "view_name", "place"
REPORTED: Sequence[Kpi] = tuple(view for view in VIEWS if not view.kept)
_CASTS = {"string": "varchar", "int": "integer"}

_IN_OPERATION = "is_installed AND NOT is_stale AND fill_rate IS NOT NULL"
_SHORT = f"{_IN_OPERATION} AND is_renting AND bikes = 0"
_SATURATED = f"{_IN_OPERATION} AND is_returning AND (docks = 0 OR fill_rate >= 0.9)"
_KNOWN = "is_installed AND NOT is_stale"
_PARIS = "CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp)"


def views_sql(newest_hour: Optional[datetime], views: Sequence[Kpi] = REPORTED) -> str:
    """The newest state of all of these views: each row with its view's name and its place in that state.

    A column that a view has not is null in its rows.
    """
    columns = {column.name: column.type for view in views for column in view.schema}
    branches = [_branch(view, columns, newest_hour) for view in views]
    return f"{' UNION ALL '.join(branches)} ORDER BY {VIEW}, {PLACE}"


def _branch(view: Kpi, columns: Dict[str, str], newest_hour: Optional[datetime]) -> str:
    own = {column.name for column in view.schema}
    values = ", ".join(
        f'"{name}"' if name in own else f'CAST(NULL AS {_CASTS.get(kind, kind)}) AS "{name}"'
        for name, kind in columns.items()
    )
    place = f"row_number() OVER (ORDER BY {view.order})"
    return f"SELECT '{view.name}' AS {VIEW}, {place} AS {PLACE}, {values} {newest_rows(view, newest_hour)}"


def stations_sql(newest_hour: Optional[datetime]) -> str:
    """Each station of the newest snapshot, by its code, with its last 24 hours in one text.

    `readings` holds `seconds:bikes:docks` for each snapshot, separated by spaces, in no order: seconds before
    the newest snapshot, and nothing where a count is unknown.
    """
    reading = (
        "CAST(date_diff('second', ingested_ts, newest_ts) AS varchar) "
        "|| ':' || coalesce(CAST(bikes AS varchar), '') || ':' || coalesce(CAST(docks AS varchar), '')"
    )
    return f"""
        {_recent(newest_hour)},
        history AS (
            SELECT station_id, array_join(array_agg({reading}), ' ') AS readings
            FROM recent CROSS JOIN newest
            WHERE ingested_ts > newest_ts - INTERVAL '24' HOUR
            GROUP BY station_id
        )
        SELECT
            recent.station_id, recent.name, recent.commune, recent.arrondissement, recent.lat, recent.lon,
            recent.is_installed, recent.is_renting, recent.is_returning, recent.capacity, recent.bikes,
            recent.mechanical, recent.ebikes, recent.docks, recent.fill_rate, recent.reported_ts,
            recent.is_stale, history.readings
        FROM recent
        CROSS JOIN newest
        JOIN history ON history.station_id = recent.station_id
        WHERE recent.ingested_ts = newest.newest_ts
        ORDER BY recent.station_id"""  # noqa: S608 - our own constants


def network_sql(newest_hour: Optional[datetime]) -> str:
    """Each snapshot of the 25 hours up to the newest, oldest first: the whole network's numbers.

    Bikes and docks are those of stations that are installed and not stale: unknown is not empty.
    """
    return f"""
        {_recent(newest_hour)}
        SELECT
            ingested_ts,
            CAST({_PARIS} AS date) AS paris_day,
            hour({_PARIS}) AS paris_hour,
            count(*) AS stations,
            sum(bikes) FILTER (WHERE {_KNOWN}) AS bikes,
            sum(mechanical) FILTER (WHERE {_KNOWN}) AS mechanical,
            sum(ebikes) FILTER (WHERE {_KNOWN}) AS ebikes,
            sum(docks) FILTER (WHERE {_KNOWN}) AS docks,
            count(*) FILTER (WHERE {_IN_OPERATION}) AS in_operation,
            count(*) FILTER (WHERE {_SHORT}) AS short,
            count(*) FILTER (WHERE {_SATURATED}) AS saturated,
            count(*) FILTER (WHERE is_installed AND is_stale) AS stale,
            avg(fill_rate) FILTER (WHERE {_IN_OPERATION}) AS mean_fill_rate
        FROM recent
        CROSS JOIN newest
        WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
        GROUP BY ingested_ts
        ORDER BY ingested_ts"""  # noqa: S608 - our own constants


def _recent(newest_hour: Optional[datetime]) -> str:
    there = partition_filter(DAY.hours(newest_hour) if newest_hour else [])
    return (
        f"WITH recent AS (SELECT * FROM {DATABASE}.{TABLE} WHERE {there}), "  # noqa: S608 - our own constants
        "newest AS (SELECT max(ingested_ts) AS newest_ts FROM recent)"
    )
