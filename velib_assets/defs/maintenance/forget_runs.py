"""Delete runs from Dagster's storage, on SQLite and on PostgreSQL.

`instance.delete_run` also deletes the newest materializations of partitions, and leaves check results, the
run's SQLite file and its logs. So the rows are deleted here, from the tables as the database describes them.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

import dagster as dg
from sqlalchemy import (
    BindParameter,
    Connection,
    MetaData,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.exc import NoSuchTableError

_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
_BUSY_SECONDS = 30
Connect = Callable[[], AbstractContextManager[Connection]]


class UnknownStorageError(Exception):
    """An expected table, column or method is missing from Dagster's storage."""


class RunHistory:
    """The tables and files in which an instance keeps its runs."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        """Find the tables and prepare the statements.

        Raises:
            UnknownStorageError: The storage is not as expected.
        """
        self._instance = instance
        run_ids: BindParameter[list[str]] = bindparam("run_ids", expanding=True)
        try:
            to_events: Connect = instance.event_log_storage.index_connection  # type: ignore[attr-defined]
            to_runs: Connect = instance.run_storage.connect  # type: ignore[attr-defined]
            events, tags, checks = _tables(
                to_events, "event_logs", "asset_event_tags", "asset_check_executions"
            )
            materialized = events.c["dagster_event_type"] == _MATERIALIZED
            newest_events = _newest(events, "asset_key", "partition").where(materialized)
            newest_checks = _newest(checks, "asset_key", "check_name")
            old_events = and_(events.c["run_id"].in_(run_ids), events.c["id"].not_in(newest_events))
            old_checks = and_(checks.c["run_id"].in_(run_ids), checks.c["id"].not_in(newest_checks))
            old_tags = tags.c["event_id"].in_(select(events.c["id"]).where(old_events))
            from_events = [
                delete(tags).where(old_tags),
                delete(events).where(old_events),
                delete(checks).where(old_checks),
            ]
            run_tables = _tables(to_runs, "run_tags", "runs")
            from_runs = [delete(table).where(table.c["run_id"].in_(run_ids)) for table in run_tables]
            self._deletions = [(to_events, from_events), (to_runs, from_runs)]
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
        for connect, statements in self._deletions:
            with connect() as connection:
                for statement in statements:
                    connection.execute(statement, {"run_ids": run_ids})

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
