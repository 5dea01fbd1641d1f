"""Which runs may be forgotten.

Belongs here: who may still wait for a run: an alert that was not taken yet, a backfill under way.
"""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from velib_assets.alerts.alert import AlertSink
from velib_assets.defs.sensors.alert_sensor import runs_pending_alerts

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_UNDER_WAY = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]


def old_runs(instance: dg.DagsterInstance, before: datetime, sinks: Sequence[AlertSink]) -> list[str]:
    """The ids of the runs that ended before a time (UTC) and that nobody waits for, oldest first."""
    ended = instance.get_run_ids(dg.RunsFilter(statuses=_FINISHED, updated_before=before))
    kept = runs_pending_alerts(instance, sinks) | _of_backfills(instance)
    return [run for run in reversed(ended) if run not in kept]


def _of_backfills(instance: dg.DagsterInstance) -> set[str]:
    backfills = instance.get_backfills(filters=BulkActionsFilter(statuses=_UNDER_WAY))
    names = [backfill.backfill_id for backfill in backfills]
    return set(instance.get_run_ids(dg.RunsFilter(tags={"dagster/backfill": names}))) if names else set()
