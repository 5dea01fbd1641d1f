"""The report's own query, in Athena's SQL: the stations and the network over the last day.

The newest hours are constants, so that no history is read.
"""

from __future__ import annotations

from datetime import datetime

from velib_assets.lake.schema import COLUMNS, TABLE
from velib_assets.query.union import Part, union_sql
from velib_assets.query.view_sql import conditions
from velib_assets.query.windows import DAY, partition_filter

STATIONS, NETWORK = "stations", "network"
_CONDITIONS = conditions()
_IN_OPERATION = _CONDITIONS["in_operation"]
_STATE = f"""CASE
            WHEN NOT is_installed THEN 'closed'
            WHEN is_installed AND is_stale THEN 'stale'
            WHEN {_CONDITIONS["short"]} THEN 'short'
            WHEN {_CONDITIONS["saturated"]} THEN 'saturated'
            WHEN {_IN_OPERATION} THEN 'ok'
            ELSE 'unknown'
        END"""
_PARIS = "CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp)"
_STATION = {column.name: column.type for column in COLUMNS if column.name != "ingested_ts"}
_COUNTS = ["stations", "in_operation", "short", "saturated", "stale"]
_SUMS = ["bikes", "mechanical", "ebikes", "docks"]


def report_sql(newest: datetime | None) -> str:
    """Return one query for the stations of the newest snapshot and the network at each snapshot."""
    return union_sql([_stations(newest), _network(newest)])


def _stations(newest: datetime | None) -> Part:
    """Select each station of the newest snapshot, by its code, with its state and its last 24 hours.

    The texts `past_seconds` (before the newest snapshot), `past_bikes` and `past_docks` hold one number per
    snapshot, oldest first and separated by commas; an unknown count is `null`.
    """
    texts = {
        "past_seconds": "CAST(date_diff('second', ingested_ts, newest_ts) AS varchar)",
        "past_bikes": "coalesce(CAST(bikes AS varchar), 'null')",
        "past_docks": "coalesce(CAST(docks AS varchar), 'null')",
    }
    lists = ", ".join(
        f"array_join(array_agg({text} ORDER BY ingested_ts), ',') AS {name}" for name, text in texts.items()
    )
    select = f"""
        {_recent(newest)},
        history AS (
            SELECT station_id, {lists}
            FROM recent CROSS JOIN newest
            WHERE ingested_ts > newest_ts - INTERVAL '24' HOUR
            GROUP BY station_id
        )
        SELECT {", ".join(f"recent.{name}" for name in _STATION)},
            {_STATE} AS state,
            {", ".join(f"history.{name}" for name in texts)}
        FROM recent
        CROSS JOIN newest
        JOIN history ON history.station_id = recent.station_id
        WHERE recent.ingested_ts = newest.newest_ts"""  # noqa: S608 - our own constants
    columns = {**_STATION, "state": "string", **dict.fromkeys(texts, "string")}
    return Part(STATIONS, columns, "station_id", select)


def _network(newest: datetime | None) -> Part:
    """Select the numbers of the whole network at each snapshot of the 25 hours up to the newest one.

    Bikes and docks are those of installed stations that are not stale: unknown is not empty.
    """
    sums = ", ".join(
        f"sum({name}) FILTER (WHERE is_installed AND NOT is_stale) AS total_{name}" for name in _SUMS
    )
    select = f"""
        {_recent(newest)}
        SELECT
            ingested_ts,
            CAST(CAST({_PARIS} AS date) AS varchar) AS paris_day,
            hour({_PARIS}) AS paris_hour,
            count(*) AS stations,
            {sums},
            count(*) FILTER (WHERE {_IN_OPERATION}) AS in_operation,
            count(*) FILTER (WHERE {_CONDITIONS["short"]}) AS short,
            count(*) FILTER (WHERE {_CONDITIONS["saturated"]}) AS saturated,
            count(*) FILTER (WHERE is_installed AND is_stale) AS stale,
            avg(fill_rate) FILTER (WHERE {_IN_OPERATION}) AS mean_fill_rate
        FROM recent
        CROSS JOIN newest
        WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
        GROUP BY ingested_ts"""  # noqa: S608 - our own constants
    columns = {"ingested_ts": "timestamp", "paris_day": "string", "paris_hour": "bigint"}
    columns |= dict.fromkeys((*_COUNTS, *(f"total_{name}" for name in _SUMS)), "bigint")
    return Part(NETWORK, {**columns, "mean_fill_rate": "double"}, "ingested_ts", select)


def _recent(newest: datetime | None) -> str:
    hours = DAY.hours(newest) if newest else []
    return (
        f"WITH recent AS (SELECT * FROM {TABLE} WHERE {partition_filter(hours)}), "  # noqa: S608 - our own constants
        "newest AS (SELECT max(ingested_ts) AS newest_ts FROM recent)"
    )
