"""Dagster's default SQLite storage with connections to the event log that stay open.

By default Dagster opens a connection for every event that it reads or writes. Keeping the connections open
halves the time of a backfill. Files, tables and rows stay the same.

This is the only module that uses private names of Dagster. It verifies them each time an instance is created.
If one is missing or different, the instance keeps Dagster's own connections and one warning is logged.
"""

import functools
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db

from velib_assets.defs.range_events import RangeEvents, verify_parameters, without_repetition

try:
    from dagster._core.instance.ref import InstanceRef
except ImportError:
    InstanceRef = None  # type: ignore[assignment,misc]

INDEX = "index"
BUSY_SECONDS = 30


class PooledInstance(dg.DagsterInstance):
    """A Dagster instance that keeps the connections to its event log open; see dagster.yaml."""

    _pooled: "PooledEvents | None" = None

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - Dagster's own arguments
        super().__init__(*args, **settings)
        try:
            verify_parameters(InstanceRef.config_defaults, "base_dir")
            ranges = RangeEvents(self.event_log_storage, self.get_run_by_id)
            self._pooled = PooledEvents(self.event_log_storage)
            ranges.install()
        except Exception as difference:  # noqa: BLE001 - whatever Dagster has changed, its runs must go on
            _warn_once(f"{type(difference).__name__}: {difference}")

    def handle_new_event(self, event: dg.EventLogEntry, **batch: Any) -> None:  # noqa: ANN401 - Dagster's own
        """Store an event without what it repeats."""
        super().handle_new_event(without_repetition(event), **batch)

    def one_transaction(self) -> AbstractContextManager[None]:
        """Return a block in which all events of this thread are stored together: five times as fast."""
        return self._pooled.one_transaction() if self._pooled else nullcontext()

    @staticmethod
    def config_schema() -> dict[str, Any]:
        """Return the settings of this class in dagster.yaml: none. Dagster requires the method."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, Any]:
        """Return Dagster's defaults for an instance in `base_dir`. Dagster requires the method."""
        if InstanceRef is not None:
            return InstanceRef.config_defaults(base_dir)
        with dg.DagsterInstance.local_temp() as default:
            return type(default.get_ref()).config_defaults(base_dir)


def one_transaction(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """Return a block in which events are stored together, where the instance can do that."""
    return instance.one_transaction() if isinstance(instance, PooledInstance) else nullcontext()


class PooledEvents:
    """Open connections to the event log, `history/runs`: one file per run, and an index of asset events.

    The index and the run that was used last stay open. The process of a run uses no other file.
    """

    def __init__(self, storage: Any) -> None:  # noqa: ANN401 - private parts of SqliteEventLogStorage
        """Verify `storage`, connect to its index, and make it use these connections instead of its own.

        Raises:
            LookupError: The storage differs from the one that this class was written for.
        """
        verify_parameters(storage._connect, "shard")
        verify_parameters(storage._initdb, "engine", "for_index_shard")
        verify_parameters(storage.conn_string_for_shard, "shard_name")
        verify_parameters(storage.path_for_shard, "run_id")
        verify_parameters(storage.has_table, "table_name")
        verify_parameters(storage.dispose)
        if not Path(storage.path_for_shard(INDEX)).exists():
            raise LookupError(f"{storage.path_for_shard(INDEX)} does not exist")
        self._storage, self._dispose, self._initialize = storage, storage.dispose, storage._initdb
        self._lock, self._initialized = storage._db_lock, storage._initialized_dbs
        self._engines: dict[str, db.Engine] = {}
        self._of_thread = threading.local()  # `connection`, within one_transaction
        with self.connect(INDEX):
            pass
        if not self.has_table("event_logs"):
            raise LookupError("the index has no table event_logs")
        storage._connect, storage.has_table, storage.dispose = self.connect, self.has_table, self.dispose

    @contextmanager
    def connect(self, shard: str) -> Iterator[db.Connection]:
        """Begin a transaction on a run's file or the index, and commit it at the end of the block."""
        if connection_of := getattr(self._of_thread, "connection", None):
            yield connection_of(shard)
            return
        with self._lock:
            engine = self._engine_of(shard)
            self._initialize_once(shard, engine)
            with engine.begin() as connection:
                before = _rows_written(connection)
                yield connection
                written = _rows_written(connection) > before
        if written:
            self._touch(shard)

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Use one transaction per file until the end of the block. Other threads of this process wait."""
        connections: dict[str, db.Connection] = {}
        with self._lock, ExitStack() as stack:

            def connection(shard: str) -> db.Connection:
                if shard not in connections:
                    engine = self._engine_of(shard)
                    self._initialize_once(shard, engine)
                    connections[shard] = stack.enter_context(engine.begin())
                return connections[shard]

            self._of_thread.connection = connection
            stack.callback(setattr, self._of_thread, "connection", None)
            yield
        for shard in connections:
            self._touch(shard)

    def _initialize_once(self, shard: str, engine: db.Engine) -> None:
        if shard not in self._initialized:
            self._initialize(engine)
            self._initialized.add(shard)

    def _touch(self, shard: str) -> None:
        """Let the UI see that a run has new events: it watches the file, and they are in the -wal file."""
        if shard != INDEX:
            with suppress(FileNotFoundError):
                os.utime(self._storage.path_for_shard(shard))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Dagster calls this for every check result."""
        return db.inspect(self._engine_of(INDEX)).has_table(table_name)

    def dispose(self) -> None:
        """Close the files."""
        self._dispose()
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()

    def _engine_of(self, shard: str) -> db.Engine:
        if shard not in self._engines:
            for other in self._engines.keys() - {INDEX}:
                self._engines.pop(other).dispose()
            # The pool never makes a thread wait: SQLite's own lock is enough.
            url, waiting = self._storage.conn_string_for_shard(shard), {"timeout": BUSY_SECONDS}
            self._engines[shard] = db.create_engine(url, pool_size=1, max_overflow=-1, connect_args=waiting)
        return self._engines[shard]


def _rows_written(connection: db.Connection) -> int:
    """Count the rows written through this connection since it was opened."""
    rows: int = connection.connection.driver_connection.total_changes  # type: ignore[union-attr]
    return rows


@functools.cache
def _warn_once(difference: str) -> None:
    logging.getLogger("velib.storage").warning(
        "Dagster's SQLite connections are not kept open, so backfills take longer and more space: "
        "this version of Dagster differs from the tested one (%s). Nothing is lost. Install the versions in "
        "constraints.txt.",
        difference,
    )
