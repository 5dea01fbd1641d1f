"""The job `velib_maintenance`, which deletes old runs, and its daily schedule."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg

from velib_assets.alerts.sinks import AlertSink
from velib_assets.defs.maintenance.forget_runs import RunHistory, UnknownStorageError, compact
from velib_assets.defs.sensors.alert_sensor import runs_pending_alerts
from velib_assets.lake.listing import utc_now

DAILY = "20 3 * * *"
BATCH = 200
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_BACKFILL_IN_PROGRESS = {"REQUESTED", "CANCELING", "FAILING"}


def maintenance_job(keep_days: int, sinks: Sequence[AlertSink]) -> dg.JobDefinition:
    """Return `velib_maintenance`, which deletes the runs that ended more than `keep_days` days ago."""

    @dg.op(out=dg.Out(dg.Nothing))
    def forget_old_runs(context: dg.OpExecutionContext) -> None:
        """Delete old runs in batches, so that no other process waits long for a lock."""
        try:
            history = RunHistory(context.instance)
        except UnknownStorageError as difference:
            context.log.warning(
                "No runs are deleted: %s. Install the versions in constraints.txt.", difference
            )
            return
        run_ids = old_runs(context.instance, utc_now() - timedelta(days=keep_days), sinks)
        for start in range(0, len(run_ids), BATCH):
            history.forget(run_ids[start : start + BATCH])
        compact(context.instance)
        context.log.info("Deleted %d runs that ended more than %d days ago", len(run_ids), keep_days)

    @dg.job(
        name="velib_maintenance",
        executor_def=dg.in_process_executor,
        description=f"Deletes the runs that ended more than {keep_days} days ago (VELIB_KEEP_RUNS_DAYS) with "
        "their events, check results and logs. The newest materialization of each partition stays. The lake "
        "is not touched.",
    )
    def velib_maintenance() -> None:
        forget_old_runs()

    return velib_maintenance


def maintenance_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Return `velib_maintenance_schedule`: once a day, on by default."""
    return dg.ScheduleDefinition(
        name="velib_maintenance_schedule",
        job=job,
        cron_schedule=DAILY,
        execution_timezone="UTC",
        description="Once a day: keeps Dagster's own storage small.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def old_runs(instance: dg.DagsterInstance, before: datetime, sinks: Sequence[AlertSink]) -> list[str]:
    """Return the ids of the runs that ended before a time (UTC), oldest first.

    Runs that the alert sensor has not reported yet, and runs of a backfill in progress, are left out.
    """
    ended = instance.get_run_ids(dg.RunsFilter(statuses=_FINISHED, updated_before=before))
    needed = runs_pending_alerts(instance, sinks) | _runs_of_backfills(instance)
    return [run_id for run_id in reversed(ended) if run_id not in needed]


def _runs_of_backfills(instance: dg.DagsterInstance) -> set[str]:
    """Return the ids of the runs that belong to a backfill in progress."""
    ids = [b.backfill_id for b in instance.get_backfills() if b.status.value in _BACKFILL_IN_PROGRESS]
    return set(instance.get_run_ids(dg.RunsFilter(tags={"dagster/backfill": ids}))) if ids else set()
