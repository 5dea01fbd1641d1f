"""What AWS Lambda runs: one snapshot of now into the bucket's raw.

Belongs here: the event, the environment, and failing by raising. Does not: the ingest step itself (ingest).

Event: `{"scheduled_at": "2026-11-23T10:15:00Z"}`, all optional: without it the clock's second is the
snapshot's time. `source` and `url` go before the function's own settings. Called twice for one time it
stores one object.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from typing import Any, Dict, Mapping

from velib_assets.aws.reporter import reporter_of_event
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.feeds.gbfs import GBFS_URL, Gbfs
from velib_assets.ingest.feeds.opendata import OPENDATA_URL, OpenData
from velib_assets.ingest.step import QUARANTINED, IngestResult, take_snapshot
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.listing import utc_now

METRIC_NAMESPACE, METRIC, DIMENSION = "Velib/Ingest", "SnapshotsStored", "FunctionName"


class QuarantinedError(Exception):
    """The answer was not usable: its bytes and the reason lie in quarantine."""


def handler(event: Mapping[str, Any], context: Any = None) -> Dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's
    """Take the snapshot; the outcome as `IngestResult.message`.

    Raises:
        QuarantinedError: for an answer that is not usable.
        FeedError: where the feed gave none.
        SlotExpiredError: where the slot of `scheduled_at` is over.
        AwsError: where the bucket refuses.
        ValueError: for an event or a setting that is not understood.
    """
    now = utc_now()
    store = BucketStore(os.environ["VELIB_BUCKET"], os.environ.get("VELIB_ACCOUNT", ""))
    with reporter_of_event(event) as reporter:
        taken = take_snapshot(store, _feed(event), _scheduled(event, now), now)
        reporter.message(taken.message())
        where = store.address(taken.key)
        if taken.state == QUARANTINED:
            raise QuarantinedError(f"not usable ({taken.code}): {taken.reason}; its bytes lie in {where}")
        reporter.info(f"{taken.state}: {taken.records} records, {taken.size} bytes in {where}")
    _count(taken)
    return taken.message()


def _feed(event: Mapping[str, Any]) -> Feed:
    source = event.get("source") or os.environ.get("VELIB_SOURCE") or "opendata"
    url = event.get("url") or ""
    if source == "opendata":
        return OpenData(url or os.environ.get("VELIB_OPENDATA_URL") or OPENDATA_URL)
    if source == "gbfs":
        return Gbfs(url or os.environ.get("VELIB_GBFS_URL") or GBFS_URL)
    raise ValueError(f"source {source!r} is not one that a Lambda can take: opendata or gbfs")


def _scheduled(event: Mapping[str, Any], now: datetime) -> datetime:
    text = event.get("scheduled_at")
    if not text:
        return now
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"scheduled_at {text!r} has no zone: write 2026-11-23T10:15:00Z")
    return moment.astimezone(timezone.utc).replace(microsecond=0)


def _count(taken: IngestResult) -> None:
    """A line that CloudWatch turns into a metric: the dead man's switch outside Dagster counts it."""
    metrics = [{"Name": METRIC, "Unit": "Count"}]
    metric = {"Namespace": METRIC_NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}
    about = {"Timestamp": int(utc_now().timestamp() * 1000), "CloudWatchMetrics": [metric]}
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    line = {"_aws": about, METRIC: 1, DIMENSION: name, "key": taken.key}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
