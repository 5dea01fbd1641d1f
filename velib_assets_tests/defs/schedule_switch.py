"""Switch the pipeline's schedule on and off in an instance, as the UI does."""

from datetime import datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData

from velib_assets.defs.schedule_state import SCHEDULE

_REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("velib"), "__repository__")


def switch(instance: dg.DagsterInstance, moment: datetime, *, on: bool) -> None:
    """Store the schedule's state and the time of the switch."""
    status = InstigatorStatus.RUNNING if on else InstigatorStatus.STOPPED
    data = ScheduleInstigatorData("*/15 * * * *", moment.timestamp())
    origin = RemoteInstigatorOrigin(_REPOSITORY, SCHEDULE)
    state = InstigatorState(origin, InstigatorType.SCHEDULE, status, data)
    existing = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    (instance.update_instigator_state if existing else instance.add_instigator_state)(state)
