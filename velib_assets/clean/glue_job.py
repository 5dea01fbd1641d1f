"""The Glue job: cleans hours of the bucket in one process or on a Spark cluster, and registers them.

With `--history` it builds the history of days and months instead, in one process.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from datetime import datetime
from functools import partial
from typing import Callable, Iterable, Iterator, List, Sequence, Tuple

from velib_assets.aws.reporter import Reporter, reporter_of_arguments
from velib_assets.catalog.clean_hashes import refused
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.registration import hashed_partition_of, register_until_stable
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.observed import current_digest
from velib_assets.clean.rebuild import footer_of, rebuild_hour
from velib_assets.clean.with_register import clean_with_register
from velib_assets.history.remote_history import TimedHistory
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, parse_hour, raw_time
from velib_assets.lake.listing import has_usable_raw, newest_snapshot, objects_by_hour
from velib_assets.lake.network import KEY, VELIB, ensure_network
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import LakeStore
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_register

NEWEST = "newest"
RECENT = 47 * HOUR  # before the newest hour
THREADS = 2  # 1/16 DPU has 1 GB of memory, and an hour in progress takes 60 MB
_CLUSTER_BATCH = 960  # hours between two updates of the register
_HOURS_PER_TASK = 4  # enough to outweigh a task's start, few enough to keep all executors busy to the end


REGISTER = ("true", "tables", "false")
Clean = Callable[[Sequence[datetime]], Iterable[HourResult]]


class CleanError(Exception):
    """Some hours could not be cleaned, or are damaged. The others were."""


def run() -> None:
    """Run the job as Glue's script: an uncaught exception becomes the error of the Glue run."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s")
    main(sys.argv[1:])


def main(argv: Sequence[str]) -> None:
    """Clean the requested hours or build the requested history, and report and register the results.

    Raises:
        CleanError, HistoryError: with the hours, days or months that failed.
        AwsError: if a request to the bucket or the catalog fails.
        ValueError: if an argument is invalid.
    """
    arguments = _parse_arguments(argv)
    ensure_network(arguments.network, os.environ)
    store = BucketStore(arguments.bucket, arguments.account, arguments.region)
    catalog = GlueTable(arguments.database, arguments.bucket, arguments.region)
    clean = LocalCleanJob(store, THREADS).run
    if arguments.engine == "spark":
        clean = partial(clean_on_cluster, store)
    with reporter_of_arguments(argv, arguments.region, arguments.account) as reporter:
        if arguments.history:
            register = arguments.register == "true"
            TimedHistory(store, catalog, reporter).build(arguments.history, register=register)
            return
        clean_and_register(store, catalog, arguments.hours, arguments.register, clean, reporter)


def clean_and_register(  # noqa: PLR0917 - what a Glue run and a call of the function have in common
    store: BucketStore, catalog: GlueTable, hours: str, register: str, clean: Clean, reporter: Reporter
) -> None:
    """Clean the requested hours, send their results, and register them if requested.

    Args:
        store: the bucket.
        catalog: the table.
        hours: as `hours_of` reads them, or `newest`.
        register: `true`, `tables` for the tables without partitions alone, or `false`.
        clean: cleans hours and yields their results.
        reporter: takes the results.

    Raises:
        CleanError, AwsError, ValueError: as `main`.
    """
    requested, current = recent_hours(store) if hours == NEWEST else (hours_of(hours), [])
    reporter.info(f"{len(requested)} hours to clean")
    written, failures = _report(clean(requested), reporter)
    if register == "true":  # also hours that an earlier run cleaned and could not register
        parts = [hashed_partition_of(store, hour) for hour in sorted([*current[-3:], *written])]
        damaged = refused(store, catalog, parts)
        failures += damaged.values()
        parts = [part for part in parts if part.hour not in damaged]
        changed = register_until_stable(store, parts, catalog.register)
        reporter.info(f"{changed} of {len(parts)} partitions are new or changed")
    if register != "false":
        catalog.declare_tables()
    if failures:
        raise CleanError("; ".join(failures))


def _report(results: Iterable[HourResult], reporter: Reporter) -> Tuple[List[datetime], List[str]]:
    """Send the results; return the hours that were written, and the problems of the others."""
    written: List[datetime] = []
    failures: List[str] = []
    for result in results:
        reporter.message(result.message())
        hour = hour_text(result.hour)
        if result.cleaned and result.cleaned.size:
            written.append(result.hour)
            reporter.info(f"{hour}: {result.cleaned.rows} rows, {result.cleaned.size} bytes")
        else:
            failures.append(f"{hour}: {result.error or 'no raw snapshot is usable'}")
    return written, failures


def clean_on_cluster(store: LakeStore, hours: Sequence[datetime]) -> Iterator[HourResult]:
    """Clean hours on executors and yield their results. A failing hour does not stop the others.

    Hours are independent, so there is no shuffle: executors read and write the lake themselves. `store` is
    sent to them and must be picklable, as FolderStore and BucketStore are.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - installed only in Glue Spark and for its test

    builder = SparkSession.builder.appName("velib_clean_job")
    # An executor is a process of its own, which reads the network when it imports the package.
    context = builder.config("spark.executorEnv.VELIB_NETWORK", KEY).getOrCreate().sparkContext

    def rebuild(register: Register, batch: Sequence[datetime]) -> Iterator[HourResult]:
        slices = max(1, -(-len(batch) // _HOURS_PER_TASK))
        results = context.parallelize(list(batch), slices).map(
            lambda hour: rebuild_hour(store, hour, register)
        )
        return iter(results.toLocalIterator(prefetchPartitions=True))

    return clean_with_register(store, hours, rebuild, batch=_CLUSTER_BATCH)


def recent_hours(store: LakeStore) -> Tuple[List[datetime], List[datetime]]:
    """Return the outdated and the current hours of the two days before the newest snapshot.

    Two days, so that hours missed in an outage of Glue are cleaned without Dagster. An hour whose raw
    objects are all quarantined is in neither list: it would fail in every run.
    """
    newest = newest_snapshot(store)
    if newest is None:
        return [], []
    register = load_register(store).register
    outdated: List[datetime] = []
    current: List[datetime] = []
    for hour, objects in objects_by_hour(store, "raw", hour_of(newest) - RECENT, newest).items():
        listing = [(item.key, store.hash(item)) for item in objects if raw_time(item.key)]
        footer = footer_of(store, hour)
        if footer and footer.digest == current_digest(store, hour, listing, footer, register):
            current.append(hour)
        elif footer or has_usable_raw(store, hour, [key for key, _ in listing]):
            outdated.append(hour)
    return outdated, current


def hours_of(text: str) -> List[datetime]:
    """Parse `2022-06-04T00..2022-06-05T23,2022-06-07T01`: ranges with both ends included, or single hours.

    Raises:
        ValueError: if a part is not an hour.
    """
    hours: List[datetime] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        hours += hours_between(parse_hour(first), parse_hour(last or first))
    return sorted(set(hours))


def _parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the job's arguments; Glue's own are ignored."""
    parser = argparse.ArgumentParser(prog="velib_clean_job", allow_abbrev=False)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--account", default="")
    parser.add_argument("--region", default="")
    parser.add_argument("--database", default=DATABASE)
    parser.add_argument("--register", choices=REGISTER, default="false")
    parser.add_argument("--history", default="")
    parser.add_argument("--network", default=VELIB)
    parser.add_argument("--engine", choices=("shell", "spark"), default="shell")
    parser.add_argument("--hours", default=NEWEST)
    return parser.parse_known_args(list(argv))[0]
