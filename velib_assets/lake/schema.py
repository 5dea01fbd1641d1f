"""The schemas of the tables, from which the Arrow, Glue, DuckDB and Dagster schemas derive."""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

DATABASE = "velib_db_tf"
TABLE = "source_velib"


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


COLUMNS: Tuple[Column, ...] = (
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

PARTITION_COLUMNS: Tuple[Column, ...] = (
    Column("date", "string", "Partition key: UTC date of ingested_ts, YYYY-MM-DD"),
    Column("hour", "string", "Partition key: UTC hour of ingested_ts, HH"),
)

HISTORY = "velib_history"
HISTORY_GRAIN = "one station in a snapshot of a closed day"
HISTORY_COLUMNS: Tuple[Column, ...] = (
    *COLUMNS,
    Column("date", "string", "UTC date of ingested_ts, YYYY-MM-DD"),
    Column("hour", "string", "UTC hour of ingested_ts, HH"),
)
"""The columns of the history files: those of `source_velib`, with its partition keys in the files."""
MONTH_COLUMN = Column("month", "string", "Partition key: UTC month of ingested_ts, YYYY-MM")

STATIONS = "stations"
STATIONS_GRAIN = "one station per stretch of time in which it was described alike"
STATION_COLUMNS: Tuple[Column, ...] = (
    Column("station_id", "string", "Public station code"),
    Column("valid_from", "timestamp", "When the station was first seen so described", "UTC, milliseconds"),
    Column("valid_to", "timestamp", "When this ended; null if it still holds", "UTC, milliseconds"),
    Column("name", "string", "Station name; not unique"),
    Column("lat", "double", "Latitude", "WGS 84 degrees"),
    Column("lon", "double", "Longitude", "WGS 84 degrees"),
    Column("capacity", "int", "Number of docks, as reported", "docks"),
    Column("commune", "string", "Paris or the commune; where no feed reported it, that of the code"),
    Column("arrondissement", "string", "Paris 1er to Paris 20e; outside Paris, the commune"),
)
"""The columns of the station register: one row per station and stretch of validity."""

REJECTS = "rejects_velib"
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
