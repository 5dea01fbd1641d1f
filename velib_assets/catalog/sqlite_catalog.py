"""The local catalog: one SQLite file in the lake."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from velib_assets.catalog import restoration
from velib_assets.catalog.catalog import CatalogError, HistoryFile, Partition
from velib_assets.catalog.sqlite_history import LocalHistory
from velib_assets.lake.disk_errors import explained, sqlite_message
from velib_assets.lake.keys import clean_key, hour_text, parse_hour
from velib_assets.lake.text import counted

FILE_NAME = "catalog.sqlite"
BUSY_SECONDS = 30.0
_MOST_NAMED = 2
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE partitions (
    hour TEXT PRIMARY KEY, key TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    digest TEXT NOT NULL, completed INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE views (name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_UPSERT = """
INSERT INTO partitions VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE
SET key = excluded.key, rows = excluded.rows, bytes = excluded.bytes, digest = excluded.digest,
    completed = excluded.completed, sha256 = excluded.sha256
WHERE (key, rows, bytes, digest, completed, sha256)
    IS NOT (excluded.key, excluded.rows, excluded.bytes, excluded.digest, excluded.completed, excluded.sha256)
"""
_ADDED = {"completed": "INTEGER NOT NULL DEFAULT 0", "sha256": "TEXT NOT NULL DEFAULT ''"}  # in this order


class LocalCatalog:
    """A SQLite file in the lake, safe for several processes.

    If the file is missing or damaged, it is built again from the clean files, with a line on standard error.
    A damaged file is kept under another name. In a lake that cannot be written, it is built in memory.

    Writers wait for each other (`BEGIN IMMEDIATE`). The rollback journal is SQLite's default: WAL would add
    two files, does not work on network folders, and saves nothing for one short transaction.
    """

    def __init__(self, lake: Path, *, restores: bool = True) -> None:
        self.path = lake / FILE_NAME
        self._restores, self._usable = restores, 0  # the inode of a file that was found usable
        self._in_memory: sqlite3.Connection | None = None
        self._history = LocalHistory(self._reading, self._writing, lake if restores else None)

    def register(self, partitions: Iterable[Partition]) -> int:
        """See Catalog.

        Raises:
            ValueError: if a key is not the clean file of its hour.
        """
        parts = [_checked(part) for part in partitions]
        self.prepare(part.hour for part in parts)
        return self._register(parts)

    def _register(self, parts: Iterable[Partition]) -> int:
        with self._writing() as db:
            rows = [(hour_text(part.hour), *part[1:]) for part in parts]
            return sum(db.execute(_UPSERT, row).rowcount for row in rows)

    def unregister(self, hours: Iterable[datetime]) -> int:
        """See Catalog."""
        texts = [(hour_text(hour),) for hour in hours]
        self.prepare()
        with self._writing() as db:
            return sum(db.execute("DELETE FROM partitions WHERE hour = ?", text).rowcount for text in texts)

    def partitions(self, hours: Iterable[datetime] | None = None) -> list[Partition]:
        """See Catalog."""
        if hours is None:
            return [_partition(row) for row in self._read("SELECT * FROM partitions ORDER BY hour")]
        wanted = {hour_text(hour) for hour in hours}
        if not wanted:
            return []
        between = "SELECT * FROM partitions WHERE hour BETWEEN ? AND ? ORDER BY hour"
        rows = self._read(between, (min(wanted), max(wanted)))
        return [_partition(row) for row in rows if row[0] in wanted]

    def newest_hours(self, count: int) -> list[datetime]:
        """See Catalog."""
        newest = "SELECT hour FROM partitions WHERE rows > 0 ORDER BY hour DESC LIMIT ?"
        return [parse_hour(row[0]) for row in self._read(newest, (count,))]

    def register_history(self, files: Iterable[HistoryFile]) -> int:
        """See Catalog."""
        self.prepare()
        return self._history.register(files)

    def unregister_history(self, periods: Iterable[str]) -> int:
        """See Catalog."""
        self.prepare()
        return self._history.unregister(periods)

    def history(self, first: str = "", last: str = "") -> list[HistoryFile]:
        """See Catalog."""
        self.prepare()
        return self._history.files(first, last)

    def declare_tables(self) -> None:
        """See Catalog. Nothing to do: the local engine reads the files themselves."""

    def declare_daily_tables(self) -> None:
        """See Catalog. Nothing to do, as for `declare_tables`."""

    def record_view(self, name: str, definition: str) -> bool:
        """Store a view's definition. Returns whether it is new or changed."""
        if self._read("SELECT 1 FROM views WHERE (name, definition) = (?, ?)", (name, definition)):
            return False
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO views VALUES (?, ?)", (name, definition))
        return True

    def _read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.prepare()
        with self._reading() as db:
            return db.execute(sql, values).fetchall() if db and _version(db) else []

    def prepare(self, hours: Iterable[datetime] = ()) -> None:
        """See Catalog. A first run thus finds nothing to build. Every other method prepares too."""
        if not self._restores or self._in_memory:
            return
        inode = _inode(self.path)
        if inode == self._usable if inode else not (self.path.parent / "clean").is_dir():
            return
        with restoration.locked(self.path.parent):
            damage = restoration.damage_of(self.path, _VERSION, BUSY_SECONDS)
            if damage or restoration.is_new(self.path):
                self._restore(damage, set(hours))
        self._usable = _inode(self.path)

    def _restore(self, damage: str, excluded: Collection[datetime]) -> None:
        found = restoration.read_clean_files(self.path.parent, excluded)
        what = f"{self.path} does not exist"
        try:
            if damage:
                kept = restoration.keep_aside(self.path)
                what = f"{self.path} was damaged ({damage}) and is kept as {kept.name}"
            if found.partitions or excluded:  # otherwise an empty lake would get a file
                self._register(found.partitions)
        except (OSError, CatalogError) as error:
            if not damage and not found.partitions:
                return
            self._in_memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._register(found.partitions)
            what = f"{self.path} cannot be written ({error}), so this is for this process only"
        if damage or found.partitions or found.damaged:
            hours = counted(len(found.partitions), "hour was", "hours were")
            restoration.say(f"{what}: {hours} registered from the clean files of the lake")
        for message in found.damaged[:_MOST_NAMED]:
            restoration.say(f"not registered: {message}")
        if len(found.damaged) > _MOST_NAMED:
            restoration.say(f"not registered: {len(found.damaged) - _MOST_NAMED} more clean files")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Open the catalog; None if there is none, because opening would create it."""
        if not self._in_memory and not self.path.exists():
            yield None
            return
        with self._open() as db:
            yield db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            if not _version(db):
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
            for column in _missing_columns(db):  # the file is of an older version
                db.execute(f"ALTER TABLE partitions ADD COLUMN {column} {_ADDED[column]}")
            yield db
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if self._in_memory:
            yield self._in_memory
            return
        try:
            db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            with contextlib.closing(db):
                yield db
        except sqlite3.Error as error:
            self._usable = 0  # the next call checks the file
            raise CatalogError(_describe(self.path, error)) from error


def _inode(path: Path) -> int:
    """Return the number of a file on its disk; 0 if it does not exist."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _version(db: sqlite3.Connection) -> int:
    """Return the version of the file's tables; 0 for a new file."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError(f"it has version {version}; this program reads version {_VERSION}")
    return version


def _missing_columns(db: sqlite3.Connection) -> list[str]:
    present = {column[1] for column in db.execute("PRAGMA table_info(partitions)")}
    return [column for column in _ADDED if column not in present]


def _describe(path: Path, error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return f"{path} was locked by another process for over {BUSY_SECONDS:.0f} s ({error}). Try again."
    if message := sqlite_message(str(error), path):
        return f"{message} ({error})"
    return (
        f"{path} cannot be used as a catalog ({error}). Run the command again: a damaged file is built again "
        "from the clean files. If this persists, move it away"
    )


def _checked(partition: Partition) -> Partition:
    if partition.key != clean_key(partition.hour):
        raise ValueError(f"{partition.key!r} is not the clean file of {hour_text(partition.hour)}")
    return partition


def _partition(row: tuple[Any, ...]) -> Partition:
    """Return the partition of a row; rows of an older version lack the last columns."""
    hour, key, rows, size, digest, *added = row
    return Partition(parse_hour(hour), key, rows, size, digest, bool(added[:1] == [1]), *added[1:])
