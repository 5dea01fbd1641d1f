"""The jobs of the hourly graph, and the schedule that takes a snapshot every 15 minutes."""

import dagster as dg

from velib_assets.defs.asset_keys import asset_keys
from velib_assets.defs.own_runs import TAGS
from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import SCHEDULED_AT
from velib_assets.defs.schedule_state import SCHEDULE
from velib_assets.lake.keys import hour_of
from velib_assets.lake.network import KEY

EVERY_15_MINUTES = "*/15 * * * *"
# The config of runs that print nothing: the UI shows their events, and alerts report what failed.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

DAILY_LAYER = dg.AssetSelection.groups("daily") | dg.AssetSelection.assets(
    *asset_keys("station_history", "station_history_months")
)
# In process: with a process per step, each would import Dagster, pyarrow and DuckDB again.
PIPELINE_JOB = dg.define_asset_job(
    f"{KEY}_pipeline",
    selection=dg.AssetSelection.all() - DAILY_LAYER,
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="The hourly graph for one hour: snapshot, clean file, partition, KPI views, report.",
)
KPI_JOB = dg.define_asset_job(
    f"{KEY}_kpi_views",
    selection=dg.AssetSelection.groups("kpi", "report"),
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="The KPI views and the report.",
)


def pipeline_schedule(*, on: bool, cron: str = EVERY_15_MINUTES) -> dg.ScheduleDefinition:
    """Return `<network>_pipeline_schedule`, which runs the pipeline for the hour of its scheduled time.

    It is off until it is switched on in the UI or with VELIB_SCHEDULE=on.
    """

    @dg.schedule(
        name=SCHEDULE,
        job=PIPELINE_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        description="Every 15 minutes: one snapshot, through to the KPIs.",
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
    )
    def request_tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time
        return dg.RunRequest(
            run_key=at.isoformat(),
            run_config=QUIET,
            partition_key=key_of(hour_of(at)),
            tags={SCHEDULED_AT: at.isoformat(), "dagster/priority": "10"},  # before all else in the queue
        )

    return request_tick
