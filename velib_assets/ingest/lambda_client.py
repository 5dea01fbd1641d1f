"""The ingest resource on AWS: ticks call the Lambda function."""

import json
import time
from datetime import datetime
from functools import partial
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.aws.pipes_client import session
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.ingest_result import QUARANTINED, IngestResult
from velib_assets.ingest.step import Ingest
from velib_assets.lake.keys import SOURCE, iso_utc
from velib_assets.lake.store import LakeStore

_READ_TIMEOUT = 180  # seconds, above the function's own; at boto3's default of 60 s it would call twice
_WAITS = (1, 2, 4, 8)  # seconds between attempts if the account runs too many functions
_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "ResourceConflictException"}


class LambdaIngest(Ingest):
    """Takes snapshots with the Lambda function. Hours are restored here, because an archive may be local.

    Args:
        store: the bucket.
        feed: the feed that the function fetches.
        names: the deployed resources.
        url: the feed's base URL; empty for the function's own setting.
    """

    def __init__(self, store: LakeStore, feed: Feed, names: Names, url: str = "") -> None:
        super().__init__(store, feed)
        self._names, self._url = names, url
        self.links = {"lambda": names.function_link()}

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:  # noqa: ARG002 - Lambda's clock counts
        """See Ingest.

        Raises:
            AwsError: if the function cannot be called, or fails; then with its error and a link to its log.
        """
        event = {
            "scheduled_at": iso_utc(ingested_at),
            "source": self.source,
            "url": self._url,
            "network": SOURCE,
        }
        with session(self._names.bucket, self._names.region) as pipes:
            response = self._invoke({**event, **pipes.get_bootstrap_env_vars()})
            payload = json.loads(response["Payload"].read() or b"null")
        if "FunctionError" not in response:
            return IngestResult.of(payload)
        results = [IngestResult.of(message) for message in pipes.get_custom_messages()]
        if results and results[-1].state == QUARANTINED:
            return results[-1]
        name, message = payload.get("errorType", response["FunctionError"]), payload.get("errorMessage", "")
        link = self._names.function_link()
        raise AwsError(f"{self._names.function} failed: {name}: {message} ({link})", name)

    def _invoke(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - boto3's response
        lambda_ = client("lambda", self._names.region, read_timeout=_READ_TIMEOUT, attempts=1)
        arguments = {"FunctionName": self._names.function, "Payload": json.dumps(event).encode()}
        invoke = partial(call, lambda_, "invoke", f"the function {self._names.function}", **arguments)
        for wait in _WAITS:
            try:
                return invoke()
            except AwsError as error:
                if error.code not in _THROTTLED:
                    raise
                time.sleep(wait)
        return invoke()
