"""The history files in the local catalog: two tables of its SQLite file, created when they are first needed.

Programs of an older version ignore these tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from velib_assets.catalog.catalog import HistoryFile

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
_SELECT = "SELECT * FROM {} WHERE period BETWEEN ? AND ?"
_MONTH = len("2022-06")
_AFTER_ALL = "~"  # follows every digit and hyphen

Opened = Callable[[], AbstractContextManager[sqlite3.Connection]]


class LocalHistory:
    """The history files of a local catalog.

    Args:
        reading: opens the catalog to read it; the file exists.
        writing: opens the catalog for a transaction.
    """

    def __init__(self, reading: Opened, writing: Opened) -> None:
        self._reading, self._writing = reading, writing

    def register(self, files: Iterable[HistoryFile]) -> int:
        """See Catalog.register_history."""
        with self._writing() as db:
            _create_tables(db)
            return sum(db.execute(_UPSERT.format(_table(file.period)), file).rowcount for file in files)

    def unregister(self, periods: Iterable[str]) -> int:
        """See Catalog.unregister_history."""
        with self._writing() as db:
            _create_tables(db)
            return sum(db.execute(_DELETE.format(_table(p)), (p,)).rowcount for p in periods)

    def files(self, first: str, last: str) -> list[HistoryFile]:
        """See Catalog.history."""
        with self._reading() as db:
            if not _has_tables(db):
                return []
            days = db.execute(_SELECT.format(_TABLES[0]), (first, last + _AFTER_ALL)).fetchall()
            months = (first[:_MONTH], last[:_MONTH] + _AFTER_ALL)
            return sorted(
                HistoryFile(*row) for row in (*days, *db.execute(_SELECT.format(_TABLES[1]), months))
            )


def _has_tables(db: sqlite3.Connection) -> bool:
    names = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN (?, ?)", _TABLES).fetchone()
    return bool(names[0] == len(_TABLES))


def _create_tables(db: sqlite3.Connection) -> None:
    for table in _TABLES:
        db.execute(_SCHEMA.format(table))


def _table(period: str) -> str:
    return _TABLES[len(period) == _MONTH]
