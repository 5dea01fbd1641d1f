"""The Lambda function: takes the current snapshot into the bucket's raw layer.

The event is `{"scheduled_at": "2026-11-23T10:15:00Z"}`. All keys are optional: without `scheduled_at` the
snapshot has the current time, and `source` and `url` override the function's settings. A `network` must be
the function's own. Two calls with one time store one object.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from typing import Any, Dict, Mapping

from velib_assets.aws.reporter import reporter_of_event
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.ingest_result import QUARANTINED, IngestResult
from velib_assets.ingest.step import Ingest
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import ensure_network, use_network_file
from velib_assets.lake.network_facts import read_network_file

METRIC_NAMESPACE, METRIC, DIMENSION = "Velib/Ingest", "SnapshotsStored", "FunctionName"


class QuarantinedError(Exception):
    """The response was not usable. Its bytes and the reason are in quarantine."""


def handler(event: Mapping[str, Any], context: Any = None) -> Dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's
    """Take the snapshot.

    Returns:
        The result, as `IngestResult.message`.

    Raises:
        QuarantinedError: if the response is not usable.
        FeedError: if the feed gives no response.
        SlotExpiredError: if the slot of `scheduled_at` is over.
        AwsError: if the bucket cannot be read or written.
        ValueError: if the event or a setting is invalid.
    """
    now = utc_now()
    ensure_network(event.get("network"), os.environ)
    account, region = (os.environ.get(name, "") for name in ("VELIB_ACCOUNT", "AWS_REGION"))
    store = BucketStore(os.environ["VELIB_BUCKET"], account, region)
    use_network_file(lambda: read_network_file(store))
    source = str(event.get("source") or os.environ.get("VELIB_SOURCE") or "opendata")
    feed = live_feed(source, event.get("url") or "", os.environ)
    with reporter_of_event(event, region, account) as reporter:
        result = Ingest(store, feed).take(_scheduled_at(event, now), now)
        reporter.message(result.message())
        address = store.address(result.key)
        if result.state == QUARANTINED:
            raise QuarantinedError(
                f"the response is not usable ({result.code}): {result.reason}. It is stored at {address}"
            )
        reporter.info(f"{result.state}: {result.records} records, {result.size} bytes, {address}")
    _count(result)
    return result.message()


def _scheduled_at(event: Mapping[str, Any], now: datetime) -> datetime:
    text = event.get("scheduled_at")
    if not text:
        return now
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"scheduled_at {text!r} has no time zone. Use a form such as 2026-11-23T10:15:00Z")
    return moment.astimezone(timezone.utc).replace(microsecond=0)


def _count(result: IngestResult) -> None:
    """Print a line that CloudWatch turns into a metric; an alarm fires if the metric stops."""
    metrics = [{"Name": METRIC, "Unit": "Count"}]
    metric = {"Namespace": METRIC_NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}
    about = {"Timestamp": int(utc_now().timestamp() * 1000), "CloudWatchMetrics": [metric]}
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    line = {"_aws": about, METRIC: 1, DIMENSION: name, "key": result.key}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
