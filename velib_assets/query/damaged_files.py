"""Finds the damaged file behind a failed query: DuckDB often does not say which file it could not decode."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog
from velib_assets.history.backfill_advice import backfill_of_local_days
from velib_assets.history.digests import period_of_key
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, hour_text, key_hour, source_prefix
from velib_assets.lake.schema import COLUMNS, HISTORY_COLUMNS, PARTITION_COLUMNS, REJECTS, STATIONS, Column
from velib_assets.query.daily_currency import local_day_of_key
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.duckdb_session import create_table, session
from velib_assets.query.engine import LakeReadError
from velib_assets.query.lake_tables import LAKE_TABLES

_OF_THE_QUERY = (
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.InterruptException,
)
_OF_VALUES = re.compile(
    r"\A(Binder|Out of Range|Not implemented|Out of Memory) Error"
    r"|Could not (convert|parse) string|Division by zero"
)
"""Errors that sound values cause too: a file without a hash is not read again because of them."""
_SCHEMAS = {table.name: table.schema for table in LAKE_TABLES}


def damaged_file_error(
    error: Exception,
    lake: Path,
    read: Collection[str],
    catalog: Catalog,
    hours: Iterable[datetime] | None,
) -> LakeReadError | None:
    """Return the error that names the damaged file; None if the query itself failed.

    Files with a hash are compared with it. The others are read one by one, as the query reads them.

    Args:
        error: what DuckDB raised.
        lake: the lake.
        read: the keys of the files that the query read.
        catalog: has the hashes of the files.
        hours: those whose files the query may have read; None for all.
    """
    if isinstance(error, _OF_THE_QUERY):
        return None
    store, others = FolderStore(lake), set(read)
    for key, problem in _compared(store, read, catalog, hours):
        if problem:
            return _named(store, key, problem)
        others.discard(key)
    if not _OF_VALUES.search(str(error)):
        for key in sorted(others, key=lambda key: (key not in str(error), key)):
            if problem := _unreadable(lake, key):
                return _named(store, key, problem)
    return None


def _compared(
    store: FolderStore, read: Collection[str], catalog: Catalog, hours: Iterable[datetime] | None
) -> Iterator[tuple[str, str]]:
    """Compare the files that have a hash with it; yield the key of each and what is wrong with it."""
    from velib_assets.catalog.clean_hashes import REPLACED, check_clean_file  # noqa: PLC0415 - only after a failure
    from velib_assets.history.history_verification import check_history_file  # noqa: PLC0415 - likewise

    for part in catalog.partitions(hours):
        if part.key in read and part.sha256:
            problem = check_clean_file(store, part).problem
            # A copy on this machine has another digest than its footer.
            yield part.key, "" if problem == REPLACED else problem
    for file in catalog.history():
        if file.key in read and file.sha256:
            yield file.key, check_history_file(store, file).problem


def _unreadable(lake: Path, key: str) -> str:
    """Return why DuckDB cannot read all of a file as its table; empty if it can, or the file is gone."""
    try:
        with session(lake) as db:
            create_table(db, [lake / key], "file", _schema_of(key))
            db.execute("SELECT bit_xor(hash(file)) FROM file").fetchall()
    except (duckdb.Error, pa.ArrowException, UnicodeDecodeError) as error:
        return " ".join(str(error).partition("LINE 1:")[0].split())[:200] if (lake / key).exists() else ""
    return ""


def _schema_of(key: str) -> Sequence[Column]:
    """Return the columns of the table that a file belongs to."""
    if key == STATIONS_KEY:
        return _SCHEMAS[STATIONS]
    if period_of_key(key):
        return HISTORY_COLUMNS
    if key.startswith(source_prefix("rejects")):
        return _SCHEMAS[REJECTS]
    daily = (kpi.schema for kpi in DAILY_KPIS if key.startswith(f"{source_prefix('kpi')}{kpi.name}/"))
    return next(daily, (*COLUMNS, *PARTITION_COLUMNS))


def _named(store: FolderStore, key: str, problem: str) -> LakeReadError:
    hour, period = key_hour(key), period_of_key(key)
    if period:
        repair = "run velib verify, which marks it and says what builds it again"
    elif day := local_day_of_key(key):
        repair = f"compute that day again: {backfill_of_local_days(store, [day])}"
    elif key == STATIONS_KEY or hour is None:
        repair = "it is built again when an hour is cleaned: velib tick"
    else:
        repair = f"rebuild that hour: velib backfill {hour_text(hour)} {hour_text(hour)}"
    return LakeReadError(f"{store.address(key)} is damaged: {problem}; {repair}")
