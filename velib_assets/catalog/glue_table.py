"""The catalog on AWS: the declared tables in the Glue Data Catalog, and the partitions of `source_velib`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, Iterable, List, Optional, Sequence, TypeVar

from velib_assets.aws.api import AwsError
from velib_assets.catalog.catalog import HistoryFile, Partition
from velib_assets.catalog.declared_tables import (
    DAILY_TABLES,
    OTHER_TABLES,
    SOURCE_VELIB,
    VELIB_HISTORY,
    table_input,
)
from velib_assets.catalog.glue_batches import ROUNDS, failed_with, read_in_full
from velib_assets.catalog.glue_calls import EXISTS, MISSING, GlueCalls
from velib_assets.catalog.glue_history import GlueHistory
from velib_assets.lake.keys import clean_key, date_hour, hour_text, key_hour
from velib_assets.lake.listing import utc_now
from velib_assets.lake.schema import TABLE

_WRITE_BATCH, _READ_BATCH = 100, 1000  # the most partitions that Glue accepts in a request
_RECENT = (timedelta(days=2), timedelta(days=60))  # searched for the newest partitions before all of them
_ROWS, _BYTES, _DIGEST, _COMPLETED = "velib.rows", "velib.bytes", "velib.digest", "velib.completed"
_SHA256 = "velib.sha256"
_Item = TypeVar("_Item")


class GlueTable:
    """The catalog on AWS: the tables of a database and a bucket, and the partitions of `source_velib`.

    The constructor sends no request.
    """

    def __init__(self, database: str, bucket: str, region: str = "") -> None:
        self.database, self._bucket = database, bucket
        self._glue = GlueCalls(database, bucket, region)
        self._history = GlueHistory(self._glue)

    def prepare(self, hours: Iterable[datetime] = ()) -> None:
        """See Catalog. Glue keeps the table; this sends no request."""

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog. Creates or corrects the table first, then writes in batches.

        If a batch fails, the earlier ones stay registered; registering again completes them.

        Raises:
            AwsError: if a request fails.
        """
        wanted = {part.hour: part for part in partitions}
        self._glue.declare(SOURCE_VELIB)
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
                self._glue.call("delete_partition", TABLE, TableName=TABLE, PartitionValues=values)
            except AwsError as error:
                if error.code != MISSING:  # another process removed it
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

    def register_history(self, files: Iterable[HistoryFile]) -> int:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        return self._history.register(files)

    def unregister_history(self, periods: Iterable[str]) -> int:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        return self._history.unregister(periods)

    def history(self, first: str = "", last: str = "") -> List[HistoryFile]:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        return self._history.files(first, last)

    def declare_tables(self) -> None:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        for table in (*OTHER_TABLES, VELIB_HISTORY):
            self._glue.declare(table)

    def declare_daily_tables(self) -> None:
        """See Catalog.

        Raises:
            AwsError: if a request fails.
        """
        for table in DAILY_TABLES:
            self._glue.declare(table)

    def _listed(self, expression: str = "") -> List[Partition]:
        """Return the registered partitions that match an expression, oldest first; empty for all."""
        chosen = {"Expression": expression} if expression else {}
        responses = self._glue.pages("get_partitions", TABLE, ExcludeColumnSchema=True, **chosen)
        return sorted(_partition(entry) for page in responses for entry in page["Partitions"])

    def _read_batch(self, hours: Sequence[datetime]) -> List[Partition]:
        """Read the partitions of some hours; those that Glue leaves are looked up in a listing."""

        def request(keys: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
            return self._glue.pages("batch_get_partition", TABLE, PartitionsToGet=keys)

        entries, left = read_in_full(request, [date_hour(hour) for hour in hours])
        parts = [_partition(entry) for entry in entries]
        if left:
            listed = self._listed(f"date >= '{min(left)[0]}' AND date <= '{max(left)[0]}'")
            parts += [part for part in listed if date_hour(part.hour) in left]
        return parts

    def _create(self, parts: Sequence[Partition]) -> List[Partition]:
        """Create partitions, and return those that exist by now: they may have another digest."""
        exist: List[Partition] = []
        for batch in _batches(parts, _WRITE_BATCH):
            inputs = [self._input(part) for part in batch]
            response = self._write("batch_create_partition", PartitionInputList=inputs)
            failed = failed_with(EXISTS, response)
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
            failed = failed_with(MISSING, self._write("batch_update_partition", Entries=entries))
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
        return self._glue.call(method, TABLE, TableName=TABLE, **arguments)


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
