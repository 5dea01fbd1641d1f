"""The history files in the local catalog: two tables of its SQLite file, created when they are first needed.

Programs of an older version ignore these tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from velib_assets.catalog import restoration
from velib_assets.catalog.catalog import CatalogError, HistoryFile
from velib_assets.lake.text import counted

_TABLES = ("history_days", "history_months")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS {} (
    period TEXT PRIMARY KEY, key TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    digest TEXT NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID
"""
_UPSERT = """
INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (period) DO UPDATE
SET key = excluded.key, rows = excluded.rows, bytes = excluded.bytes, digest = excluded.digest,
    sha256 = excluded.sha256
WHERE (key, rows, bytes, digest, sha256)
    IS NOT (excluded.key, excluded.rows, excluded.bytes, excluded.digest, excluded.sha256)
"""
_DELETE = "DELETE FROM {} WHERE period = ?"
_MONTH = len("2022-06")

Reading = Callable[[], AbstractContextManager["sqlite3.Connection | None"]]
Writing = Callable[[], AbstractContextManager[sqlite3.Connection]]


class LocalHistory:
    """The history files of a local catalog.

    If the tables do not exist, they are filled with the files that the lake has.

    Args:
        reading: opens the catalog to read it; None if there is no catalog.
        writing: opens the catalog for a transaction.
        lake: the lake whose files are read; None for none.
    """

    def __init__(self, reading: Reading, writing: Writing, lake: Path | None) -> None:
        self._reading, self._writing, self._lake = reading, writing, lake

    def register(self, files: Iterable[HistoryFile]) -> int:
        """See Catalog.register_history."""
        with self._writing_restored() as db:
            return sum(db.execute(_UPSERT.format(_table(file.period)), file).rowcount for file in files)

    def unregister(self, periods: Iterable[str]) -> int:
        """See Catalog.unregister_history."""
        with self._writing_restored() as db:
            return sum(db.execute(_DELETE.format(_table(p)), (p,)).rowcount for p in periods)

    def files(self, first: str, last: str) -> list[HistoryFile]:
        """See Catalog.history. In a lake that cannot be written, the files of the lake are read."""
        found = self._read(first, last)
        if found is not None:
            return found
        restored = self._restore(restoration.say)
        with suppress(OSError, CatalogError):
            if restored:
                self._create(restored)
        return self._read(first, last) or [file for file in restored if _overlaps(file, first, last)]

    def _read(self, first: str, last: str) -> list[HistoryFile] | None:
        with self._reading() as db:
            if db is None or not _has_tables(db):
                return None
            rows = [row for table in _TABLES for row in db.execute(f"SELECT * FROM {table}")]  # noqa: S608
        return sorted(file for row in rows if _overlaps(file := HistoryFile(*row), first, last))

    def _restore(self, say: Callable[[str], None]) -> list[HistoryFile]:
        """Read the files of the lake, and say so."""
        found = restoration.read_history_files(self._lake) if self._lake else None
        if found is None or not any(found):
            return []
        files = counted(len(found.files), "history file was", "history files were")
        say(f"{self._lake}: the catalog has no history; {files} registered from the lake")
        for message in found.damaged:
            say(f"not registered: {message}")
        return found.files

    def _create(self, restored: Sequence[HistoryFile]) -> None:
        """Create the tables, unless another process has done so since the files were read."""
        with self._writing() as db:
            if not _has_tables(db):
                for table in _TABLES:
                    db.execute(_SCHEMA.format(table))
                for file in restored:
                    db.execute(_UPSERT.format(_table(file.period)), file)

    @contextmanager
    def _writing_restored(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            missing = db is None or not _has_tables(db)
        if missing:
            self._create(self._restore(lambda _: None))  # the first files of a lake are no loss
        with self._writing() as db:
            yield db


def _overlaps(file: HistoryFile, first: str, last: str) -> bool:
    """Return whether a file has days from `first` to `last`, each a day, a month, or empty for any."""
    width = len(file.period)
    return first[:width] <= file.period and (not last or file.period[: len(last)] <= last[:width])


def _has_tables(db: sqlite3.Connection) -> bool:
    names = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN (?, ?)", _TABLES).fetchone()
    return bool(names[0] == len(_TABLES))


def _table(period: str) -> str:
    return _TABLES[len(period) == _MONTH]
