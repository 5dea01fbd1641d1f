"""Helps a lake without a usable catalog: recognises damage, keeps the file aside, reads all clean files."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Collection, Iterator, List, NamedTuple, Union

from velib_assets.catalog.catalog import HistoryFile, Partition
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, key_hour, source_prefix
from velib_assets.lake.listing import utc_now

_THREADS = 8
_UNFIT = ("no such table", "no such column")
_JOURNALS = ("", "-journal", "-wal", "-shm")


class CleanFiles(NamedTuple):
    """The partitions of a lake's clean files, oldest first, and why each of the other files is none."""

    partitions: List[Partition]
    damaged: List[str]


class HistoryFiles(NamedTuple):
    """The history files of a lake, in order of their periods, and why each of the others is none."""

    files: List[HistoryFile]
    damaged: List[str]


def damage_of(path: Path, version: int, seconds: float) -> str:
    """Return why a SQLite file is no usable catalog; empty if it is, or if only a lock or a right is missing.

    A file of another version is not damaged, and neither is one without tables: another process may just
    create them.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"  # creates no file
        with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] == version:
                problem = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
                for columns in (
                    "hour, key, rows, bytes, digest FROM partitions",
                    "name, definition FROM views",
                ):
                    db.execute(f"SELECT {columns} LIMIT 1")
                return "" if problem == "ok" else problem
    except sqlite3.OperationalError as error:
        return str(error) if str(error).startswith(_UNFIT) else ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""


def is_new(path: Path) -> bool:
    """Return whether a catalog file does not exist or has no tables yet."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            return not version and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error:
        return not path.exists()


def keep_aside(path: Path) -> Path:
    """Rename a damaged catalog file, with its journal, and return its new name.

    Raises:
        OSError: if it cannot be renamed.
    """
    kept = path.with_name(f"{path.name}.damaged-{utc_now():%Y%m%dT%H%M%SZ}")
    for ending in _JOURNALS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(kept.with_name(kept.name + ending))
    return kept


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from restoring the catalog of the same lake."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def say(message: str) -> None:
    """Write a line on standard error, also in processes of Dagster."""
    sys.stderr.write(f"velib: {message}\n")


def read_history_files(lake: Path) -> HistoryFiles:
    """Read the facts of all history files of a lake from their footers."""
    store = FolderStore(lake)
    if not store.folders(source_prefix("history")):
        return HistoryFiles([], [])
    from velib_assets.catalog.history_facts import history_files  # noqa: PLC0415 - imports pyarrow

    return HistoryFiles(*history_files(store))


def read_clean_files(lake: Path, excluded: Collection[datetime] = ()) -> CleanFiles:
    """Read the partitions of all clean files, several at a time, except those of the excluded hours."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and seldom needed here

    from velib_assets.catalog.registration import NotCleanError, partition_of  # noqa: PLC0415 - likewise

    store = FolderStore(lake)
    keys = [item.key for item in store.walk(source_prefix("clean"))]
    hours = [hour for key in keys if (hour := key_hour(key)) and key == clean_key(hour)]

    def read(hour: datetime) -> Union[Partition, str]:
        try:
            return partition_of(store, hour)
        except (OSError, pa.ArrowException, NotCleanError) as error:
            return str(error)

    with ThreadPoolExecutor(_THREADS, "catalog") as pool:
        found = list(pool.map(read, sorted(set(hours) - set(excluded))))
    return CleanFiles(
        [part for part in found if isinstance(part, Partition)],
        [part for part in found if isinstance(part, str)],
    )
