"""The jobs and the 15-minute schedule.

Belongs here: what runs together and when. Off until switched on: in the UI, or by VELIB_SCHEDULE=on.
"""

from typing import Any

import dagster as dg

from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import SCHEDULED_AT
from velib_assets.lake.keys import hour_of

EVERY_15_MINUTES = "*/15 * * * *"


def pipeline_job() -> Any:  # noqa: ANN401 - an unresolved asset job has no public name
    """`velib_pipeline`: the whole graph for one hour, in one process: it spares each step an import."""
    return dg.define_asset_job(
        "velib_pipeline",
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="The whole graph for one hour: snapshot, clean file, partition, KPI views, report.",
    )


def kpi_job() -> Any:  # noqa: ANN401 - an unresolved asset job has no public name
    """`velib_kpi_views`: the views and the report alone."""
    return dg.define_asset_job(
        "velib_kpi_views",
        selection=dg.AssetSelection.groups("kpi", "report"),
        executor_def=dg.in_process_executor,
        description="The KPI views, and the report that is made of them.",
    )


def pipeline_schedule(
    job: Any,  # noqa: ANN401 - an unresolved asset job has no public name
    *,
    on: bool,
    cron: str = EVERY_15_MINUTES,
) -> dg.ScheduleDefinition:
    """`velib_pipeline_schedule`: a tick adds one snapshot to the hour that holds its scheduled time."""

    @dg.schedule(
        name="velib_pipeline_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        description="Every 15 minutes: one snapshot, through to the KPIs.",
        default_status=(dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED),
    )
    def velib_pipeline_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time
        return dg.RunRequest(
            run_key=at.isoformat(),
            partition_key=key_of(hour_of(at)),
            tags={SCHEDULED_AT: at.isoformat()},
        )

    return velib_pipeline_schedule
