"""How much the first version's design would use: a Lambda, a Spark job over all raw, a crawler, at each tick.

Belongs here: that design by the same inputs, in its favour where it is not known: no questions to Athena, no
state machine, one clean file a run. Does not: prices. Its job read all raw each time and appended all rows
again, so what it reads grows with time and what it keeps with the square of it.
"""

from velib_assets.cost.inputs import Inputs
from velib_assets.cost.usage import GB, LEAST_RUN, Usage, crawl_hours, ticks_of

WORKERS = 2  # G.1X, a DPU each
SNAPSHOTS = 4  # in an hour's clean file, where its size was measured


def first_usage(i: Inputs, month: int) -> Usage:
    """What it uses in its `month`-th month."""
    ticks = ticks_of(i)
    raw = ticks * (month - 0.5)  # files, in the middle of the month
    seconds = max(LEAST_RUN, i.spark_seconds + raw / i.spark_files)
    # Run k wrote the rows of k snapshots: the mean over the month of n * n / 2.
    rows = ticks**2 / 2 * (month**3 - (month - 1) ** 3) / 3
    return {
        "lambda_requests": ticks,
        "lambda_gb_seconds": ticks * i.lambda_seconds * i.memory / 1024,
        "glue_dpu_hours": ticks * WORKERS * seconds / 3600,
        "crawler_dpu_hours": ticks * crawl_hours(i),
        "scheduler": ticks,
        "s3_put": ticks * 2,
        "s3_list": ticks * 2 * (1 + raw / 1000),
        "s3_get": ticks * 2 * raw,  # the job all raw, the crawler all clean
        "s3_standard": (raw * i.json_bytes + rows * i.clean_bytes / SNAPSHOTS) / GB,
    }
