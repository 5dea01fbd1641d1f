"""Reads what the catalog knows of a history file from the file itself."""

from __future__ import annotations

from typing import List, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.registration import NotCleanError
from velib_assets.history.digests import key_of_period, period_of_key
from velib_assets.history.history_file import HISTORY_SCHEMA, read_history_footer
from velib_assets.lake.keys import source_prefix
from velib_assets.lake.store import LakeStore


def history_file_of(store: LakeStore, period: str) -> HistoryFile:
    """Read the facts of a day's or a month's file from its footer, without the hash of its bytes.

    Raises:
        FileNotFoundError: if the period has no file.
        NotCleanError: if the file is damaged or has another schema than the table.
    """
    key = key_of_period(period)
    with store.open(key) as source:
        footer = read_history_footer(source)
        size = source.seek(0, 2)
        source.seek(0)
        if footer is None or not pq.read_schema(source).equals(HISTORY_SCHEMA):
            raise NotCleanError(f"{store.address(key)} is not a history file")
    return HistoryFile(period, key, footer.rows, size, footer.digest)


def history_files(store: LakeStore) -> Tuple[List[HistoryFile], List[str]]:
    """Read the facts of all history files of a lake; returns them, and why each of the others is none."""
    files: List[HistoryFile] = []
    damaged: List[str] = []
    for item in store.walk(source_prefix("history")):
        period = period_of_key(item.key)
        try:
            if period:
                files.append(history_file_of(store, period))
        except (OSError, pa.ArrowException, NotCleanError) as error:
            damaged.append(str(error))
    return sorted(files), damaged
