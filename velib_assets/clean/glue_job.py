"""What AWS Glue runs: hours of the bucket's raw into clean, in one Python process or over a Spark cluster.

Belongs here: the job's arguments, its order of steps, and failing by raising. Does not: cleaning
(clean_job), the catalog (glue_table), Spark (spark_clean).
"""

from __future__ import annotations

import argparse
import logging
import sys
from datetime import datetime
from typing import Iterator, List, Optional, Sequence, Tuple

from velib_assets.aws.reporter import Reporter, reporter_of_arguments
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.catalog.registration import partition_of, register_until_stable
from velib_assets.clean.hour import digest_of
from velib_assets.clean.messages import result_message
from velib_assets.clean.rebuild import CleanResult, clean_lake_hours, footer_of
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, parse_hour, raw_time
from velib_assets.lake.listing import days_in, newest_snapshot, refused_keys
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import LakeStore

NEWEST = "newest"
RECENT = 47 * HOUR  # before the newest one
_THREADS = 2  # a sixteenth of a DPU has 1 GB of memory; an hour under way takes some 60 MB


class CleanError(Exception):
    """Hours that could not be cleaned; the others were."""


def main(argv: Sequence[str]) -> None:
    """Clean the hours asked for, tell of each, and register them where asked.

    Raises:
        CleanError: naming the hours that failed.
        AwsError: where the bucket or the catalog refuses.
        ValueError: for arguments that are not understood.
    """
    asked = _arguments(argv)
    store = BucketStore(asked.bucket, asked.account, asked.region)
    with reporter_of_arguments(argv) as reporter:
        if asked.hours == NEWEST:
            hours, current = newest_hours(store)
        else:
            hours, current = hours_of(asked.hours), []
        reporter.info(f"{len(hours)} hours to clean ({asked.engine})")
        written, troubles = _clean(store, hours, asked.engine, reporter)
        if asked.register == "true":  # also what a run before cleaned, and then did not come to register
            parts = [partition_of(store, hour) for hour in sorted([*current[-3:], *written])]
            table = GlueTable(asked.database, asked.bucket, asked.region)
            changed = register_until_stable(store, parts, table.register)
            reporter.info(f"{changed} of {len(parts)} partitions are new or changed")
        if troubles:
            raise CleanError("; ".join(troubles))


def _clean(
    store: BucketStore, hours: Sequence[datetime], engine: str, reporter: Reporter
) -> Tuple[List[datetime], List[str]]:
    """The hours that were written, and the troubles of those that were not."""
    written: List[datetime] = []
    troubles: List[str] = []
    for result in _results(store, hours, engine):
        reporter.message(result_message(result))
        if result.cleaned and result.cleaned.size:
            written.append(result.hour)
            reporter.info(
                f"{hour_text(result.hour)}: {result.cleaned.rows} rows, {result.cleaned.size} bytes"
            )
        else:
            why = result.trouble or "no raw snapshot of it is usable"
            troubles.append(f"{hour_text(result.hour)}: {why}")
    return written, troubles


def _results(store: BucketStore, hours: Sequence[datetime], engine: str) -> Iterator[CleanResult]:
    if engine == "spark":
        from velib_assets.clean.spark import clean_on_cluster  # noqa: PLC0415 - Glue Spark alone has it

        return clean_on_cluster(store, hours)
    return clean_lake_hours(store, hours, _THREADS)


def newest_hours(store: LakeStore) -> Tuple[List[datetime], List[datetime]]:
    """Of the two days up to the newest snapshot: the hours to clean, and those that are current.

    Two days, so that an outage of Glue heals without Dagster too. An hour of which every raw object was
    refused already is neither: it would fail each run.
    """
    newest = newest_snapshot(store)
    if newest is None:
        return [], []
    stale: List[datetime] = []
    current: List[datetime] = []
    for hour, objects in days_in(store, "raw", hour_of(newest) - RECENT, newest).items():
        listing = [(item.key, store.hash(item)) for item in objects if raw_time(item.key)]
        footer = footer_of(store, hour)
        if footer and footer.digest == digest_of(listing):
            current.append(hour)
        elif footer or not {key for key, _ in listing} <= refused_keys(store, hour):
            stale.append(hour)
    return stale, current


def hours_of(text: str) -> List[datetime]:
    """Hours from `2022-06-04T00..2022-06-05T23,2022-06-07T01`: ranges with both ends, or single hours.

    Raises:
        ValueError: naming the part that is none.
    """
    hours: List[datetime] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        hours += hours_between(parse_hour(first), parse_hour(last or first))
    return sorted(set(hours))


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The job's arguments; Glue's own are passed over."""
    parser = argparse.ArgumentParser(prog="velib_clean_job", allow_abbrev=False)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--account", default="")
    parser.add_argument("--region", default="")
    parser.add_argument("--database", default=DATABASE)
    parser.add_argument("--register", choices=("true", "false"), default="false")
    parser.add_argument("--engine", choices=("shell", "spark"), default="shell")
    parser.add_argument("--hours", default=NEWEST)
    return parser.parse_known_args(list(argv))[0]


def run(argv: Optional[Sequence[str]] = None) -> None:
    """The script's entry: Glue takes an exception that leaves it for the run's error."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s")
    main(sys.argv[1:] if argv is None else argv)
