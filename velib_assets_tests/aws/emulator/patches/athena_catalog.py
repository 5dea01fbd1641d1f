"""The Glue catalog as Athena uses it: tables, registered partitions, and their objects."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets_tests.aws.emulator.patches import patching

# The Parquet types (Arrow's names) that Athena accepts for a column of a Glue type.
_STORED = {
    "string": ("string", "large_string"),
    "int": ("int32",),
    "bigint": ("int64", "int32"),
    "double": ("double", "float"),
    "boolean": ("bool",),
    "timestamp": ("timestamp[ms]", "timestamp[us]", "timestamp[ms, tz=UTC]", "timestamp[us, tz=UTC]"),
    "date": ("date32[day]",),
}
_DUCKDB_TYPES = {"string": "VARCHAR", "int": "INTEGER"}


class QueryFailed(Exception):  # noqa: N818 - named after the state of a query
    """A query failed; the message becomes its StateChangeReason."""


@dataclass(frozen=True)
class DataFile:
    """A fetched object of a partition."""

    url: str
    path: Path
    size: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Partition:
    """The location and values of a partition (no values for a table without partitions)."""

    location: str
    values: tuple[str, ...]


class CatalogTable:
    """One table or view of the catalog."""

    def __init__(self, database: str, record: dict[str, Any]) -> None:
        self.database = database
        self.name: str = record["Name"]
        self.is_view = record.get("TableType") == "VIRTUAL_VIEW"
        self.view_text: str = record.get("ViewOriginalText") or ""
        storage = record.get("StorageDescriptor") or {}
        self.location: str = storage.get("Location") or ""
        self.columns = {c["Name"]: c["Type"] for c in storage.get("Columns") or []}
        self.keys = {c["Name"]: c["Type"] for c in record.get("PartitionKeys") or []}
        self.parameters: dict[str, str] = record.get("Parameters") or {}
        described = [*(storage.get("Columns") or []), *(record.get("PartitionKeys") or [])]
        self.comments: dict[str, str] = {c["Name"]: c.get("Comment") or "" for c in described}

    @cached_property
    def partitions(self) -> list[Partition]:
        """Return the registered or projected partitions, or the table itself if it has no keys."""
        if not self.keys:
            return [Partition(self.location, ())]
        if self.parameters.get("projection.enabled") == "true":
            return projected(self.parameters, list(self.keys))
        records = patching.service("glue")._partitions.get(f"{self.database}/{self.name}", [])
        return [Partition(p["StorageDescriptor"]["Location"], tuple(p["Values"])) for p in records]

    def files(self, partitions: list[Partition]) -> list[DataFile]:
        """Fetch all objects below the locations of the partitions, except hidden ones."""
        keys: dict[str, list[str]] = {}
        return [file for partition in partitions for file in _objects(partition, keys)]

    def check(self, file: DataFile) -> None:
        """Refuse a file that is not Parquet or has columns of another type, as Athena does."""
        try:
            schema = _schema(file.path)
        except pa.ArrowInvalid as error:
            magic = list(file.path.read_bytes()[-4:])
            raise QueryFailed(
                f"HIVE_BAD_DATA: Not valid Parquet file: {file.url} expected magic number: PAR1 got: {magic}"
            ) from error
        for name, declared in self.columns.items():
            index = schema.get_field_index(name)
            if index < 0:
                continue
            stored = str(schema.field(index).type)
            if declared in _STORED and stored not in (*_STORED[declared], "null"):
                raise QueryFailed(
                    f"HIVE_BAD_DATA: Field {name}'s type {stored.upper()} in parquet file {file.url} is "
                    f"incompatible with type {declared} defined in table schema"
                )


def projected(parameters: dict[str, str], keys: list[str]) -> list[Partition]:
    """Return the partitions of a partition projection that have objects; Athena lists all of its ranges.

    Raises:
        QueryFailed: if a key has no range.
    """
    template = parameters["storage.location.template"]
    pattern = re.compile(
        "".join(
            f"(?P<{part[2:-1]}>[^/]+)" if part in {f"${{{key}}}" for key in keys} else re.escape(part)
            for part in re.split(r"(\$\{\w+\})", template)
        )
    )
    bucket = patching.service("s3")._buckets.get(urlsplit(template).netloc) or {"objects": {}}
    urls = (f"s3://{urlsplit(template).netloc}/{key}" for key in bucket["objects"])
    found = {match.group(0): match for url in urls if (match := pattern.match(url))}
    return [
        Partition(location, tuple(match[key] for key in keys))
        for location, match in sorted(found.items())
        if all(_is_in_range(parameters, key, match[key]) for key in keys)
    ]


def _is_in_range(parameters: dict[str, str], key: str, value: str) -> bool:
    """Return whether a projection contains a value, as Athena writes it: with all digits of its format."""
    names = ("type", "range", "digits", "format")
    kind, bounds, digits, form = (parameters.get(f"projection.{key}.{name}", "") for name in names)
    first, _, last = bounds.partition(",")
    if kind == "integer":
        width = int(digits or 0)
        return value in {f"{number:0{width}d}" for number in range(int(first), int(last) + 1)}
    if (kind, form) == ("date", "yyyy-MM-dd"):
        is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
        return is_date and first <= value <= (f"{datetime.now(UTC):%Y-%m-%d}" if last == "NOW" else last)
    raise QueryFailed(f"INVALID_TABLE_PROPERTY: the projection of {key} is invalid: {kind} {form}")


def duckdb_type(glue_type: str) -> str:
    """Translate the type of a Glue column to DuckDB."""
    return _DUCKDB_TYPES.get(glue_type, glue_type.upper())


def database_exists(name: str) -> bool:
    """Return whether the catalog has this database."""
    return name in patching.service("glue")._databases


def find(database: str, name: str) -> CatalogTable | None:
    """Return a table or view, or None."""
    record = patching.service("glue")._tables.get(f"{database}/{name}")
    return CatalogTable(database, record) if record else None


def tables(database: str) -> list[CatalogTable]:
    """Return all tables and views of a database by name."""
    records = patching.service("glue")._tables.items()
    catalog_tables = [
        CatalogTable(database, record) for key, record in records if key.startswith(f"{database}/")
    ]
    return sorted(catalog_tables, key=lambda table: table.name)


def _objects(partition: Partition, sorted_keys: dict[str, list[str]]) -> list[DataFile]:
    """List the objects below a location; `sorted_keys` caches the listings of buckets."""
    s3 = patching.service("s3")
    url = urlsplit(partition.location)
    prefix = url.path.strip("/") + "/" if url.path.strip("/") else ""
    bucket = s3._buckets.get(url.netloc)
    if bucket is None:
        raise QueryFailed(f"HIVE_FILESYSTEM_ERROR: The specified bucket does not exist: {url.netloc}")
    if url.netloc not in sorted_keys:
        sorted_keys[url.netloc] = sorted(bucket["objects"])
    keys = sorted_keys[url.netloc]
    files = []
    for key in keys[bisect_left(keys, prefix) :]:
        if not key.startswith(prefix):
            break
        record = bucket["objects"].get(key)
        hidden = any(part.startswith(("_", ".")) for part in key[len(prefix) :].split("/"))
        if record is not None and not hidden and record["size"]:
            path = _cached(url.netloc, key, record["etag"].strip('"'))
            files.append(DataFile(f"s3://{url.netloc}/{key}", path, record["size"], partition.values))
    return files


def _cached(bucket: str, key: str, etag: str) -> Path:
    path = Path(patching.SETTINGS["VELIB_EMULATOR_SCRATCH"]) / "athena" / etag
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.{id(key)}")
        partial.write_bytes(patching.service("s3")._get_object_data(bucket, key))
        partial.replace(path)
    return path


@lru_cache(maxsize=4096)
def _schema(path: Path) -> pa.Schema:
    return pq.read_schema(path)
