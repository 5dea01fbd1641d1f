"""Delete runs from Dagster's storage, on SQLite and on PostgreSQL.

`instance.delete_run` also deletes what marks partitions as materialized, and leaves check results, the run's
SQLite file and its logs behind. So the rows are deleted here, from the tables as the database describes them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import dagster as dg
from sqlalchemy import Connection, MetaData, Select, Table, and_, delete, func, select
from sqlalchemy.exc import NoSuchTableError

_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
_BUSY_SECONDS = 30
Connect = Callable[[], AbstractContextManager[Connection]]


class UnknownStorageError(Exception):
    """Dagster's storage lacks an expected table, column or method."""


class RunHistory:
    """The tables and files in which an instance keeps its runs."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        """Find the tables and the columns that are used.

        Raises:
            UnknownStorageError: The storage is not as expected.
        """
        self._instance = instance
        try:
            self._to_events: Connect = instance.event_log_storage.index_connection  # type: ignore[attr-defined]
            self._to_runs: Connect = instance.run_storage.connect  # type: ignore[attr-defined]
            log, tags, checks = _tables(
                self._to_events, "event_logs", "asset_event_tags", "asset_check_executions"
            )
            self._run_ids = [table.c["run_id"] for table in _tables(self._to_runs, "run_tags", "runs")]
            self._event_id, self._event_run, self._tag_event = (
                log.c["id"],
                log.c["run_id"],
                tags.c["event_id"],
            )
            self._check_id, self._check_run = checks.c["id"], checks.c["run_id"]
            written = log.c["dagster_event_type"] == _MATERIALIZED
            self._newest_events = _newest(log, "asset_key", "partition").where(written)
            self._newest_checks = _newest(checks, "asset_key", "check_name")
        except (AttributeError, KeyError, NoSuchTableError) as difference:
            raise UnknownStorageError(f"{type(difference).__name__}: {difference}") from None

    def forget(self, run_ids: Sequence[str]) -> None:
        """Delete runs, except each partition's newest materialization and each check's newest result.

        The runs themselves are deleted last, so an interrupted call can be repeated.
        """
        for run_id in run_ids:
            self._instance.compute_log_manager.delete_logs(prefix=[run_id])
            for file in self._files(run_id):
                file.unlink(missing_ok=True)
        events = and_(self._event_run.in_(run_ids), self._event_id.not_in(self._newest_events))
        checks = and_(self._check_run.in_(run_ids), self._check_id.not_in(self._newest_checks))
        with self._to_events() as connection:
            ids = select(self._event_id).where(events)
            connection.execute(delete(self._tag_event.table).where(self._tag_event.in_(ids)))
            connection.execute(delete(self._event_id.table).where(events))
            connection.execute(delete(self._check_id.table).where(checks))
        with self._to_runs() as connection:
            for column in self._run_ids:
                connection.execute(delete(column.table).where(column.in_(run_ids)))

    def _files(self, run_id: str) -> Iterator[Path]:
        """Yield the SQLite files of a run's events, the main file last. On PostgreSQL there are none."""
        events = self._instance.event_log_storage
        if hasattr(events, "path_for_shard"):
            path = events.path_for_shard(run_id)
            yield from (Path(path + ending) for ending in ("-wal", "-shm", ""))


def _tables(connect: Connect, *names: str) -> list[Table]:
    with connect() as connection:
        return [Table(name, MetaData(), autoload_with=connection) for name in names]


def _newest(table: Table, *columns: str) -> Select[tuple[int]]:
    """Select the largest id per group of `columns`."""
    return select(func.max(table.c["id"])).group_by(*(table.c[column] for column in columns))


def compact(instance: dg.DagsterInstance) -> None:
    """Shrink SQLite files that are mostly empty. PostgreSQL does so itself."""
    for path in Path(instance.root_directory).glob("**/*.db"):
        if path.stem in ("index", "runs", "schedules"):
            with suppress(sqlite3.OperationalError):  # in use; the free pages are used again meanwhile
                _vacuum(path)


def _vacuum(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        pages, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        if 2 * free > pages:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # other processes have the file open
