"""Finds the damaged file behind a failed query: DuckDB often does not say which file it could not decode."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

import duckdb

from velib_assets.catalog.catalog import Catalog
from velib_assets.history.digests import period_of_key
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, hour_text, key_hour, source_prefix
from velib_assets.lake.network import KEY
from velib_assets.query.engine import LakeReadError

_OF_THE_QUERY = (
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.InterruptException,
)
_DAMAGE = re.compile(r"parquet|thrift|TProtocol|decompress|corrupt|zstd|deserial", re.IGNORECASE)


def damaged_file_error(
    error: Exception,
    lake: Path,
    read: Collection[str],
    catalog: Catalog,
    hours: Iterable[datetime] | None,
) -> LakeReadError | None:
    """Return the error that names the damaged file; None if the query itself failed.

    Args:
        error: what DuckDB raised.
        lake: the lake.
        read: the keys of the files that the query read.
        catalog: has the hashes of the files.
        hours: those whose files the query may have read; None for all.
    """
    if isinstance(error, _OF_THE_QUERY):
        return None
    from velib_assets.catalog.clean_hashes import REPLACED, check_clean_file  # noqa: PLC0415 - only after a failure
    from velib_assets.history.history_verification import check_history_file  # noqa: PLC0415 - likewise

    store, looks_damaged = FolderStore(lake), bool(_DAMAGE.search(str(error)))
    for part in catalog.partitions(hours):
        if part.key not in read or not (part.sha256 or looks_damaged):
            continue
        problem = check_clean_file(store, part).problem
        if problem not in ("", REPLACED):  # a copy on this machine has another digest than its footer
            return _named(store.address(part.key), part.key, problem)
    for file in catalog.history():
        if file.key in read and (problem := check_history_file(store, file).problem):
            return _named(store.address(file.key), file.key, problem)
    named = next((key for key in read if key in str(error)), "")
    if named and looks_damaged:
        return _named(store.address(named), named, str(error).splitlines()[0])
    return None


def _named(address: str, key: str, problem: str) -> LakeReadError:
    hour, period = key_hour(key), period_of_key(key)
    if period:
        repair = f"velib verify marks it, then {KEY}_healing builds it again"
    elif key.startswith(source_prefix("kpi")):
        repair = f"the next run of {KEY}_daily computes that day again"
    elif key == STATIONS_KEY or hour is None:
        repair = "it is built again when an hour is cleaned: velib tick"
    else:
        repair = f"rebuild that hour: velib backfill {hour_text(hour)} {hour_text(hour)}"
    return LakeReadError(f"{address} is damaged: {problem}; {repair}")
