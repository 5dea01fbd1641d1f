"""The history files in the Glue Data Catalog: the table `velib_history`, one partition per month.

The location of a partition is a folder, and the file of a month is one file. Therefore the partition key is
the month. Its location is the folder of the day files or, if the file of the month is registered and current,
the folder of that file. The parameters of the partition have the registered files.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from velib_assets.aws.api import AwsError
from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.declared_tables import VELIB_HISTORY, table_input
from velib_assets.catalog.glue_batches import failed_with
from velib_assets.catalog.glue_calls import EXISTS, MISSING, GlueCalls
from velib_assets.history.digests import current_files, is_month, key_of_period
from velib_assets.lake.schema import HISTORY

_ROUNDS = 8
_PREFIX = "velib.history."
_MONTH = len("2022-06")
_Files = Dict[str, HistoryFile]


class GlueHistory:
    """The history files that are registered in Glue. Every method raises AwsError if a request fails."""

    def __init__(self, glue: GlueCalls) -> None:
        self._glue = glue

    def register(self, files: Iterable[HistoryFile]) -> int:
        """See Catalog.register_history. Creates or corrects the table first."""
        wanted = _by_month(files)
        if wanted:
            self._glue.declare(VELIB_HISTORY)
        return sum(self._change(month, files, ()) for month, files in wanted.items())

    def unregister(self, periods: Iterable[str]) -> int:
        """See Catalog.unregister_history."""
        removed: Dict[str, List[str]] = {}
        for period in periods:
            removed.setdefault(period[:_MONTH], []).append(period)
        return sum(self._change(month, {}, periods) for month, periods in removed.items())

    def files(self, first: str = "", last: str = "") -> List[HistoryFile]:
        """See Catalog.history."""
        bounds = [f"month >= '{first[:_MONTH]}'"] if first else []
        bounds += [f"month <= '{last[:_MONTH]}'"] if last else []
        chosen = {"Expression": " AND ".join(bounds)} if bounds else {}
        responses = self._glue.pages("get_partitions", HISTORY, ExcludeColumnSchema=True, **chosen)
        entries = [entry for page in responses for entry in page["Partitions"]]
        files = [file for entry in entries for file in _files(entry).values()]
        return sorted(
            file
            for file in files
            if is_month(file) or (first <= file.period and (not last or file.period <= last + "~"))
        )

    def _change(self, month: str, added: _Files, removed: Sequence[str]) -> int:
        """Add and remove files of a month. Returns how many are new, changed or removed.

        Glue replaces a partition as a whole and without a condition. Therefore it is read again after it was
        written, and written again if another writer replaced it. A file that is lost all the same is not
        registered any more, and so its day counts as outdated.
        """
        changed = -1
        for _ in range(_ROUNDS):
            known = self._read(month)
            differing = [period for period, file in added.items() if (known or {}).get(period) != file]
            leaving = [period for period in removed if period in (known or {})]
            changed = max(changed, len(differing) + len(leaving))
            if not differing and not leaving:
                return changed
            files = {period: file for period, file in (known or {}).items() if period not in removed}
            self._write(month, {**files, **added}, exists=known is not None)
        raise AwsError(f"glue did not register the history of {month}: another process replaces it. Retry.")

    def _read(self, month: str) -> Optional[_Files]:
        """Return the registered files of a month; None if it has no partition."""
        try:
            response = self._glue.call("get_partition", HISTORY, TableName=HISTORY, PartitionValues=[month])
        except AwsError as error:
            if error.code == MISSING:
                return None
            raise
        return _files(response["Partition"])

    def _write(self, month: str, files: _Files, *, exists: bool) -> None:
        """Create, replace or delete the partition of a month; the caller reads it again."""
        table, values = {"TableName": HISTORY}, [month]
        try:
            if not files:
                self._glue.call("delete_partition", HISTORY, **table, PartitionValues=values)
            elif exists:
                entries = [{"PartitionValueList": values, "PartitionInput": self._input(month, files)}]
                response = self._glue.call("batch_update_partition", HISTORY, **table, Entries=entries)
                failed_with(MISSING, response)  # another writer deleted it
            else:
                inputs = [self._input(month, files)]
                response = self._glue.call(
                    "batch_create_partition", HISTORY, **table, PartitionInputList=inputs
                )
                failed_with(EXISTS, response)  # another writer created it
        except AwsError as error:
            if error.code != MISSING:  # another writer deleted it
                raise

    def _input(self, month: str, files: _Files) -> Dict[str, Any]:
        storage = table_input(VELIB_HISTORY, self._glue.bucket)["StorageDescriptor"]
        read = current_files(list(files.values())) or list(files.values())
        folder = read[0].key.rpartition("/")[0]
        parameters = {
            _PREFIX + file.period: f"{file.rows} {file.bytes} {file.digest} {file.sha256}".rstrip()
            for file in files.values()
        }
        return {
            "Values": [month],
            "StorageDescriptor": {**storage, "Location": f"s3://{self._glue.bucket}/{folder}/"},
            "Parameters": {"classification": "parquet", **parameters},
        }


def _files(entry: Dict[str, Any]) -> _Files:
    """Return the files in the parameters of a partition, by period."""
    files = {}
    for name, text in entry.get("Parameters", {}).items():
        if name.startswith(_PREFIX):
            period = name[len(_PREFIX) :]
            rows, size, digest, *sha256 = text.split(" ")
            facts = int(rows), int(size), digest, "".join(sha256)
            files[period] = HistoryFile(period, key_of_period(period), *facts)
    return files


def _by_month(files: Iterable[HistoryFile]) -> Dict[str, _Files]:
    months: Dict[str, _Files] = {}
    for file in files:
        months.setdefault(file.period[:_MONTH], {})[file.period] = file
    return months
