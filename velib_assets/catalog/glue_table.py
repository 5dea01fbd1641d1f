"""The catalog on AWS: the declared tables in the Glue Data Catalog, and the partitions of `source_velib`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, TypeVar

from velib_assets.aws.api import AwsError, call, client, pages
from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.declared_tables import (
    OTHER_TABLES,
    SOURCE_VELIB,
    DeclaredTable,
    differences,
    table_input,
)
from velib_assets.lake.keys import clean_key, date_hour, hour_text, key_hour
from velib_assets.lake.listing import utc_now
from velib_assets.lake.schema import TABLE

_WRITE_BATCH, _READ_BATCH = 100, 1000  # the most partitions that Glue accepts in a request
_ROUNDS, _PAUSE = 8, 0.2  # how often the rest of a batch is sent again; seconds, times the round
_RECENT = (timedelta(days=2), timedelta(days=60))  # searched for the newest partitions before all of them
_ROWS, _BYTES, _DIGEST, _COMPLETED = "velib.rows", "velib.bytes", "velib.digest", "velib.completed"
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
        for _ in range(_ROUNDS):  # another writer may create or delete partitions in between
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
            return self._since("")
        parts: List[Partition] = []
        for batch in _batches(sorted(set(hours)), _READ_BATCH):
            parts += self._read_batch([{"Values": list(date_hour(hour))} for hour in batch])
        return sorted(parts)

    def newest_hours(self, count: int) -> List[datetime]:
        """See Catalog."""
        hours: List[datetime] = []
        for date in (*(f"{utc_now() - period:%Y-%m-%d}" for period in _RECENT), ""):
            hours = [part.hour for part in self._since(date) if part.rows]
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

    def _since(self, date: str) -> List[Partition]:
        """Return the registered partitions from a date on, oldest first; empty for all."""
        expression = {"Expression": f"date >= '{date}'"} if date else {}
        return sorted(self._read("get_partitions", ExcludeColumnSchema=True, **expression))

    def _read(self, method: str, **arguments: Any) -> List[Partition]:  # noqa: ANN401 - boto3's
        """Read the partitions from all pages of a response; none if the table does not exist."""
        return [
            _partition(entry) for page in self._pages(method, **arguments) for entry in page["Partitions"]
        ]

    def _read_batch(self, keys: List[Dict[str, List[str]]]) -> List[Partition]:
        """Read partitions by their values. Glue may leave some of them for another request."""
        parts: List[Partition] = []
        for number in range(1, _ROUNDS + 1):
            unread: List[Dict[str, List[str]]] = []
            for page in self._pages("batch_get_partition", PartitionsToGet=keys):
                parts += [_partition(entry) for entry in page["Partitions"]]
                unread += page.get("UnprocessedKeys", [])
            if not unread:
                return parts
            keys = unread
            time.sleep(_PAUSE * number)
        raise AwsError(
            f"glue:BatchGetPartition on {self._resource(TABLE)} left {len(keys)} partitions unread "
            f"in {_ROUNDS} requests. Retry."
        )

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
            exist += self._write(batch, "batch_create_partition", _EXISTS, PartitionInputList=inputs)
        return exist

    def _update(self, parts: Sequence[Partition]) -> List[Partition]:
        """Update partitions, and return those that do not exist any more."""
        missing: List[Partition] = []
        for batch in _batches(parts, _WRITE_BATCH):
            entries = [
                {"PartitionValueList": list(date_hour(part.hour)), "PartitionInput": self._input(part)}
                for part in batch
            ]
            missing += self._write(batch, "batch_update_partition", _MISSING, Entries=entries)
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
            },
        }

    def _write(
        self,
        batch: Sequence[Partition],
        method: str,
        expected: str,
        **arguments: Any,  # noqa: ANN401 - boto3's
    ) -> List[Partition]:
        """Send one request for many partitions, and return those that failed with the expected code.

        Raises:
            AwsError: if the request fails, or a partition with another code.
        """
        failed: List[Partition] = []
        by_values: Dict[Tuple[str, ...], Partition] = {date_hour(part.hour): part for part in batch}
        for error in self._call(method, TABLE, TableName=TABLE, **arguments).get("Errors", []):
            values = tuple(error.get("PartitionValues", error.get("PartitionValueList", [])))
            detail = error.get("ErrorDetail", {})
            code = str(detail.get("ErrorCode", ""))
            if code != expected or values not in by_values:
                raise AwsError(
                    f"glue did not register the partition {'/'.join(values)}: "
                    f"{code} {detail.get('ErrorMessage', '')}",
                    code,
                )
            failed.append(by_values[values])
        return failed

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
    completed = parameters.get(_COMPLETED) == "true"
    return Partition(moment, clean_key(moment), rows, size, parameters.get(_DIGEST, ""), completed)


def _batches(items: Sequence[_Item], size: int) -> List[Sequence[_Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
