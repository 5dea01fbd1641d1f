"""The clean job spread over a Spark cluster, hour by hour: how a year of raw is rebuilt.

Belongs here: handing hours to executors and bringing outcomes back. Does not: cleaning (clean_job). Hours
do not share anything, so there is no shuffle: each executor reads and writes its hours in the lake itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, Sequence

from velib_assets.clean.rebuild import CleanResult, clean_result
from velib_assets.lake.store import LakeStore

_HOURS_A_TASK = 4  # few enough that all executors end together, enough that a task is worth its start


def clean_on_cluster(store: LakeStore, hours: Sequence[datetime]) -> Iterator[CleanResult]:
    """Clean each hour on some executor and tell of each in order; one that fails stops no other.

    `store` travels to the executors: it must be picklable, as FolderStore and BucketStore are.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - Glue Spark and its test alone have it

    context = SparkSession.builder.appName("velib_clean_job").getOrCreate().sparkContext
    slices = max(1, -(-len(hours) // _HOURS_A_TASK))
    results = context.parallelize(list(hours), slices).map(lambda hour: clean_result(store, hour))
    return iter(results.toLocalIterator(prefetchPartitions=True))
