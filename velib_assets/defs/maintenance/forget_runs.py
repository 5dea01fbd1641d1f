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
_EVENT_TABLES = {
    "event_logs": {"id", "run_id", "asset_key", "partition", "dagster_event_type"},
    "asset_event_tags": {"event_id"},
    "asset_check_executions": {"id", "run_id", "asset_key", "check_name"},
}
_RUN_TABLES = {"run_tags": {"run_id"}, "runs": {"run_id"}}
Connect = Callable[[], AbstractContextManager[Connection]]


class UnknownStorageError(Exception):
    """Dagster's storage lacks an expected table, column or method."""


class RunHistory:
    """The tables and files in which an instance keeps its runs."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        """Find the tables.

        Raises:
            UnknownStorageError: The storage is not as expected.
        """
        self._instance = instance
        events, runs = instance.event_log_storage, instance.run_storage
        self._to_events: Connect = _method(events, "index_connection")
        self._to_runs: Connect = _method(runs, "connect")
        self._log, self._tags, self._checks = _tables(self._to_events, _EVENT_TABLES)
        self._run_tables = _tables(self._to_runs, _RUN_TABLES)

    def forget(self, run_ids: Sequence[str]) -> None:
        """Delete runs, except each partition's newest materialization and each check's newest result.

        The runs themselves are deleted last, so an interrupted call can be repeated.
        """
        for run_id in run_ids:
            self._instance.compute_log_manager.delete_logs(prefix=[run_id])
            for file in self._files(run_id):
                file.unlink(missing_ok=True)
        log, tags, checks = self._log, self._tags, self._checks
        newest = _newest(log, "asset_key", "partition").where(log.c.dagster_event_type == _MATERIALIZED)
        old = and_(log.c.run_id.in_(run_ids), log.c.id.not_in(newest))
        with self._to_events() as connection:
            connection.execute(delete(tags).where(tags.c.event_id.in_(select(log.c.id).where(old))))
            connection.execute(delete(log).where(old))
            shown = _newest(checks, "asset_key", "check_name")
            connection.execute(delete(checks).where(checks.c.run_id.in_(run_ids), checks.c.id.not_in(shown)))
        with self._to_runs() as connection:
            for table in self._run_tables:
                connection.execute(delete(table).where(table.c.run_id.in_(run_ids)))

    def _files(self, run_id: str) -> Iterator[Path]:
        """Yield the SQLite files of a run's events, the main file last. On PostgreSQL there are none."""
        events = self._instance.event_log_storage
        if hasattr(events, "path_for_shard"):
            path = events.path_for_shard(run_id)
            yield from (Path(path + ending) for ending in ("-wal", "-shm", ""))


def _method(storage: object, name: str) -> Connect:
    method: Connect | None = getattr(storage, name, None)
    if method is None:
        raise UnknownStorageError(f"{type(storage).__name__} has no method {name}")
    return method


def _tables(connect: Connect, expected: dict[str, set[str]]) -> list[Table]:
    with connect() as connection:
        try:
            tables = [Table(name, MetaData(), autoload_with=connection) for name in expected]
        except NoSuchTableError as error:
            raise UnknownStorageError(f"there is no table {error}") from None
    for table in tables:
        if missing := expected[table.name] - {*table.columns.keys()}:
            raise UnknownStorageError(f"the table {table.name} has no column {', '.join(sorted(missing))}")
    return tables


def _newest(table: Table, *columns: str) -> Select[tuple[int]]:
    """Select the largest id per group of `columns`."""
    return select(func.max(table.c.id)).group_by(*(table.c[column] for column in columns))


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
