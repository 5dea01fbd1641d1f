"""Small Parquet files like those of a clean lake, and the table over them."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets_tests.aws.emulator.server import Emulator

COLUMNS = {
    "ingested_ts": "timestamp",
    "station_id": "string",
    "bikes": "int",
    "total": "bigint",
    "fill_rate": "double",
    "is_installed": "boolean",
}


def parquet(hour: str, stations: int = 3) -> bytes:
    """Write one snapshot at a quarter past the hour; the last station has only its name."""
    values = [*range(1, stations), None]
    moment = datetime(2022, 6, 4, int(hour), 15)  # noqa: DTZ001 - wall clock, UTC
    table = pa.table(
        {
            "ingested_ts": pa.array([moment] * stations, pa.timestamp("ms", "UTC")),
            "station_id": [str(n) for n in range(1, stations + 1)],
            "bikes": pa.array(values, pa.int32()),
            "total": pa.array(values, pa.int64()),
            "fill_rate": pa.array([None if v is None else v / 100_000 for v in values], pa.float64()),
            "is_installed": pa.array([None if v is None else v % 2 == 1 for v in values]),
        }
    )
    return written(table)


def written(table: pa.Table) -> bytes:
    """Convert a table to the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def put_hour(
    emulator: Emulator, bucket: str, hour: str, body: bytes | None = None, name: str = "part"
) -> str:
    """Store the file of an hour; return the location of its partition."""
    key = f"clean/source=velib/date=2022-06-04/hour={hour}/"
    emulator.client("s3").put_object(Bucket=bucket, Key=key + name, Body=body or parquet(hour))
    return f"s3://{bucket}/{key}"


def make_table(emulator: Emulator, bucket: str, database: str, columns: dict[str, str] | None = None) -> None:
    """Create a database with an empty `source_velib`."""
    glue = emulator.client("glue")
    glue.create_database(DatabaseInput={"Name": database})
    table: dict[str, Any] = {
        "Name": "source_velib",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "date", "Type": "string"}, {"Name": "hour", "Type": "string"}],
        "StorageDescriptor": {
            "Location": f"s3://{bucket}/clean/source=velib/",
            "Columns": [{"Name": name, "Type": kind} for name, kind in (columns or COLUMNS).items()],
        },
    }
    glue.create_table(DatabaseName=database, TableInput=table)


def register(emulator: Emulator, database: str, hour: str, location: str) -> None:
    """Register the partition of an hour."""
    entry = {"Values": ["2022-06-04", hour], "StorageDescriptor": {"Location": location}}
    glue = emulator.client("glue")
    glue.batch_create_partition(DatabaseName=database, TableName="source_velib", PartitionInputList=[entry])
