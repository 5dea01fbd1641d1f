"""Cleans hours on a Spark cluster, for example to rebuild a year."""

from __future__ import annotations

from datetime import datetime
from typing import Iterator, Sequence

from velib_assets.clean.clean_result import CleanResult
from velib_assets.clean.rebuild import clean_result
from velib_assets.lake.store import LakeStore

_HOURS_PER_TASK = 4  # enough to outweigh a task's start, few enough to keep all executors busy to the end


def clean_on_cluster(store: LakeStore, hours: Sequence[datetime]) -> Iterator[CleanResult]:
    """Clean hours on executors and yield their results in order. A failing hour does not stop the others.

    Hours are independent, so there is no shuffle: executors read and write the lake themselves. `store` is
    sent to them and must be picklable, as FolderStore and BucketStore are.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - installed only in Glue Spark and for its test

    context = SparkSession.builder.appName("velib_clean_job").getOrCreate().sparkContext
    slices = max(1, -(-len(hours) // _HOURS_PER_TASK))
    results = context.parallelize(list(hours), slices).map(lambda hour: clean_result(store, hour))
    return iter(results.toLocalIterator(prefetchPartitions=True))
