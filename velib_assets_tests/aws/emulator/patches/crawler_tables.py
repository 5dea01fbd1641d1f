"""The results of a crawl: columns from Parquet footers, partitions from folders."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets_tests.aws.emulator.patches import patching

_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_WIDENED = {frozenset({"int", "bigint"}): "bigint"}
_SCALARS = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.date32(): "date",
}


@dataclass(frozen=True)
class Found:
    """An object below the target: its relative path and its bytes."""

    relative: str
    body: bytes

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders from the target to the object."""
        return tuple(self.relative.split("/")[:-1])


def write(crawler: dict[str, Any], location: str, objects: list[Found]) -> str:
    """Create or extend the table of a target and its partitions; return a log line."""
    glue = patching.service("glue")
    database, name = crawler["DatabaseName"], _table_name(crawler, location)
    metadata = [pq.read_metadata(io.BytesIO(file.body)) for file in objects]
    columns = _columns([entry.schema.to_arrow_schema() for entry in metadata])
    keys, partitions = _partitions(objects)
    table = _table_input(name, location, columns, keys)
    table["Parameters"] |= {
        "UPDATED_BY_CRAWLER": crawler["Name"],
        "objectCount": str(len(objects)),
        "recordCount": str(sum(entry.num_rows for entry in metadata)),
        "sizeKey": str(sum(len(file.body) for file in objects)),
    }
    existing = glue._tables.get(f"{database}/{name}")
    if existing is None:
        patching.checked(glue._create_table({"DatabaseName": database, "TableInput": table}))
    elif (crawler.get("SchemaChangePolicy") or {}).get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG":
        patching.checked(glue._update_table({"DatabaseName": database, "TableInput": table}))
    added = _add_partitions(database, name, location, table["StorageDescriptor"], partitions)
    return f"INFO : table {name} {'updated' if existing else 'created'} with {added} new partitions"


def glue_type(kind: pa.DataType) -> str:
    """Return the crawler's name of a column type."""
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.unit != "ns" else "bigint"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return _SCALARS.get(kind, "string")


def _columns(schemas: list[pa.Schema]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for schema in schemas:
        for field in schema:
            name, kind = field.name.lower(), glue_type(field.type)
            known = columns.setdefault(name, kind)
            if known != kind:
                columns[name] = _WIDENED.get(frozenset({known, kind}), "string")
    return columns


def _table_name(crawler: dict[str, Any], location: str) -> str:
    """Name the table after the target's last folder, with underscores for other characters."""
    folder = location.rstrip("/").rsplit("/", 1)[-1].lower()
    return (crawler.get("TablePrefix") or "") + re.sub(r"[^a-z0-9_]", "_", folder)


def _partitions(objects: list[Found]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of the keys (`partition_0` if a folder has none) and the folders with objects."""
    folders = sorted({file.folders for file in objects})
    if len({len(path) for path in folders}) != 1:
        raise ValueError("the objects lie at different depths: the service would make several tables of them")
    keys = [
        part.partition("=")[0].lower() if "=" in part else f"partition_{n}"
        for n, part in enumerate(folders[0])
    ]
    return keys, folders


def _table_input(name: str, location: str, columns: dict[str, str], keys: list[str]) -> dict[str, Any]:
    return {
        "Name": name,
        "Owner": "owner",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "classification": "parquet",
            "typeOfData": "file",
            "compressionType": "none",
            "CrawlerSchemaDeserializerVersion": "1.0",
            "CrawlerSchemaSerializerVersion": "1.0",
        },
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": {
            **_PARQUET,
            "Columns": [
                {"Name": column, "Type": kind} for column, kind in columns.items() if column not in keys
            ],
            "Location": location,
            "Compressed": False,
            "NumberOfBuckets": -1,
            "StoredAsSubDirectories": False,
        },
    }


def _add_partitions(
    database: str, name: str, location: str, storage: dict[str, Any], folders: list[tuple[str, ...]]
) -> int:
    glue = patching.service("glue")
    known = {tuple(entry["Values"]) for entry in glue._partitions.get(f"{database}/{name}", [])}
    added = 0
    for path in folders:
        values = tuple(part.partition("=")[2] or part for part in path)
        if values and values not in known:
            entry = {
                "Values": list(values),
                "StorageDescriptor": {**storage, "Location": location + "/".join(path) + "/"},
            }
            data = {"DatabaseName": database, "TableName": name, "PartitionInput": entry}
            patching.checked(glue._create_partition(data))
            added += 1
    return added
