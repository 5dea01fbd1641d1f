"""Verifies the files of the history: compares each with its hash in the catalog, and finds missing ones."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from typing import Iterator, NamedTuple, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import DAMAGED, Catalog, CatalogError, HistoryFile
from velib_assets.catalog.clean_hashes import MISSING, cannot_be_decoded, read_or_problem
from velib_assets.catalog.verification import Damage
from velib_assets.history.backfill_advice import backfill_command
from velib_assets.history.digests import is_month, period_of_key
from velib_assets.history.history_file import read_history_footer
from velib_assets.lake.keys import parse_day, source_prefix
from velib_assets.lake.months import days_of_month, parse_month
from velib_assets.lake.network import KEY
from velib_assets.lake.store import LakeStore

_DIFFERENT = "its bytes are not those that were registered (another SHA-256)"


class HistoryCheck(NamedTuple):
    """What verifying a history file found: the problem, or the file's hash if there is none."""

    problem: str
    sha256: str = ""


def check_history_file(store: LakeStore, file: HistoryFile) -> HistoryCheck:
    """Compare a registered history file with its hash; without a hash, decode all of it.

    Raises:
        OSError: a request to S3 failed, which says nothing about the file.
    """
    data, problem = read_or_problem(store, file.key)
    if problem:
        return HistoryCheck(problem)
    sha256 = hashlib.sha256(data).hexdigest()
    if file.sha256 == sha256:
        return HistoryCheck("", sha256)
    if file.sha256:  # also DAMAGED: only building it again replaces that
        return HistoryCheck(_DIFFERENT)
    problem = _undecodable(data, file)
    return HistoryCheck(problem, "" if problem else sha256)


def verify_history(store: LakeStore, catalog: Catalog, files: Sequence[HistoryFile]) -> Iterator[Damage]:
    """Verify registered history files, and yield the damage; the catalog gets what was found.

    A damaged file is marked in the catalog, so that healing and the next run of its day build it again. A
    sound file without a hash gets one.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    for file in files:
        check = check_history_file(store, file)
        if check.problem and file not in catalog.history(file.period, file.period):
            continue  # built again since the catalog was read
        sha256 = check.sha256 or DAMAGED
        if sha256 != file.sha256 and check.problem != MISSING:
            _record_hash(catalog, file, sha256)
        if check.problem:
            yield Damage("history", store.address(file.key), check.problem, _repair_of(store, file, files))


def _record_hash(catalog: Catalog, file: HistoryFile, sha256: str) -> None:
    """Record the hash of a file, unless it was registered again since it was read."""
    with suppress(OSError, CatalogError):  # a lake that cannot be written can be verified
        if file in catalog.history(file.period, file.period):
            catalog.register_history([file._replace(sha256=sha256)])


def unregistered_history(store: LakeStore, catalog: Catalog, first: str, last: str) -> Iterator[Damage]:
    """Yield the history files of the days from `first` to `last` that the catalog does not have.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    files = catalog.history(first, last)
    known = {file.key for file in files}
    for item in store.walk(source_prefix("history")):
        period = period_of_key(item.key)
        if period and item.key not in known and first[: len(period)] <= period <= last[: len(period)]:
            unknown = HistoryFile(period, item.key, 0, item.size, "")
            text = "the file is not registered"
            yield Damage("catalog", store.address(item.key), text, _repair_of(store, unknown, files))


def _undecodable(data: bytes, file: HistoryFile) -> str:
    """Return why bytes are not the whole history file; empty if they may be."""
    footer = read_history_footer(io.BytesIO(data))
    try:
        rows = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        rows.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        return cannot_be_decoded(error)
    if footer is None:
        return "it has no footer of a history file"
    if (footer.digest, rows.num_rows) != (file.digest, file.rows):
        return "it is another file than the registered one"
    return ""


def _repair_of(store: LakeStore, file: HistoryFile, files: Sequence[HistoryFile]) -> str:
    """Return the command that builds a day again, or the newest day of a month, and with it the month."""
    days = [other.period for other in files if other.period.startswith(file.period) and not is_month(other)]
    if not days and is_month(file):
        month = days_of_month(parse_month(file.period))
        command = backfill_command(store, month[0], month[-1])
    else:
        day = parse_day(max(days, default=file.period))
        command = backfill_command(store, day, day)
    return f"Run `{command}`; the sensor {KEY}_healing builds it again too"
