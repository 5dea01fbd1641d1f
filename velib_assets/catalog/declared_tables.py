"""The tables of the Glue Data Catalog as data: what each is called, its columns, its keys and its place."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from velib_assets.lake.daily_schema import DAILY_COLUMNS, DAILY_GRAINS, DAILY_PARTITION, days_table
from velib_assets.lake.keys import STATIONS_KEY, source_prefix
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.schema import (
    COLUMNS,
    HISTORY,
    HISTORY_COLUMNS,
    HISTORY_GRAIN,
    MONTH_COLUMN,
    PARTITION_COLUMNS,
    REJECT_COLUMNS,
    REJECTS,
    REJECTS_GRAIN,
    STATION_COLUMNS,
    STATIONS,
    STATIONS_GRAIN,
    TABLE,
    Column,
)

_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_PROJECTED_DATES = (
    ("projection.enabled", "true"),
    ("projection.date.type", "date"),
    ("projection.date.format", "yyyy-MM-dd"),
    ("projection.date.range", "2018-01-01,NOW"),  # the present operator of Velib' began in 2018
)
_PROJECTED = ("projection.", "storage.location.template")


class DeclaredTable(NamedTuple):
    """A table of Parquet files.

    Args:
        name: of the table.
        description: what one row is.
        columns: those in the files.
        prefix: of its files in the bucket, with a slash at the end.
        keys: the partition keys.
        projection: parameters from which Athena computes the partitions; without them, they are registered.
    """

    name: str
    description: str
    columns: Sequence[Column]
    prefix: str
    keys: Sequence[Column] = ()
    projection: Tuple[Tuple[str, str], ...] = ()


_STATION = "Velib' station" if IS_VELIB else "station"
SOURCE_VELIB = DeclaredTable(
    TABLE,
    f"One row per {_STATION} per snapshot; times are UTC",
    COLUMNS,
    source_prefix("clean"),
    PARTITION_COLUMNS,
)
"""The table whose partitions are registered, by the pipeline or by the crawler."""

VELIB_HISTORY = DeclaredTable(
    HISTORY,
    f"A row is {HISTORY_GRAIN}; times are UTC",
    HISTORY_COLUMNS,
    source_prefix("history"),
    (MONTH_COLUMN,),
)
"""The history, whose partitions, the months, are registered by the pipeline."""

OTHER_TABLES: Tuple[DeclaredTable, ...] = (
    DeclaredTable(
        STATIONS,
        f"A row is {STATIONS_GRAIN}; times are UTC",
        STATION_COLUMNS,
        STATIONS_KEY.rpartition("/")[0] + "/",
    ),
    DeclaredTable(
        REJECTS,
        f"A row is {REJECTS_GRAIN}; times are UTC",
        REJECT_COLUMNS,
        source_prefix("rejects"),
        PARTITION_COLUMNS,
        (
            *_PROJECTED_DATES,
            ("projection.hour.type", "integer"),
            ("projection.hour.range", "0,23"),
            ("projection.hour.digits", "2"),
        ),
    ),
)
"""The tables that need no registration: each has one folder, or partitions that Athena computes."""

DAILY_TABLES: Tuple[DeclaredTable, ...] = tuple(
    DeclaredTable(
        days_table(name),
        f"A row is {DAILY_GRAINS[name]}; the view {name} reads them",
        columns,
        f"{source_prefix('kpi')}{name}/",
        DAILY_PARTITION,
        _PROJECTED_DATES,
    )
    for name, columns in DAILY_COLUMNS.items()
)
"""The tables of the daily KPIs, whose partitions Athena computes."""


def table_input(table: DeclaredTable, bucket: str) -> Dict[str, Any]:
    """Return a table in Glue's form. Timestamps are INT64 milliseconds in Parquet."""
    location = f"s3://{bucket}/{table.prefix}"
    parameters = {"classification": "parquet", "EXTERNAL": "TRUE", **dict(table.projection)}
    if table.projection:
        folders = "".join(f"{key.name}=${{{key.name}}}/" for key in table.keys)
        parameters["storage.location.template"] = location + folders
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": _columns(table.keys),
        "StorageDescriptor": {**_PARQUET, "Columns": _columns(table.columns), "Location": location},
    }


def differences(table: Dict[str, Any], declared: Dict[str, Any]) -> List[str]:
    """Describe how a table of the catalog differs from the declared one, both in Glue's form."""
    actual, wanted = _structure(table), _structure(declared)
    return [
        f"{part}: {actual[part]}, declared {wanted[part]}" for part in wanted if actual[part] != wanted[part]
    ]


def _structure(table: Dict[str, Any]) -> Dict[str, object]:
    storage = table.get("StorageDescriptor", {})
    parameters = table.get("Parameters", {})
    return {
        "columns": [(column["Name"], column["Type"]) for column in storage.get("Columns", [])],
        "partition keys": [(column["Name"], column["Type"]) for column in table.get("PartitionKeys", [])],
        "location": storage.get("Location", "").rstrip("/"),
        "input format": storage.get("InputFormat"),
        "projection": {name: text for name, text in parameters.items() if name.startswith(_PROJECTED)},
    }


def _columns(columns: Sequence[Column]) -> List[Dict[str, str]]:
    return [{"Name": c.name, "Type": c.type, "Comment": c.description} for c in columns]
