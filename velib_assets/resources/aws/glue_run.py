"""A run of the Glue job: started, watched in bounded time, and stopped where nobody waits any more.

Belongs here: Glue's own states and refusals. Does not: what the run does, or what it tells (clean_job).
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from velib_assets.aws_names import Names
from velib_assets.runtime.aws_call import AwsError, call, client

_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_DEADLINE = 3 * 3600.0  # seconds; the job's own time-out is two hours
_BUSY, _BUSY_FOR = "ConcurrentRunsExceededException", 900.0  # seconds to wait for a free run


class GlueRun:
    """One run; `poll` seconds lie between two looks.

    Raises:
        AwsError: where Glue refuses to start it, or no run gets free within a quarter of an hour.
    """

    def __init__(self, names: Names, arguments: Mapping[str, str], poll: float) -> None:
        self._names, self._poll = names, poll
        self._glue = client("glue", names.region)
        self.id = self._start(dict(arguments))
        self.link = names.run_link(self.id)

    def _start(self, arguments: dict[str, str]) -> str:
        end = time.monotonic() + _BUSY_FOR
        while True:
            try:
                return str(self._call("start_job_run", Arguments=arguments)["JobRunId"])
            except AwsError as error:
                if error.code != _BUSY or time.monotonic() > end:
                    raise
            time.sleep(self._poll * 5)

    def looks(self) -> Iterator[None]:
        """One turn a look at the run, the last when it has ended.

        Raises:
            AwsError: where it goes on for over three hours, or Glue does not answer; it is stopped then.
        """
        end = time.monotonic() + _DEADLINE
        ended = False
        try:
            while not ended:
                state = self._state()["JobRunState"]
                ended = state in _ENDED
                yield
                if not ended and time.monotonic() > end:
                    raise AwsError(
                        f"the Glue run {self.id} is {state} after 3 h and was stopped ({self.link})"
                    )
                if not ended:
                    time.sleep(self._poll)
        finally:
            if not ended:
                with contextlib.suppress(AwsError):  # what ends the wait is what counts
                    self._call("batch_stop_job_run", JobRunIds=[self.id])

    def ending(self) -> str:
        """How it ended, in Glue's own words, and where to look."""
        found = self._state()
        reason = found.get("ErrorMessage") or "no reason was given"
        return f"the Glue run {self.id} ended {found['JobRunState']}: {reason} ({self.link})"

    def _state(self) -> dict[str, Any]:
        return dict(self._call("get_job_run", RunId=self.id)["JobRun"])

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's answer
        resource = f"the job {self._names.job}"
        return call(self._glue, method, resource, JobName=self._names.job, **arguments)
