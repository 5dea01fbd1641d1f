"""The catalog on AWS: the declared tables in the Glue Data Catalog, and the partitions of `source_velib`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, List, Optional, Sequence, TypeVar

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.declared_tables import (
    OTHER_TABLES,
    SOURCE_VELIB,
    DeclaredTable,
    differences,
    table_input,
)
from velib_assets.catalog.glue_batches import ROUNDS, failed_with, read_in_full
from velib_assets.lake.keys import clean_key, date_hour, hour_text, key_hour
from velib_assets.lake.listing import utc_now
from velib_assets.lake.schema import TABLE

_WRITE_BATCH, _READ_BATCH = 100, 1000  # the most partitions that Glue accepts in a request
_RECENT = (timedelta(days=2), timedelta(days=60))  # searched for the newest partitions before all of them
_ROWS, _BYTES, _DIGEST, _COMPLETED = "velib.rows", "velib.bytes", "velib.digest", "velib.completed"
_SHA256 = "velib.sha256"
_MISSING, _EXISTS = "EntityNotFoundException", "AlreadyExistsException"
_Item = TypeVar("_Item")


class GlueTable:
    """The catalog on AWS: the tables of a database and a bucket, and the partitions of `source_velib`.

    The constructor sends no request.
    """

    def __init__(self, database: str, bucket: str, region: str = "") -> None:
        self._database, self._bucket, self._region = database, bucket, region or None

    def prepare(self, hours: Iterable[datetime] = ()) -> None:
        """See Catalog. Glue keeps the table; this sends no request."""

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog. Creates or corrects the table first, then writes in batches.

        If a batch fails, the earlier ones stay registered; registering again completes them.

        Raises:
            AwsError: if a request fails.
        """
        wanted = {part.hour: part for part in partitions}
        self._declare(SOURCE_VELIB)
        known = {part.hour: part for part in self.partitions(wanted)}
        new = [part for hour, part in wanted.items() if hour not in known]
        changed = [part for hour, part in wanted.items() if hour in known and known[hour] != part]
        count = len(new) + len(changed)
        for _ in range(ROUNDS):  # another writer may create or delete partitions in between
            changed += self._create(new)
            new, changed = self._update(changed), []
            if not new:
                return count
        hours = ", ".join(hour_text(part.hour) for part in new)
        raise AwsError(f"glue did not register {hours}: another process creates and deletes them. Retry.")

    def unregister(self, hours: Iterable[datetime]) -> int:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        known = self.partitions(hours)
        for part in known:
            values = list(date_hour(part.hour))
            try:
                self._call("delete_partition", TABLE, TableName=TABLE, PartitionValues=values)
            except AwsError as error:
                if error.code != _MISSING:  # another process removed it
                    raise
        return len(known)

    def partitions(self, hours: Optional[Iterable[datetime]] = None) -> List[Partition]:
        """See Catalog."""
        if hours is None:
            return self._listed()
        parts: List[Partition] = []
        for batch in _batches(sorted(set(hours)), _READ_BATCH):
            parts += self._read_batch(batch)
        return sorted(parts)

    def newest_hours(self, count: int) -> List[datetime]:
        """See Catalog."""
        hours: List[datetime] = []
        recent = [f"date >= '{utc_now() - period:%Y-%m-%d}'" for period in _RECENT]
        for expression in (*recent, ""):
            hours = [part.hour for part in self._listed(expression) if part.rows]
            if len(hours) >= count:
                break
        return hours[::-1][:count]

    def declare_tables(self) -> None:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        for table in OTHER_TABLES:
            self._declare(table)

    def _declare(self, table: DeclaredTable) -> None:
        """Create a table, or correct it if it differs."""
        declared, method = table_input(table, self._bucket), "update_table"
        try:
            if not differences(self._call("get_table", table.name, Name=table.name)["Table"], declared):
                return
        except AwsError as error:
            if error.code != _MISSING or "Database" in str(error):
                raise
            method = "create_table"
        try:
            self._call(method, table.name, TableInput=declared)
        except AwsError as error:
            if error.code != _EXISTS:  # another writer created it
                raise

    def _listed(self, expression: str = "") -> List[Partition]:
        """Return the registered partitions that match an expression, oldest first; empty for all."""
        chosen = {"Expression": expression} if expression else {}
        responses = self._pages("get_partitions", ExcludeColumnSchema=True, **chosen)
        return sorted(_partition(entry) for page in responses for entry in page["Partitions"])

    def _read_batch(self, hours: Sequence[datetime]) -> List[Partition]:
        """Read the partitions of some hours; those that Glue leaves are looked up in a listing."""

        def request(keys: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
            return self._pages("batch_get_partition", PartitionsToGet=keys)

        entries, left = read_in_full(request, [date_hour(hour) for hour in hours])
        parts = [_partition(entry) for entry in entries]
        if left:
            listed = self._listed(f"date >= '{min(left)[0]}' AND date <= '{max(left)[0]}'")
            parts += [part for part in listed if date_hour(part.hour) in left]
        return parts

    def _pages(self, method: str, **arguments: Any) -> List[Dict[str, Any]]:  # noqa: ANN401 - boto3's
        """Return all pages of a response about partitions; none if the table does not exist."""
        arguments.update(DatabaseName=self._database, TableName=TABLE)
        try:
            return list(pages(client("glue", self._region), method, self._resource(TABLE), **arguments))
        except AwsError as error:
            if error.code == _MISSING:
                return []
            raise

    def _create(self, parts: Sequence[Partition]) -> List[Partition]:
        """Create partitions, and return those that exist by now: they may have another digest."""
        exist: List[Partition] = []
        for batch in _batches(parts, _WRITE_BATCH):
            inputs = [self._input(part) for part in batch]
            response = self._write("batch_create_partition", PartitionInputList=inputs)
            failed = failed_with(_EXISTS, response)
            exist += [part for part in batch if date_hour(part.hour) in failed]
        return exist

    def _update(self, parts: Sequence[Partition]) -> List[Partition]:
        """Update partitions, and return those that do not exist any more."""
        missing: List[Partition] = []
        for batch in _batches(parts, _WRITE_BATCH):
            entries = [
                {"PartitionValueList": list(date_hour(part.hour)), "PartitionInput": self._input(part)}
                for part in batch
            ]
            failed = failed_with(_MISSING, self._write("batch_update_partition", Entries=entries))
            missing += [part for part in batch if date_hour(part.hour) in failed]
        return missing

    def _input(self, part: Partition) -> Dict[str, Any]:
        storage = table_input(SOURCE_VELIB, self._bucket)["StorageDescriptor"]
        folder = clean_key(part.hour).rpartition("/")[0]
        return {
            "Values": list(date_hour(part.hour)),
            "StorageDescriptor": {**storage, "Location": f"s3://{self._bucket}/{folder}/"},
            "Parameters": {
                "classification": "parquet",
                _ROWS: str(part.rows),
                _BYTES: str(part.bytes),
                _DIGEST: part.digest,
                **({_COMPLETED: "true"} if part.completed else {}),
                **({_SHA256: part.sha256} if part.sha256 else {}),
            },
        }

    def _write(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        return self._call(method, TABLE, TableName=TABLE, **arguments)

    def _call(self, method: str, table: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        arguments.update(DatabaseName=self._database)
        return call(client("glue", self._region), method, self._resource(table), **arguments)

    def _resource(self, table: str) -> str:
        return f"the table {self._database}.{table}"


def _partition(entry: Dict[str, Any]) -> Partition:
    parameters = entry.get("Parameters", {})
    date, hour = entry["Values"]
    moment = key_hour(f"date={date}/hour={hour}/")
    if moment is None:
        raise AwsError(f"glue: the table has a partition that is not an hour: {date}/{hour}. Drop it.")
    rows, size = int(parameters.get(_ROWS, 1)), int(parameters.get(_BYTES, 0))
    completed, sha256 = parameters.get(_COMPLETED) == "true", parameters.get(_SHA256, "")
    return Partition(moment, clean_key(moment), rows, size, parameters.get(_DIGEST, ""), completed, sha256)


def _batches(items: Sequence[_Item], size: int) -> List[Sequence[_Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
