"""Forgetting runs in Dagster's storage, SQLite or PostgreSQL.

Belongs here: Dagster's tables and files. `instance.delete_run` would do, but it also deletes what makes a
partition green, and it leaves check results, a run's SQLite file and its logs behind for ever. So it is done
on Dagster's tables: their names are those of the pinned version, and the tests run on both storages.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from sqlalchemy import Table, and_, delete, func, select

_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
_BUSY_SECONDS = 30


def forget(instance: dg.DagsterInstance, runs: Sequence[str]) -> None:
    """Delete runs with all that they left, except each partition's newest materialization.

    Each check's newest result stays too. The runs themselves go last: what is interrupted is done again.
    """
    events, storage = instance.event_log_storage, instance.run_storage
    if not isinstance(events, SqlEventLogStorage) or not isinstance(storage, SqlRunStorage):
        raise TypeError(f"{type(events).__name__} is not a storage that velib_maintenance knows")
    for run in runs:
        instance.compute_log_manager.delete_logs(prefix=[run])
        for file in _files(events, run):
            file.unlink(missing_ok=True)
    _forget_events(events, runs)
    with storage.connect() as connection:
        for table in (RunTagsTable, RunsTable):
            connection.execute(delete(table).where(table.c.run_id.in_(runs)))


def _forget_events(events: SqlEventLogStorage, runs: Collection[str]) -> None:
    log, checks = SqlEventLogStorageTable, AssetCheckExecutionsTable
    green = _newest(log, "asset_key", "partition").where(log.c.dagster_event_type == _MATERIALIZED)
    gone = and_(log.c.run_id.in_(runs), log.c.id.not_in(green))
    with events.index_connection() as connection:
        doomed = select(log.c.id).where(gone)
        connection.execute(delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(doomed)))
        connection.execute(delete(log).where(gone))
        shown = _newest(checks, "asset_key", "check_name")
        connection.execute(delete(checks).where(checks.c.run_id.in_(runs), checks.c.id.not_in(shown)))


def _newest(table: Table, *columns: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's
    return select(func.max(table.c.id)).group_by(*(table.c[column] for column in columns))


def _files(events: SqlEventLogStorage, run: str) -> Iterator[Path]:
    """The SQLite files that hold a run's own events, the main one last."""
    if isinstance(events, SqliteEventLogStorage):
        path = events.path_for_shard(run)
        yield from (Path(path + ending) for ending in ("-wal", "-shm", ""))


def compact(instance: dg.DagsterInstance) -> None:
    """Give back the room of SQLite files that are mostly empty. PostgreSQL sees to itself."""
    if not isinstance(instance.event_log_storage, SqliteEventLogStorage):
        return
    for path in Path(instance.root_directory).glob("**/*.db"):
        if path.stem in ("index", "runs", "schedules"):
            with suppress(sqlite3.OperationalError):  # busy: the room is used again, and tomorrow is a day
                _vacuum(path)


def _vacuum(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        pages, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        if 2 * free > pages:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # others have the file open
