"""A code location with one hourly asset whose runs last longer than any test."""

import time

import dagster as dg

from velib_assets.defs.partitions import HOURLY

SECONDS = 600


@dg.asset(partitions_def=HOURLY, backfill_policy=dg.BackfillPolicy.single_run())
def sleeping() -> None:
    """Sleeps."""
    time.sleep(SECONDS)


defs = dg.Definitions(assets=[sleeping], executor=dg.in_process_executor)
