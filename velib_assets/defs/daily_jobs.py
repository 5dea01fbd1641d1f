"""The jobs of the daily layer, and the schedule that builds each day when it is over."""

from collections.abc import Iterator
from datetime import date, datetime

import dagster as dg

from velib_assets.catalog.catalog import Catalog
from velib_assets.defs.jobs import DAILY_LAYER, QUIET
from velib_assets.defs.partitions import day_range_tags, day_ranges
from velib_assets.history.currency import newest_closed_day, oldest_day, outdated_days
from velib_assets.lake.keys import day_text
from velib_assets.lake.store import LakeStore

AT_THREE = "0 3 * * *"
MAX_RANGES = 10
DAILY_SCHEDULE = "velib_daily_schedule"

MONTHS = dg.AssetSelection.assets("station_history_months")
DAILY_JOB = dg.define_asset_job(
    "velib_daily",
    selection=DAILY_LAYER - MONTHS,
    executor_def=dg.in_process_executor,
    description="The daily layer for one day or a range: history, months that are complete, daily KPIs.",
)
MONTHLY_JOB = dg.define_asset_job(
    "velib_monthly",
    selection=MONTHS,
    executor_def=dg.in_process_executor,
    description="Compacts closed months of the history. Healing runs it where the daily job could not.",
)


def daily_schedule(
    store: LakeStore, catalog: Catalog, first_hour: datetime, *, on: bool, cron: str = AT_THREE
) -> dg.ScheduleDefinition:
    """Return `velib_daily_schedule`, which builds all closed days that are not current, oldest first.

    It is off until it is switched on in the UI or with VELIB_SCHEDULE=on.
    """

    @dg.schedule(
        name=DAILY_SCHEDULE,
        job=DAILY_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        description="At 03:00 UTC: the history and the daily KPIs of each closed day that is not current, "
        "also of the days of a stop.",
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
    )
    def velib_daily_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at = context.scheduled_execution_time
        oldest = oldest_day(store, catalog)
        first = max(oldest, first_hour.date()) if oldest else None
        days = outdated_days(store, catalog, first, newest_closed_day(at)) if first else {}
        if not days:
            yield dg.SkipReason(f"every day up to {day_text(newest_closed_day(at))} is current")
        for start, end in day_ranges(days)[:MAX_RANGES]:
            yield day_request(start, end, run_key=f"{at.isoformat()} {day_text(start)}")

    return velib_daily_schedule


def day_request(first: date, last: date, *, run_key: str) -> dg.RunRequest:
    """Return a request of `velib_daily` for the days from `first` to `last`, inclusive: one run."""
    if first == last:
        return dg.RunRequest(run_key=run_key, run_config=QUIET, partition_key=day_text(first))
    return dg.RunRequest(run_key=run_key, run_config=QUIET, tags=day_range_tags(first, last))
