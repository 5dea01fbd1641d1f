"""Events without what they repeat, so that DAGSTER_HOME grows by less than the clean data.

Each hour of a backfill has four materializations and twenty check results. Dagster names the step of an event
six times, stores a check result three times, and a planned check once per hour with the run's partitions.
"""

import inspect
from collections.abc import Callable
from typing import Any

import dagster as dg
import sqlalchemy as db

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_RESULTS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
)


def without_repetition(entry: dg.EventLogEntry) -> dg.EventLogEntry:
    """Return a materialization, an observation or a check result with each name and text once.

    Run, job, step key and message stay. Other events are returned unchanged.
    """
    event = entry.dagster_event
    if event is None or event.event_type not in _RESULTS:
        return entry
    event = event._replace(logging_tags={}, step_handle=None, node_handle=None)
    return entry._replace(dagster_event=event, user_message="")


class RangeEvents:
    """Stores the passed checks of a run over several hours once, where each run has a file of its own.

    They are in the table of check results, by hour, and not in the log of the run and its copy in the index
    as well. An hour has no row that says that a check is planned: it gets the row of the result. Failed
    checks, materializations and all events of other runs are stored as Dagster does.
    """

    def __init__(self, storage: Any, run_of: Callable[[str], dg.DagsterRun | None]) -> None:  # noqa: ANN401
        """Verify `storage`, a SqliteEventLogStorage.

        Raises:
            LookupError: The storage differs from the one that this class was written for.
        """
        verify_parameters(storage.store_event, "event")
        verify_parameters(storage.store_asset_check_event, "event", "event_id")
        verify_parameters(storage.index_connection)
        self._storage, self._run_of, self._ranges = storage, run_of, dict[str, bool]()
        self._store, self._store_check = storage.store_event, storage.store_asset_check_event

    def install(self) -> None:
        """Make the storage use this class."""
        self._storage.store_event = self.store_event
        self._storage.store_asset_check_event = self.store_asset_check_event

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event."""
        evaluation = event.asset_check_evaluation
        if evaluation is None or not evaluation.passed or not self._is_of_range(event.run_id):
            self._store(event)
            return
        if event.dagster_event:
            event = event._replace(dagster_event=event.dagster_event._replace(message=""))
        # Dagster finds new results by this number. The hour's materialization, stored next, gets it as well.
        with self._storage.index_connection() as connection:
            newest = connection.execute(db.text("SELECT max(id) FROM event_logs")).scalar()
        self._store_check(event, (newest or 0) + 1)

    def store_asset_check_event(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        """Store a check's row in the table of check results, unless it is one of many planned ones."""
        is_planned = event.dagster_event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
        if not (is_planned and self._is_of_range(event.run_id)):
            self._store_check(event, event_id)

    def _is_of_range(self, run_id: str) -> bool:
        """Whether a run is over several partitions."""
        if run_id not in self._ranges:
            run = self._run_of(run_id) if run_id else None
            tags = run.tags if run else {}
            self._ranges = {run_id: tags.get(RANGE_START) != tags.get(RANGE_END)}
        return self._ranges[run_id]


def verify_parameters(method: Callable[..., Any], *names: str) -> None:
    """Verify that a method of Dagster has exactly these parameters.

    Raises:
        LookupError: It has others.
    """
    if (parameters := (*inspect.signature(method).parameters,)) != names:
        raise LookupError(f"{method.__qualname__} takes {parameters}, not {names}")
