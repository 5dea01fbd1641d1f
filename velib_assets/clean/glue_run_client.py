"""A run of the Glue job: started, watched in bounded time, and stopped where nobody waits any more.

Belongs here: Glue's own states and refusals. Does not: what the run does, or what it tells (clean_job).
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import PIPES_PREFIX, Names

_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_BUSY, _BUSY_FOR = "ConcurrentRunsExceededException", 900.0  # seconds to wait for a free run
_SILENT_FOR = 300.0  # seconds in which Glue may fail to answer while the run goes on
_LONGEST, _GRACE = 2880, 600.0  # minutes, where the run names no time-out; seconds for Glue to keep it


class GlueRun:
    """One run, as a context: what has not ended when the context does is stopped. `poll` is in seconds.

    Raises:
        AwsError: where Glue refuses to start it, or no run gets free within a quarter of an hour.
    """

    def __init__(self, names: Names, arguments: Mapping[str, str], poll: float) -> None:
        self._names, self._arguments, self._poll = names, dict(arguments), poll
        self._glue = client("glue", names.region)
        self._ended = False
        self.id, self.link = "", ""

    def __enter__(self) -> "GlueRun":
        end = time.monotonic() + _BUSY_FOR
        while not self.id:
            try:
                self.id = str(self._call("start_job_run", Arguments=self._arguments)["JobRunId"])
            except AwsError as error:
                if error.code != _BUSY or time.monotonic() > end:
                    raise
                time.sleep(self._poll * 5)
        self.link = self._names.run_link(self.id)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            with contextlib.suppress(AwsError):  # what ended the wait is what counts
                self._call("batch_stop_job_run", JobRunIds=[self.id])

    def poll(self) -> Iterator[None]:
        """One turn a look at the run, the last when it has ended; its own time-out bounds it.

        Raises:
            AwsError: where Glue does not answer for five minutes, or leaves the run beyond its time-out.
        """
        seen, end = time.monotonic(), float("inf")
        while not self._ended:
            try:
                found = self._state()
            except AwsError:
                if time.monotonic() - seen > _SILENT_FOR:
                    raise
            else:
                end = seen + 60 * found.get("Timeout", _LONGEST) + _GRACE if end == float("inf") else end
                seen = time.monotonic()
                self._ended = found["JobRunState"] in _ENDED
            yield
            if time.monotonic() > end:
                raise AwsError(f"the Glue run {self.id} outlasts its time-out and was stopped ({self.link})")
            if not self._ended:
                time.sleep(self._poll)

    def ending(self) -> str:
        """How it ended, in Glue's own words, and where to look."""
        found = self._state()
        reason = found.get("ErrorMessage") or (
            f"it told nothing of this hour; can s3://{self._names.bucket}/{PIPES_PREFIX} be read?"
        )
        return f"the Glue run {self.id} ended {found['JobRunState']}: {reason} ({self.link})"

    def _state(self) -> dict[str, Any]:
        return dict(self._call("get_job_run", RunId=self.id)["JobRun"])

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's answer
        resource = f"the job {self._names.job}"
        return call(self._glue, method, resource, JobName=self._names.job, **arguments)
