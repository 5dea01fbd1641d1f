"""The table in the Glue Data Catalog: created, kept as declared, and its partitions registered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.catalog.catalog import Partition
from velib_assets.lake.keys import clean_key, date_hour, key_hour, source_prefix
from velib_assets.lake.schema import COLUMNS, PARTITION_COLUMNS, TABLE, Column

BATCH = 100  # of BatchCreatePartition and BatchUpdatePartition
GET_BATCH = 1000  # of BatchGetPartition
_ROWS, _BYTES, _DIGEST = "velib.rows", "velib.bytes", "velib.digest"
_MISSING, _EXISTS = "EntityNotFoundException", "AlreadyExistsException"
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}


class GlueTable:
    """The table `source_velib` of a database and a bucket. The constructor sends no request."""

    def __init__(self, database: str, bucket: str, region: str = "") -> None:
        self._database, self._bucket, self._region = database, bucket, region or None
        self._resource = f"the table {database}.{TABLE}"

    def register(self, partitions: Iterable[Partition]) -> int:
        """Add or replace partitions in batches; creates or corrects the table first. Idempotent.

        Returns:
            How many partitions are new or changed.

        Raises:
            AwsError: if a request fails.
        """
        wanted = {part.hour: part for part in partitions}
        self.declare()
        known = {part.hour: part for part in self.partitions(list(wanted))}
        new = [part for hour, part in wanted.items() if hour not in known]
        changed = [part for hour, part in wanted.items() if hour in known and known[hour] != part]
        for batch in _batches(new):
            self._batch("batch_create_partition", PartitionInputList=[self._input(part) for part in batch])
        for batch in _batches(changed):
            entries = [
                {"PartitionValueList": list(date_hour(part.hour)), "PartitionInput": self._input(part)}
                for part in batch
            ]
            self._batch("batch_update_partition", Entries=entries)
        return len(new) + len(changed)

    def declare(self) -> bool:
        """Create the table, or correct it if it differs. Returns whether anything changed."""
        declared = table_input(self._bucket)
        table = self.table()
        if table is None:
            try:
                self._call("create_table", DatabaseName=self._database, TableInput=declared)
            except AwsError as error:
                if error.code != _EXISTS:
                    raise
            return True
        if not differences(table, declared):
            return False
        self._call("update_table", DatabaseName=self._database, TableInput=declared)
        return True

    def table(self) -> Optional[Dict[str, Any]]:
        """Return the table's entry in the catalog; None if it does not exist."""
        try:
            response = self._call("get_table", DatabaseName=self._database, Name=TABLE)
        except AwsError as error:
            if error.code == _MISSING and "Database" not in str(error):
                return None
            raise
        return dict(response["Table"])

    def partitions(self, hours: Optional[Sequence[datetime]] = None) -> List[Partition]:
        """Return the registered partitions of `hours`, or all, oldest first."""
        if hours is None:
            return self.since("")
        parts: List[Partition] = []
        for start in range(0, len(hours), GET_BATCH):
            keys = [{"Values": list(date_hour(hour))} for hour in hours[start : start + GET_BATCH]]
            parts += self._lookup("batch_get_partition", PartitionsToGet=keys)
        return sorted(parts)

    def since(self, date: str) -> List[Partition]:
        """Return the registered partitions from a date on, oldest first; empty for all."""
        expression = {"Expression": f"date >= '{date}'"} if date else {}
        return sorted(self._lookup("get_partitions", ExcludeColumnSchema=True, **expression))

    def _lookup(self, method: str, **arguments: Any) -> List[Partition]:  # noqa: ANN401 - boto3's
        """Read the partitions from all pages of a response; none if the table does not exist."""
        arguments.update(DatabaseName=self._database, TableName=TABLE)
        try:
            responses = list(pages(self._glue(), method, self._resource, **arguments))
        except AwsError as error:
            if error.code == _MISSING:
                return []
            raise
        return [_partition(entry) for response in responses for entry in response["Partitions"]]

    def _input(self, part: Partition) -> Dict[str, Any]:
        storage = table_input(self._bucket)["StorageDescriptor"]
        folder = clean_key(part.hour).rpartition("/")[0]
        return {
            "Values": list(date_hour(part.hour)),
            "StorageDescriptor": {**storage, "Location": f"s3://{self._bucket}/{folder}/"},
            "Parameters": {
                "classification": "parquet",
                _ROWS: str(part.rows),
                _BYTES: str(part.bytes),
                _DIGEST: part.digest,
            },
        }

    def _batch(self, method: str, **arguments: Any) -> None:  # noqa: ANN401 - boto3's
        """Send one request for many partitions. A partition that exists by now is not an error."""
        response = self._call(method, DatabaseName=self._database, TableName=TABLE, **arguments)
        for error in response.get("Errors", []):
            detail = error.get("ErrorDetail", {})
            if detail.get("ErrorCode") != _EXISTS:
                values = "/".join(error.get("PartitionValues", error.get("PartitionValueList", [])))
                code = str(detail.get("ErrorCode", ""))
                raise AwsError(
                    f"glue did not register the partition {values}: {code} {detail.get('ErrorMessage', '')}",
                    code,
                )

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        return call(self._glue(), method, self._resource, **arguments)

    def _glue(self) -> Any:  # noqa: ANN401 - boto3's
        return client("glue", self._region)


def table_input(bucket: str) -> Dict[str, Any]:
    """Return the declared table in Glue's form. Timestamps are INT64 milliseconds in Parquet."""
    return {
        "Name": TABLE,
        "Description": "One row per Velib' station per snapshot; times are UTC",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": _columns(PARTITION_COLUMNS),
        "StorageDescriptor": {
            **_PARQUET,
            "Columns": _columns(COLUMNS),
            "Location": f"s3://{bucket}/{source_prefix('clean')}",
        },
    }


def differences(table: Dict[str, Any], declared: Dict[str, Any]) -> List[str]:
    """Describe how a table of the catalog differs from the declared one."""
    actual, wanted = table.get("StorageDescriptor", {}), declared["StorageDescriptor"]
    pairs: List[Tuple[str, Any, Any]] = [
        ("columns", _names_and_types(actual.get("Columns", [])), _names_and_types(wanted["Columns"])),
        (
            "partition keys",
            _names_and_types(table.get("PartitionKeys", [])),
            _names_and_types(declared["PartitionKeys"]),
        ),
        ("location", actual.get("Location", "").rstrip("/"), wanted["Location"].rstrip("/")),
        ("input format", actual.get("InputFormat"), _PARQUET["InputFormat"]),
    ]
    return [f"{name}: {is_}, declared {should_be}" for name, is_, should_be in pairs if is_ != should_be]


def _columns(columns: Sequence[Column]) -> List[Dict[str, str]]:
    return [{"Name": c.name, "Type": c.type, "Comment": c.description} for c in columns]


def _names_and_types(columns: Sequence[Dict[str, str]]) -> List[Tuple[str, str]]:
    return [(column["Name"], column["Type"]) for column in columns]


def _partition(entry: Dict[str, Any]) -> Partition:
    parameters = entry.get("Parameters", {})
    date, hour = entry["Values"]
    moment = key_hour(f"date={date}/hour={hour}/")
    if moment is None:
        raise AwsError(f"glue: the table has a partition that is not an hour: {date}/{hour}. Drop it.")
    rows, size = int(parameters.get(_ROWS, 1)), int(parameters.get(_BYTES, 0))
    return Partition(moment, clean_key(moment), rows, size, parameters.get(_DIGEST, ""))


def _batches(parts: Sequence[Partition]) -> List[Sequence[Partition]]:
    return [parts[start : start + BATCH] for start in range(0, len(parts), BATCH)]
