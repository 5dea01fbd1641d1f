"""Jobs on AWS as runs of the Glue job: one run works on many hours, days or months."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic

import dagster as dg

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import PIPES_PREFIX, Names
from velib_assets.aws.pipes_client import session
from velib_assets.aws.remote_work_client import Period, RemoteWork, Result
from velib_assets.clean.hour_result import HourResult
from velib_assets.lake.keys import HOUR, hour_text

_POLL = 2.0  # seconds
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_BUSY, _BUSY_FOR = "ConcurrentRunsExceededException", 900.0  # seconds to wait for other runs to end
_SILENT_FOR = 300.0  # seconds for which polling may fail while the run continues
_DEFAULT_TIMEOUT, _GRACE = 2880, 600.0  # minutes; seconds for Glue to apply a time-out

HOURS = RemoteWork(
    argument="hours",
    word="hour",
    text=hour_text,
    following=lambda hour: hour + HOUR,
    read=HourResult.of,
    period=lambda result: result.hour,
    failed=lambda hour, reason: HourResult(hour, None, reason),
)
"""The work of a clean job."""


class GlueJob(Generic[Period, Result]):
    """Does its work in runs of the Glue job. A run is stopped if Dagster's run is cancelled."""

    def __init__(self, names: Names, work: RemoteWork[Period, Result], poll: float = _POLL) -> None:
        self._names, self._work, self._poll = names, work, poll
        self.links: dict[str, str] = {}

    def run(self, periods: Iterable[Period]) -> Iterator[Result]:
        """Work on periods and yield their results. A failing one does not stop the others."""
        for text, pending in self._work.requests(periods):
            yield from self._results(text, pending)

    def _results(self, text: str, pending: dict[Period, None]) -> Iterator[Result]:
        """Yield the results of one run; periods without a result get the run's own outcome."""
        work = self._work
        try:
            with session(self._names.bucket, self._names.region) as pipes:
                arguments = {f"--{work.argument}": text, "--register": "false"}
                arguments |= pipes.get_bootstrap_cli_arguments()
                with GlueRun(self._names, arguments, self._poll) as run:
                    self.links = {"glue_run": run.link}
                    dg.OpExecutionContext.get().log.info(f"Glue run {run.id}: {run.link}")
                    read = 0
                    for _ in run.poll():
                        messages = pipes.get_custom_messages()
                        yield from work.new_results(messages[read:], pending)
                        read = len(messages)
            yield from work.new_results(pipes.get_custom_messages()[read:], pending)
            reason = run.outcome(work.word) if pending else ""
        except AwsError as error:
            reason = str(error)
        yield from (work.failed(period, reason) for period in pending)


class GlueRun:
    """One run, as a context manager that stops the run if it has not ended. `poll` is in seconds.

    Raises:
        AwsError: if Glue does not start the run, or other runs block it for a quarter of an hour.
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
        if not self._ended and (reason := self._stop()):  # the original error matters more
            dg.get_dagster_logger().warning(
                f"the Glue run {self.id} was not stopped: {reason}. Stop it there: {self.link}"
            )

    def _stop(self) -> str:
        """Stop the run; return why that failed, or an empty text. Glue answers for each run of a batch."""
        try:
            errors = self._call("batch_stop_job_run", JobRunIds=[self.id]).get("Errors", [])
        except AwsError as error:
            return str(error)
        details = [error.get("ErrorDetail", {}) for error in errors]
        return "; ".join(f"{d.get('ErrorCode', '')} ({d.get('ErrorMessage', '')})" for d in details)

    def poll(self) -> Iterator[None]:
        """Yield after each poll, the last time when the run has ended.

        Raises:
            AwsError: if polling fails for five minutes, or the run exceeds its time-out.
        """
        last_success, end = time.monotonic(), float("inf")
        while not self._ended:
            try:
                state = self._state()
            except AwsError:
                if time.monotonic() - last_success > _SILENT_FOR:
                    raise
            else:
                if end == float("inf"):
                    end = last_success + 60 * state.get("Timeout", _DEFAULT_TIMEOUT) + _GRACE
                last_success = time.monotonic()
                self._ended = state["JobRunState"] in _ENDED
            yield
            if time.monotonic() > end:
                raise AwsError(f"the Glue run {self.id} exceeded its time-out and was stopped ({self.link})")
            if not self._ended:
                time.sleep(self._poll)

    def outcome(self, word: str = "hour") -> str:
        """Return the run's final state, Glue's error message and a link; `word` names a period."""
        state = self._state()
        reason = state.get("ErrorMessage") or (
            f"it sent no result for this {word}. Check that "
            f"s3://{self._names.bucket}/{PIPES_PREFIX} is readable"
        )
        return f"the Glue run {self.id} ended {state['JobRunState']}: {reason} ({self.link})"

    def _state(self) -> dict[str, Any]:
        return dict(self._call("get_job_run", RunId=self.id)["JobRun"])

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's response
        resource = f"the job {self._names.job}"
        return call(self._glue, method, resource, JobName=self._names.job, **arguments)
