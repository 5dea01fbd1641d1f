"""The op of the daily maintenance that retires old hours: history keeps their rows, and raw stays."""

from datetime import timedelta

import dagster as dg

from velib_assets.catalog.catalog import Catalog, newest_hour
from velib_assets.history.retirement import retire_before
from velib_assets.lake.keys import day_text
from velib_assets.lake.listing import utc_now
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted


def retire_hours_op(store: LakeStore, catalog: Catalog, keep_days: int) -> dg.OpDefinition:
    """Return the op `retire_old_hours`, which retires the hours of days that are over `keep_days` days old.

    The days are counted back from the newest hour, or from now if that is earlier: the views read the hours
    up to the newest one, so a lake of recorded days, or one that has stopped, keeps them. A day that history
    does not hold, or not as it is now, waits; the log gives the reason.
    """

    @dg.op(name="retire_old_hours", out=dg.Out(dg.Nothing))
    def retire_old_hours(context: dg.OpExecutionContext) -> None:
        """Remove the clean files and partitions of hours that history holds."""
        newest = newest_hour(catalog)
        oldest = min(newest or utc_now(), utc_now()).date() - timedelta(days=keep_days)
        hours = days = 0
        for retired in retire_before(store, catalog, oldest):
            if retired.reason:
                context.log.warning("%s is not retired: %s", day_text(retired.day), retired.reason)
            else:
                hours, days = hours + retired.hours, days + 1
        context.log.info("Retired %s of %s", counted(hours, "hour"), counted(days, "day"))

    return retire_old_hours
