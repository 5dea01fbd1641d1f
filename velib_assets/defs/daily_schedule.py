"""The schedule that builds each day of the daily layer when it is over."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from velib_assets.catalog.catalog import Catalog
from velib_assets.defs.daily_jobs import DAILY_JOB
from velib_assets.defs.daily_plan import day_requests, newest_ranges, plan_days, waiting_note
from velib_assets.history.currency import days_of_lake, newest_closed_day
from velib_assets.lake.keys import day_text
from velib_assets.lake.store import LakeStore

AT_THREE = "0 3 * * *"


def daily_schedule(
    store: LakeStore, catalog: Catalog, first_hour: datetime, *, on: bool, cron: str = AT_THREE
) -> dg.ScheduleDefinition:
    """Return `velib_daily_schedule`, which requests all closed days that are not current, oldest first.

    Like the pipeline's schedule, it is off until it is switched on in the UI or with VELIB_SCHEDULE=on.

    Args:
        store: The lake.
        catalog: The catalog.
        first_hour: Nothing before it is requested.
        on: Whether the schedule is on by default.
        cron: When it ticks; tests cannot wait for a day.
    """

    @dg.schedule(
        name="velib_daily_schedule",
        job=DAILY_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        description="At 03:00 UTC: the history and the daily KPIs of yesterday and of every other closed day "
        "that is not current, for example after a stop.",
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
    )
    def velib_daily_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at = context.scheduled_execution_time
        last, days = newest_closed_day(at), days_of_lake(store, catalog)
        requests, note = [], ""
        if days:
            plan = plan_days(store, catalog, [(max(days[0], first_hour.date()), last)], at)
            requests, note = list(day_requests(newest_ranges(plan), at.isoformat())), waiting_note(plan)
        if not requests:
            yield dg.SkipReason(note or f"every day up to {day_text(last)} is current")
        yield from requests

    return velib_daily_schedule
