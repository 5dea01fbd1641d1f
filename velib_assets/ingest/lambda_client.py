"""The ingest step as an AWS Lambda.

Belongs here: calling the function and reading what came of it. Does not: the step itself (runtime.ingest).
"""

import json
import time
from datetime import datetime
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import Names
from velib_assets.aws.pipes_client import session
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.local_ingest import LocalIngest
from velib_assets.ingest.raw_object import iso
from velib_assets.ingest.step import QUARANTINED, IngestResult
from velib_assets.lake.store import LakeStore

_READ_TIMEOUT = 180  # over the function's own: boto3 would give up at 60 s and call it twice
_WAITS = (1, 2, 4, 8)  # seconds, where the account has too many functions running
_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "ResourceConflictException"}


class LambdaError(AwsError):
    """The function failed: its own words, and where its log is."""


class LambdaIngest(LocalIngest):
    """Ticks are taken by the Lambda; hours are restored from here, for an archive may be a local folder.

    Args:
        store: the bucket.
        feed: what the function is told to ask; its `url` is empty where its own settings say it.
    """

    def __init__(self, store: LakeStore, feed: Feed, names: Names, url: str = "") -> None:
        super().__init__(store, feed)
        self._names, self._url = names, url
        self.links = {"lambda": names.function_link()}

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:  # noqa: ARG002 - the function has a clock
        """See Ingest.

        Raises:
            LambdaError: where the function failed.
            AwsError: where it could not be called.
        """
        event = {"scheduled_at": iso(ingested_at), "source": self.source, "url": self._url}
        with session(self._names.bucket, self._names.region) as pipes:
            answer = self._invoke({**event, **pipes.get_bootstrap_env_vars()})
            payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" not in answer:
            return IngestResult.of(payload)
        told = [IngestResult.of(message) for message in pipes.get_custom_messages()]
        if told and told[-1].state == QUARANTINED:
            return told[-1]
        name, words = payload.get("errorType", answer["FunctionError"]), payload.get("errorMessage", "")
        where = self._names.function_link()
        raise LambdaError(f"{self._names.function} failed: {name}: {words} ({where})", name)

    def _invoke(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - boto3's answer
        lambda_ = client("lambda", self._names.region, read_timeout=_READ_TIMEOUT, attempts=1)
        resource = f"the function {self._names.function}"
        payload = json.dumps(event).encode()
        for wait in (*_WAITS, None):
            try:
                return call(lambda_, "invoke", resource, FunctionName=self._names.function, Payload=payload)
            except AwsError as error:
                if wait is None or error.code not in _THROTTLED:
                    raise
                time.sleep(wait)
        raise AssertionError  # pragma: no cover - the last turn raises
