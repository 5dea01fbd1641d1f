"""The columns of the daily KPIs. Their tables are partitioned by `date`, the local date."""

from __future__ import annotations

from typing import Dict, Tuple

from velib_assets.lake.schema import Column, fill_rate_unit, of_network

DAILY_PARTITION: Tuple[Column, ...] = (Column("date", "string", "Partition key: local date, YYYY-MM-DD"),)

_STATION = of_network(
    (
        Column("station_id", "string", "Public station code"),
        Column("name", "string", "Station name, the newest of the day; not unique"),
        Column("arrondissement", "string", "Paris 1er to Paris 20e; outside Paris, the commune"),
    )
)
_MINUTES: Tuple[Column, ...] = (
    Column("minutes_covered", "double", "Time for which a snapshot says what the state was", "minutes"),
    Column("minutes_in_operation", "double", "Time in operation", "minutes"),
    Column("minutes_short", "double", "Time short", "minutes"),
    Column("minutes_saturated", "double", "Time saturated", "minutes"),
    Column("minutes_stale", "double", "Time stale", "minutes"),
)
_BIKES: Tuple[Column, ...] = (
    Column("ebike_share", "double", "E-bikes among the bikes, weighted by time in operation", "ratio 0..1"),
    Column("arrivals_at_least", "bigint", "Sum of the rises of bikes; not the number of trips", "bikes"),
    Column("departures_at_least", "bigint", "Sum of the falls of bikes; not the number of trips", "bikes"),
    Column("minutes_compared", "double", "Time between the snapshots whose bikes are compared", "minutes"),
    Column("first_bikes", "bigint", "Bikes at the first snapshot of the day that knows them", "bikes"),
    Column("last_bikes", "bigint", "Bikes at the last snapshot of the day that knows them", "bikes"),
)

DAILY_STATION: Tuple[Column, ...] = (
    *_STATION,
    Column("snapshots", "bigint", "Snapshots of the day that have the station", "snapshots"),
    *_MINUTES,
    Column("avg_fill_rate", "double", "Mean fill rate, weighted by time in operation", fill_rate_unit()),
    Column("min_fill_rate", "double", "Lowest fill rate in operation", fill_rate_unit()),
    Column("max_fill_rate", "double", "Highest fill rate in operation", fill_rate_unit()),
    *_BIKES,
    Column("rank", "bigint", "1 for most minutes short and saturated; null for none"),
)

DAILY_NETWORK: Tuple[Column, ...] = (
    Column("stations", "bigint", "Stations with a snapshot on the day", "stations"),
    Column("stations_opened", "bigint", "Those without one on the day before; null if unknown", "stations"),
    Column("stations_closed", "bigint", "With one on the day before only; null if unknown", "stations"),
    Column("stations_silent", "bigint", "Stations that are stale in all snapshots of the day", "stations"),
    Column("slots_stored", "bigint", "Quarters of an hour with a snapshot", "slots"),
    Column("slots", "bigint", "Quarters of an hour of the day: 96; 92 or 100 if the clocks change", "slots"),
    Column("coverage", "double", "slots_stored / slots", "ratio 0..1"),
    Column("snapshots", "bigint", "Snapshots of the network", "snapshots"),
    Column("station_snapshots", "bigint", "Snapshots of the stations, summed", "rows"),
    *(column._replace(unit="station-minutes") for column in _MINUTES),
    Column(
        "avg_fill_rate",
        "double",
        "Mean fill rate, weighted by the stations' time in operation",
        fill_rate_unit(),
    ),
    Column("min_fill_rate", "double", "Lowest mean fill rate of a complete snapshot", fill_rate_unit()),
    Column("max_fill_rate", "double", "Highest mean fill rate of a complete snapshot", fill_rate_unit()),
    *(column._replace(unit="station-minutes") if column.unit == "minutes" else column for column in _BIKES),
    Column("worst_stations", "string", "Codes of the ten stations of rank 1 to 10, in order, with commas"),
)

STATION_QUALITY: Tuple[Column, ...] = (
    *_STATION,
    Column("snapshots", "bigint", "Snapshots of the day that have the station", "snapshots"),
    Column("is_frozen", "boolean", "No change in 24 hours while neighbours moved; null if not known"),
    Column(
        "changes", "bigint", "Snapshots of the last 24 hours that differ from the one before", "snapshots"
    ),
    Column("neighbours", "bigint", "Nearest stations looked at, up to five; null if it changed", "stations"),
    Column("neighbours_moved", "bigint", "Those with at least ten changes; null if it changed", "stations"),
    Column("over_capacity_snapshots", "bigint", "Snapshots with bikes + docks above capacity", "snapshots"),
    Column(
        "max_over_capacity", "bigint", "The largest excess over capacity; null for none", "bikes and docks"
    ),
    Column(
        "types_differ_snapshots", "bigint", "Snapshots with mechanical + ebikes unlike bikes", "snapshots"
    ),
    Column("never_reported", "boolean", "No snapshot of the day has a report time"),
    Column("is_moved", "boolean", "Over 30 m from the position before; null if one is unknown"),
    Column("moved_metres", "double", "Distance from the position before", "metres"),
)

DAILY_COLUMNS: Dict[str, Tuple[Column, ...]] = {
    "kpi_daily_station": DAILY_STATION,
    "kpi_daily_network": DAILY_NETWORK,
    "kpi_station_quality": STATION_QUALITY,
}
"""The columns of each daily KPI's files, by its name. The view has `date` after them."""
DAILY_GRAINS: Dict[str, str] = {
    "kpi_daily_station": "one station per local day",
    "kpi_daily_network": "the network per local day",
    "kpi_station_quality": "one station per local day, with what is doubtful in its data",
}
"""What one row of each daily KPI represents, by its name."""


def days_table(name: str) -> str:
    """Return the name of the table that holds a daily KPI's days; the view of the name reads it."""
    return f"{name}_days"
