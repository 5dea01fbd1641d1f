"""The schemas of the tables, from which the Arrow, Glue, DuckDB and Dagster schemas derive."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from velib_assets.lake.network import KEY, VELIB

DATABASE = "velib_db_tf"
TABLE = f"source_{KEY}"


class ColumnType(NamedTuple):
    """What a column type is called: `arrow` as pyarrow's alias, without a time zone; `duckdb` in SQL."""

    arrow: str
    duckdb: str


TYPES: Dict[str, ColumnType] = {
    "string": ColumnType("string", "VARCHAR"),
    "int": ColumnType("int32", "INTEGER"),
    "bigint": ColumnType("int64", "BIGINT"),
    "double": ColumnType("double", "DOUBLE"),
    "boolean": ColumnType("bool", "BOOLEAN"),
    "timestamp": ColumnType("timestamp[ms]", "TIMESTAMP"),
}
"""The column types by their name in Glue and Athena. A timestamp has milliseconds and is UTC."""


class Column(NamedTuple):
    """A column; `type` is a key of TYPES."""

    name: str
    type: str
    description: str
    unit: str = ""


_OTHER_NETWORKS: Dict[str, str] = {
    "station_id": "The feed's station_id, as text",
    "commune": "The area, as in arrondissement",
    "arrondissement": "The area: the name of the station's region, else its region_id; null if it has none",
    "mechanical": "Available bikes without a motor; null if the feed does not tell the types",
    "ebikes": "Available bikes with a motor; null if the feed does not tell the types",
    "docks": "Free docks, as reported; null if the feed has none",
    "fill_rate": "bikes / (bikes + docks); in a snapshot without docks bikes / capacity, which can be "
    "over 1; null if unknown",
}
"""What columns mean in other networks than Vélib', by their names."""


def fill_rate_unit(network: str = KEY) -> str:
    """Return the unit of fill rates: without docks, more bikes than the capacity are a rate over 1."""
    return "ratio 0..1" if network == VELIB else "ratio, 0 or more"


def of_network(columns: Tuple[Column, ...], network: str = KEY) -> Tuple[Column, ...]:
    """Return columns with their descriptions and units in a network."""
    if network == VELIB:
        return columns
    return tuple(
        c._replace(
            description=_OTHER_NETWORKS.get(c.name, c.description),
            unit=fill_rate_unit(network) if c.name == "fill_rate" else c.unit,
        )
        for c in columns
    )


_VELIB_COLUMNS: Tuple[Column, ...] = (
    Column("ingested_ts", "timestamp", "When the snapshot was taken", "UTC, milliseconds"),
    Column("station_id", "string", "Public station code; text, because codes such as 31024_relais exist"),
    Column("name", "string", "Station name; not unique"),
    Column("commune", "string", "Paris or the commune (the feed's nom_arrondissement_communes)"),
    Column("arrondissement", "string", "Paris 1er to Paris 20e; outside Paris, the commune"),
    Column("lat", "double", "Latitude", "WGS 84 degrees"),
    Column("lon", "double", "Longitude", "WGS 84 degrees"),
    Column("is_installed", "boolean", "The station is in service; null if unreadable"),
    Column("is_renting", "boolean", "The station lends bikes; null if unreadable"),
    Column("is_returning", "boolean", "The station accepts returns; null if unreadable"),
    Column("capacity", "int", "Number of docks, as reported", "docks"),
    Column("bikes", "int", "Available bikes, as reported", "bikes"),
    Column("mechanical", "int", "Available mechanical bikes", "bikes"),
    Column("ebikes", "int", "Available electric bikes", "bikes"),
    Column("docks", "int", "Free docks, as reported", "docks"),
    Column("fill_rate", "double", "bikes / (bikes + docks); null if the sum is 0 or unknown", "ratio 0..1"),
    Column("reported_ts", "timestamp", "When the station last reported", "UTC, milliseconds"),
    Column("is_stale", "boolean", "reported_ts is null or over 3 hours before ingested_ts"),
)
_VIRTUAL = Column("is_virtual", "boolean", "The station is a place without docks of its own; null if unknown")


def columns_of(network: str) -> Tuple[Column, ...]:
    """Return the columns of a network's table, without the partition keys; only Vélib' lacks is_virtual."""
    return _VELIB_COLUMNS if network == VELIB else (*of_network(_VELIB_COLUMNS, network), _VIRTUAL)


COLUMNS = columns_of(KEY)

PARTITION_COLUMNS: Tuple[Column, ...] = (
    Column("date", "string", "Partition key: UTC date of ingested_ts, YYYY-MM-DD"),
    Column("hour", "string", "Partition key: UTC hour of ingested_ts, HH"),
)

HISTORY = f"{KEY}_history"
HISTORY_GRAIN = "one station in a snapshot of a closed day"
HISTORY_COLUMNS: Tuple[Column, ...] = (
    *COLUMNS,
    Column("date", "string", "UTC date of ingested_ts, YYYY-MM-DD"),
    Column("hour", "string", "UTC hour of ingested_ts, HH"),
)
"""The columns of the history files: those of the table, with its partition keys in the files."""
MONTH_COLUMN = Column("month", "string", "Partition key: UTC month of ingested_ts, YYYY-MM")

STATIONS = "stations"
STATIONS_GRAIN = "one station per stretch of time in which it was described alike"
STATION_COLUMNS = of_network(
    (
        Column("station_id", "string", "Public station code"),
        Column(
            "valid_from", "timestamp", "When the station was first seen so described", "UTC, milliseconds"
        ),
        Column("valid_to", "timestamp", "When this ended; null if it still holds", "UTC, milliseconds"),
        Column("name", "string", "Station name; not unique"),
        Column("lat", "double", "Latitude", "WGS 84 degrees"),
        Column("lon", "double", "Longitude", "WGS 84 degrees"),
        Column("capacity", "int", "Number of docks, as reported", "docks"),
        Column("commune", "string", "Paris or the commune; where no feed reported it, that of the code"),
        Column("arrondissement", "string", "Paris 1er to Paris 20e; outside Paris, the commune"),
    )
)
"""The columns of the station register: one row per station and stretch of validity."""

REJECTS = f"rejects_{KEY}"
QUARANTINE = f"quarantine_{KEY}"
REJECTS_GRAIN = "one record that could not be converted to a row"
REJECT_COLUMNS: Tuple[Column, ...] = (
    Column("raw_key", "string", "Key of the raw object that contains the record"),
    Column("ingested_ts", "timestamp", "When the snapshot was taken", "UTC, milliseconds"),
    Column("position", "int", "Position of the record in the snapshot, from 0"),
    Column("station_id", "string", "Public station code, if the record has one"),
    Column("reason", "string", "Why it was rejected"),
    Column("record", "string", "The record itself, as JSON"),
)
"""The columns of the rejected records, without the partition keys."""
