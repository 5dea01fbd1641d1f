"""The definitions that the server loads, with a daily tick every minute and without sensors."""

import dagster as dg

from velib_assets.defs.build import build_defs
from velib_assets.settings import Settings


def without_sensors(whole: dg.Definitions) -> dg.Definitions:
    """Leave the days to the schedule: healing would build them as well."""
    return dg.Definitions(
        assets=whole.assets,
        jobs=whole.jobs,
        schedules=whole.schedules,
        resources=whole.resources,
        executor=whole.executor,
    )


defs = without_sensors(build_defs(Settings.from_env(), cron="0 0 29 2 *", daily_cron="* * * * *"))
