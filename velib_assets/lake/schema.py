"""The one contract of the table `source_velib` and of the feed's records.

Belongs here: names, types, units and meanings, as plain data that Arrow, Glue, DuckDB and Dagster
forms are derived from. Does not: any of those libraries, or the rules that fill the columns.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

DATABASE = "velib_db_tf"
TABLE = "source_velib"


class TypeNames(NamedTuple):
    """The names of a type in Arrow and in SQL; DuckDB and Trino use the same ones."""

    arrow: str
    sql: str


TYPES: Dict[str, TypeNames] = {
    "string": TypeNames("string", "VARCHAR"),
    "int": TypeNames("int32", "INTEGER"),
    "bigint": TypeNames("int64", "BIGINT"),
    "double": TypeNames("double", "DOUBLE"),
    "boolean": TypeNames("bool", "BOOLEAN"),
    "timestamp": TypeNames("timestamp[us]", "TIMESTAMP"),  # UTC without a zone; files hold milliseconds
}


class Column(NamedTuple):
    """A column: `type` is a key of TYPES; a timestamp is in UTC."""

    name: str
    type: str
    description: str
    unit: str = ""


COLUMNS: Tuple[Column, ...] = (
    Column("ingested_ts", "timestamp", "When the snapshot was taken", "UTC, milliseconds"),
    Column("station_id", "string", "Public station code, as text: 31024_relais exists"),
    Column("name", "string", "Station name; not unique"),
    Column("commune", "string", "The feed's nom_arrondissement_communes: Paris, or the commune"),
    Column("arrondissement", "string", "Paris 1er to Paris 20e, outside Paris the commune"),
    Column("lat", "double", "Latitude", "WGS 84 degrees"),
    Column("lon", "double", "Longitude", "WGS 84 degrees"),
    Column("is_installed", "boolean", "In the street and switched on; null where unreadable"),
    Column("is_renting", "boolean", "Lends bikes; null where unreadable"),
    Column("is_returning", "boolean", "Takes bikes back; null where unreadable"),
    Column("capacity", "int", "Docks built, as reported", "docks"),
    Column("bikes", "int", "Bikes available, as reported", "bikes"),
    Column("mechanical", "int", "Mechanical bikes among them", "bikes"),
    Column("ebikes", "int", "Electric bikes among them", "bikes"),
    Column("docks", "int", "Free docks, as reported", "docks"),
    Column("fill_rate", "double", "bikes / (bikes + docks); null where 0 or unknown", "ratio 0..1"),
    Column("reported_ts", "timestamp", "The station's own last report", "UTC, milliseconds"),
    Column("is_stale", "boolean", "Report unknown, or over 3 hours older than the snapshot"),
)

PARTITION_COLUMNS: Tuple[Column, ...] = (
    Column("date", "string", "Partition key: UTC day of ingested_ts, YYYY-MM-DD"),
    Column("hour", "string", "Partition key: UTC hour of ingested_ts, HH"),
)


class Field(NamedTuple):
    """A field of a feed's record: its path, its JSON types (beside null), whether it must be there."""

    path: str
    types: Tuple[str, ...]
    required: bool = True


_TEXT = ("text",)
_COUNT = ("number",)
_FLAG = ("text", "number", "boolean")

FIELDS: Dict[str, Tuple[Field, ...]] = {
    "opendata": (
        Field("stationcode", _TEXT),
        Field("name", _TEXT),
        Field("is_installed", _TEXT),
        Field("capacity", _COUNT),
        Field("numdocksavailable", _COUNT),
        Field("numbikesavailable", _COUNT),
        Field("mechanical", _COUNT),
        Field("ebike", _COUNT),
        Field("is_renting", _TEXT),
        Field("is_returning", _TEXT),
        Field("duedate", _TEXT),
        Field("coordonnees_geo", ("object",)),
        Field("nom_arrondissement_communes", _TEXT),
        Field("code_insee_commune", ("text",), required=False),
        Field("station_opening_hours", ("text",), required=False),
    ),
    "gbfs": (
        Field("information.station_id", ("text", "number")),
        Field("information.stationCode", _TEXT),
        Field("information.name", _TEXT),
        Field("information.lat", ("number",)),
        Field("information.lon", ("number",)),
        Field("information.capacity", _COUNT),
        Field("status.station_id", ("text", "number")),
        Field("status.stationCode", _TEXT),
        Field("status.is_installed", _FLAG),
        Field("status.is_renting", _FLAG),
        Field("status.is_returning", _FLAG),
        Field("status.last_reported", ("number",)),
        Field("status.num_bikes_available_types", ("list",)),
        Field("status.num_bikes_available", _COUNT, required=False),
        Field("status.numBikesAvailable", _COUNT, required=False),
        Field("status.num_docks_available", _COUNT, required=False),
        Field("status.numDocksAvailable", _COUNT, required=False),
        Field("information.rental_methods", ("list",), required=False),
        Field("information.station_opening_hours", _TEXT, required=False),
    ),
}
