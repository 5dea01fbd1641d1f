"""Dagster's history in its SQLite files, without connecting anew for each look and each event.

Belongs here: which connections stay open. Tables, files and rows are those of Dagster's default storage, so a
DAGSTER_HOME may change to it and back. On a server the history is in PostgreSQL: see deploy/dagster.yaml.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.instance import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, inspect


class PooledInstance(dg.DagsterInstance):
    """Dagster's instance, whose storage is ours where dagster.yaml names none."""

    @staticmethod
    def config_schema() -> dict[str, Any]:
        """No settings of its own; Dagster asks."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> dict[str, ConfigurableClassData | None]:
        """Dagster's, with our storage in `base_dir`, which is DAGSTER_HOME or a temporary folder."""
        ours = ConfigurableClassData(
            __name__, PooledSqliteStorage.__name__, yaml.safe_dump({"base_dir": base_dir})
        )
        return {**InstanceRef.config_defaults(base_dir), "storage": ours}


class PooledSqliteStorage(DagsterSqliteStorage):
    """Dagster's own, with connections that stay open to the runs' and the events' files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        history = Path(base_dir) / "history"
        self._run_storage = PooledRuns.from_local(str(history))
        self._event_log_storage = PooledEvents(str(history / "runs"))
        self._schedule_storage = SqliteScheduleStorage.from_local(str(Path(base_dir) / "schedules"))
        self._inst_data = inst_data
        # Past the parent's, which would open the same files once more.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PooledSqliteStorage":
        """In the folder `base_dir`."""
        return cls.from_local(inst_data=inst_data, **config_value)


class PooledRuns(SqliteRunStorage):
    """The runs, in `history/runs.db`."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(conn_string, inst_data)
        self._engine = _engine(conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A transaction, committed at the end."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        self._engine.dispose()


class PooledEvents(SqliteEventLogStorage):
    """The events: each run's in a file of its own, and in `index.db` those that are about assets.

    Open stay the index and the run last asked for: a run's process asks for no other.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)
        self._index = self._engine_of(INDEX_SHARD_NAME)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine_of(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                before = _rows_written(connection)
                yield connection
                written = _rows_written(connection) > before
        if written and shard != INDEX_SHARD_NAME:
            # The UI follows a run by its file's changes, but what is written waits in the file's log now.
            with suppress(FileNotFoundError):
                os.utime(self.path_for_shard(shard))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has it: asked for each check's result."""
        return inspect(self._index).has_table(table_name)

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()

    def _engine_of(self, shard: str) -> Engine:
        if shard not in self._engines:
            for other in self._engines.keys() - {INDEX_SHARD_NAME}:
                self._engines.pop(other).dispose()
            self._engines[shard] = _engine(self.conn_string_for_shard(shard))
        return self._engines[shard]


def _engine(url: str) -> Engine:
    """A pool that never makes a thread wait: SQLite's own lock is enough."""
    return create_engine(
        url, pool_size=1, max_overflow=-1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    )


def _rows_written(connection: Connection) -> int:
    """By this connection since it was opened."""
    rows: int = connection.connection.driver_connection.total_changes  # type: ignore[union-attr]
    return rows
