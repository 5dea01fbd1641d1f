"""The jobs of the daily layer."""

import dagster as dg

from velib_assets.defs.asset_keys import asset_key
from velib_assets.defs.jobs import DAILY_LAYER
from velib_assets.defs.own_runs import TAGS
from velib_assets.lake.network import KEY

MONTHS = dg.AssetSelection.assets(asset_key("station_history_months"))
DAILY_JOB = dg.define_asset_job(
    f"{KEY}_daily",
    selection=DAILY_LAYER - MONTHS,
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="The daily layer for a closed day or a range of days: their history, the months that it "
    "completes, and the daily KPIs.",
)
MONTHLY_JOB = dg.define_asset_job(
    f"{KEY}_monthly",
    selection=MONTHS,
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="Compacts a closed month of the history. The daily job does so with the last day of a month; "
    "healing runs this job if the file of a month is lost.",
)
