"""Whether the pipeline's schedule is on in a Dagster instance, and since when."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from velib_assets.lake.network import KEY

SCHEDULE = f"{KEY}_pipeline_schedule"


def is_on(instance: dg.DagsterInstance, *, by_default: bool) -> bool:
    """Return whether the schedule is on. `by_default` applies until the daemon or the UI stores a state."""
    state = _stored_state(instance)
    return state.is_running if state else by_default


def switched_on_at(instance: dg.DagsterInstance) -> datetime | None:
    """Return when the schedule was last switched on (UTC); None if it is off or no time is stored.

    A stop of the daemon is not a switch: the ticks of that time are missed.
    """
    state = _stored_state(instance)
    timestamp = (
        getattr(state.instigator_data, "start_timestamp", None) if state and state.is_running else None
    )
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None


def _stored_state(instance: dg.DagsterInstance) -> Any:  # noqa: ANN401 - Dagster does not export its class
    states = [state for state in instance.all_instigator_state() if state.name == SCHEDULE]
    return states[-1] if states else None
