"""The question that a report asks of the lake beside the views' states, in Athena's SQL.

Belongs here: the SQL, with the newest hours as constants so that no history is read. Does not: asking it.
"""

from __future__ import annotations

from datetime import datetime

from velib_assets.lake.schema import COLUMNS, TABLE
from velib_assets.query.union import Part, union_sql
from velib_assets.query.windows import DAY, partition_filter

STATIONS, NETWORK = "stations", "network"
_IN_OPERATION = "is_installed AND NOT is_stale AND fill_rate IS NOT NULL"
_SHORT = f"{_IN_OPERATION} AND is_renting AND bikes = 0"
_SATURATED = f"{_IN_OPERATION} AND is_returning AND (docks = 0 OR fill_rate >= 0.9)"
_KNOWN = "is_installed AND NOT is_stale"
_PARIS = "CAST(ingested_ts AT TIME ZONE 'Europe/Paris' AS timestamp)"


_STATION = {column.name: column.type for column in COLUMNS if column.name != "ingested_ts"}
_COUNTS = ["stations", "in_operation", "short", "saturated", "stale"]
_SUMS = ["bikes", "mechanical", "ebikes", "docks"]


def report_sql(newest_hour: datetime | None) -> str:
    """The stations of the newest snapshot, and the network at each snapshot, as the parts of one question."""
    return union_sql([_stations(newest_hour), _network(newest_hour)])


def _stations(newest_hour: datetime | None) -> Part:
    """Each station of the newest snapshot, by its code, with its last 24 hours.

    The texts `past_seconds` (before the newest snapshot), `past_bikes` and `past_docks` hold a number for
    each snapshot, oldest first and separated by commas; `null` where a count is unknown.
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
        {_recent(newest_hour)},
        history AS (
            SELECT station_id, {lists}
            FROM recent CROSS JOIN newest
            WHERE ingested_ts > newest_ts - INTERVAL '24' HOUR
            GROUP BY station_id
        )
        SELECT {", ".join(f"recent.{name}" for name in _STATION)},
            {", ".join(f"history.{name}" for name in texts)}
        FROM recent
        CROSS JOIN newest
        JOIN history ON history.station_id = recent.station_id
        WHERE recent.ingested_ts = newest.newest_ts"""  # noqa: S608 - our own constants
    return Part(STATIONS, {**_STATION, **dict.fromkeys(texts, "string")}, "station_id", select)


def _network(newest_hour: datetime | None) -> Part:
    """Each snapshot of the 25 hours up to the newest: the whole network's numbers.

    Bikes and docks are those of stations that are installed and not stale: unknown is not empty.
    """
    sums = ", ".join(f"sum({name}) FILTER (WHERE {_KNOWN}) AS total_{name}" for name in _SUMS)
    select = f"""
        {_recent(newest_hour)}
        SELECT
            ingested_ts,
            CAST(CAST({_PARIS} AS date) AS varchar) AS paris_day,
            hour({_PARIS}) AS paris_hour,
            count(*) AS stations,
            {sums},
            count(*) FILTER (WHERE {_IN_OPERATION}) AS in_operation,
            count(*) FILTER (WHERE {_SHORT}) AS short,
            count(*) FILTER (WHERE {_SATURATED}) AS saturated,
            count(*) FILTER (WHERE is_installed AND is_stale) AS stale,
            avg(fill_rate) FILTER (WHERE {_IN_OPERATION}) AS mean_fill_rate
        FROM recent
        CROSS JOIN newest
        WHERE ingested_ts > newest_ts - INTERVAL '25' HOUR
        GROUP BY ingested_ts"""  # noqa: S608 - our own constants
    columns = {"ingested_ts": "timestamp", "paris_day": "string", "paris_hour": "bigint"}
    columns |= dict.fromkeys((*_COUNTS, *(f"total_{name}" for name in _SUMS)), "bigint")
    return Part(NETWORK, {**columns, "mean_fill_rate": "double"}, "ingested_ts", select)


def _recent(newest_hour: datetime | None) -> str:
    there = partition_filter(DAY.hours(newest_hour) if newest_hour else [])
    return (
        f"WITH recent AS (SELECT * FROM {TABLE} WHERE {there}), "  # noqa: S608 - our own constants
        "newest AS (SELECT max(ingested_ts) AS newest_ts FROM recent)"
    )
