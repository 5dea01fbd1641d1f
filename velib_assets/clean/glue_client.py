"""The clean job on AWS: one run of the Glue job cleans many hours."""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.aws.api import AwsError, call, client
from velib_assets.aws.names import PIPES_PREFIX, Names
from velib_assets.aws.pipes_client import session
from velib_assets.clean.hour_result import HourResult
from velib_assets.lake.keys import contiguous, hour_text, hours_between

_POLL = 2.0  # seconds
MOST_RANGES = 200  # per run, because the length of its arguments is limited
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_BUSY, _BUSY_FOR = "ConcurrentRunsExceededException", 900.0  # seconds to wait for other runs to end
_SILENT_FOR = 300.0  # seconds for which polling may fail while the run continues
_DEFAULT_TIMEOUT, _GRACE = 2880, 600.0  # minutes; seconds for Glue to apply a time-out

_Ranges = list[tuple[datetime, datetime]]


class GlueCleanJob:
    """Cleans with runs of the Glue job. A run is stopped if Dagster's run is cancelled."""

    def __init__(self, names: Names, poll: float = _POLL) -> None:
        self._names, self._poll = names, poll
        self.links: dict[str, str] = {}

    def run(self, hours: Iterable[datetime]) -> Iterator[HourResult]:
        """See CleanJob."""
        ranges = contiguous(hours)
        for start in range(0, len(ranges), MOST_RANGES):
            yield from self._results(ranges[start : start + MOST_RANGES])

    def _results(self, ranges: _Ranges) -> Iterator[HourResult]:
        """Yield the results of one run; hours without a result get the run's own outcome."""
        pending = dict.fromkeys(hour for first, last in ranges for hour in hours_between(first, last))
        try:
            with session(self._names.bucket, self._names.region) as pipes:
                arguments = {"--hours": format_ranges(ranges), "--register": "false"}
                arguments |= pipes.get_bootstrap_cli_arguments()
                with GlueRun(self._names, arguments, self._poll) as run:
                    self.links = {"glue_run": run.link}
                    dg.OpExecutionContext.get().log.info(f"Glue run {run.id}: {run.link}")
                    read = 0
                    for _ in run.poll():
                        messages = pipes.get_custom_messages()
                        yield from new_results(messages[read:], pending)
                        read = len(messages)
            yield from new_results(pipes.get_custom_messages()[read:], pending)
            reason = run.outcome() if pending else ""
        except AwsError as error:
            reason = str(error)
        yield from (HourResult(hour, None, reason) for hour in pending)


def new_results(messages: Iterable[Any], pending: dict[datetime, None]) -> Iterator[HourResult]:
    """Yield results of pending hours, each once, and remove those hours from `pending`."""
    for result in map(HourResult.of, messages):
        if result.hour in pending:
            del pending[result.hour]
            yield result


def format_ranges(ranges: _Ranges) -> str:
    """Format ranges as the job reads them: `2022-06-04T00..2022-06-05T23,…`."""
    return ",".join(f"{hour_text(first)}..{hour_text(last)}" for first, last in ranges)


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

    def outcome(self) -> str:
        """Return the run's final state, Glue's error message and a link."""
        state = self._state()
        reason = state.get("ErrorMessage") or (
            "it sent no result for this hour. Check that "
            f"s3://{self._names.bucket}/{PIPES_PREFIX} is readable"
        )
        return f"the Glue run {self.id} ended {state['JobRunState']}: {reason} ({self.link})"

    def _state(self) -> dict[str, Any]:
        return dict(self._call("get_job_run", RunId=self.id)["JobRun"])

    def _call(self, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's response
        resource = f"the job {self._names.job}"
        return call(self._glue, method, resource, JobName=self._names.job, **arguments)
