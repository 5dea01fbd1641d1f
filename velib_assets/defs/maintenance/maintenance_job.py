"""The job `velib_maintenance` and its daily schedule.

Belongs here: what runs and when. Does not: which runs may go (old_runs), deleting them (storage).
"""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from velib_assets.alerts.alert import AlertSink
from velib_assets.defs.maintenance.forget_runs import compact, forget
from velib_assets.defs.maintenance.old_runs import old_runs
from velib_assets.lake.listing import utc_now

DAILY = "20 3 * * *"
BATCH = 200


def maintenance_job(keep_days: int, sinks: Sequence[AlertSink]) -> dg.JobDefinition:
    """`velib_maintenance`: forgets the runs that ended over `keep_days` days ago."""

    @dg.op(out=dg.Out(dg.Nothing))
    def forget_old_runs(context: dg.OpExecutionContext) -> None:
        """Batch by batch, so that nobody waits long for a lock; what is interrupted goes on tomorrow."""
        ended = old_runs(context.instance, utc_now() - timedelta(days=keep_days), sinks)
        for start in range(0, len(ended), BATCH):
            forget(context.instance, ended[start : start + BATCH])
        compact(context.instance)
        context.log.info("%d runs that ended over %d days ago are forgotten", len(ended), keep_days)

    @dg.job(
        name="velib_maintenance",
        executor_def=dg.in_process_executor,
        description=f"Forgets the runs that ended over {keep_days} days ago (VELIB_KEEP_RUNS_DAYS): their "
        "events, check results and logs. The newest materialization of each partition stays. "
        "The lake is not touched.",
    )
    def velib_maintenance() -> None:
        forget_old_runs()

    return velib_maintenance


def maintenance_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """`velib_maintenance_schedule`: once a day, on from the start."""
    return dg.ScheduleDefinition(
        name="velib_maintenance_schedule",
        job=job,
        cron_schedule=DAILY,
        execution_timezone="UTC",
        description="Once a day: keeps Dagster's own storage bounded.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
