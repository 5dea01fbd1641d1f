"""The Lambda function that cleans hours: the Glue job's code, in calls of a few minutes.

The event is `{"hours": "2022-06-04T00..2022-06-05T23", "register": "true", "seconds": 240}`; all keys are
optional, and hours and register are as the Glue job's arguments. So is `history`, in place of hours. A
`network` must be the function's own.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Union

from velib_assets.aws.reporter import reporter_of_event
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.clean.glue_job import NEWEST, REGISTER, THREADS, clean_and_register
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.history.remote_history import ARGUMENT, TimedHistory
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.network import ensure_network
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import LakeStore

_RESERVE = 180.0  # seconds before the time-out: two batches of hours, their register and their registration
_SECONDS = 600.0  # by default, of the 15 minutes that a function may take


class UnfinishedError(Exception):
    """Periods remain, because the call's time is over. Call again with them, or with `newest`."""


def handler(event: Mapping[str, Any], context: Any = None) -> Dict[str, Any]:  # noqa: ANN401 - Lambda's
    """Clean hours or build history, send the results to Dagster, and register them if requested.

    Returns:
        `{"cleaned": number of hours}`, or `{"built": number of days and months}`.

    Raises:
        UnfinishedError: hours, days or months remain. Those that were done are reported and registered.
        CleanError, HistoryError: with the hours, days or months that failed.
        AwsError: if a request to the bucket or the catalog fails.
        ValueError: if the event is invalid.
    """
    ensure_network(event.get("network"), os.environ)
    hours, register = str(event.get("hours") or NEWEST), str(event.get("register") or "false")
    if register not in REGISTER:
        raise ValueError(f"register {register!r} is not one of {', '.join(REGISTER)}")
    bucket, region = os.environ["VELIB_BUCKET"], os.environ.get("AWS_REGION", "")
    account = os.environ.get("VELIB_ACCOUNT", "")
    store = BucketStore(bucket, account, region)
    catalog = GlueTable(os.environ.get("VELIB_DATABASE") or DATABASE, bucket, region)
    end = end_of(float(event.get("seconds") or _SECONDS), context)
    with reporter_of_event(event, region, account) as reporter:
        work: Union[TimedHistory, TimedClean]
        if event.get(ARGUMENT):
            done, periods = "built", "days and months"
            work = TimedHistory(store, catalog, reporter, end)
            work.build(str(event[ARGUMENT]), register=register == "true")
        else:
            done, periods = "cleaned", "hours"
            work = TimedClean(store, end)
            clean_and_register(store, catalog, hours, register, work.run, reporter)
    if work.remaining:  # outside of the session with Dagster, whose log would call it an error
        raise UnfinishedError(f"{work.remaining} of {work.requested} {periods} remain")
    return {done: work.requested}


class TimedClean:
    """Cleans hours until a moment of the monotonic clock; `remaining` hours were not begun then."""

    def __init__(self, store: LakeStore, end: float) -> None:
        self._store, self._end = store, end
        self.requested = self.remaining = 0

    def run(self, hours: Sequence[datetime]) -> Iterator[HourResult]:
        """Clean hours and yield their results; at least one hour is begun."""
        self.requested = self.remaining = len(hours)
        return LocalCleanJob(self._store, THREADS).run(self._begun(list(hours)))

    def _begun(self, hours: List[datetime]) -> Iterator[datetime]:
        for number, hour in enumerate(hours):
            if number and time.monotonic() > self._end:
                return
            self.remaining -= 1
            yield hour


def end_of(seconds: float, context: Any) -> float:  # noqa: ANN401 - Lambda's
    """Return when to begin no more hours, on the monotonic clock."""
    if context is not None:
        seconds = min(seconds, context.get_remaining_time_in_millis() / 1000 - _RESERVE)
    return time.monotonic() + max(0.0, seconds)
