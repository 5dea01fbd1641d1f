"""Jobs on AWS as calls of the clean function, each of which works for a few minutes."""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any, Generic, NamedTuple

from velib_assets.aws.api import AwsError, aws_errors, client
from velib_assets.aws.names import Names
from velib_assets.aws.pipes_client import session
from velib_assets.aws.remote_work_client import Period, RemoteWork, Result

_SECONDS = 240  # of a call: idle connections may be cut after 350 s on their way
_READ_TIMEOUT = 930  # seconds, above the function's own; a second call would clean the same hours again
_POLL = 1.0  # seconds
_WAITS = (1, 2, 4, 8, 16)  # seconds between attempts if Lambda did not run the function
_NOT_RUN = {
    "TooManyRequestsException",
    "ThrottlingException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "ServiceException",
}
_TIMED_OUT = "timed out"


class _Outcome(NamedTuple):
    """How a call ended; empty if it ended well. `timed_out` if Lambda stopped it."""

    reason: str = ""
    timed_out: bool = False


class LambdaJob(Generic[Period, Result]):
    """Does its work in calls of the function, until no period is left or a call makes no progress.

    A call begins no period after four minutes, and the next one takes what remains. If Lambda stops a call
    before its first result, its periods are halved. A call cannot be cancelled; it ends by itself.
    """

    def __init__(self, names: Names, work: RemoteWork[Period, Result], poll: float = _POLL) -> None:
        self._names, self._work, self._poll = names, work, poll
        self.links = {"clean_lambda": names.clean_function_link()}

    def run(self, periods: Iterable[Period]) -> Iterator[Result]:
        """Work on periods and yield their results. A failing one does not stop the others."""
        waiting = [list(pending) for _, pending in self._work.requests(periods)]
        while waiting:
            chunk = waiting.pop(0)
            pending = dict.fromkeys(chunk)
            outcome = yield from self._call(pending)
            left = list(pending)
            if not left:
                continue
            if len(left) < len(chunk):
                waiting.insert(0, left)
            elif outcome.timed_out and len(left) > 1:
                middle = len(left) // 2
                waiting[:0] = [left[:middle], left[middle:]]
            else:
                reason = (
                    outcome.reason
                    or f"{self._names.clean_function} sent no result for this {self._work.word}"
                )
                yield from (self._work.failed(period, reason) for period in left)

    def _call(self, pending: dict[Period, None]) -> Generator[Result, None, _Outcome]:
        """Yield the results of one call as they arrive, and remove their periods from `pending`."""
        work, read = self._work, 0
        text, _ = next(work.requests(pending))
        try:
            with session(self._names.bucket, self._names.region) as pipes:
                event = {work.argument: text, "seconds": _SECONDS}
                response = _started(partial(self._invoke, {**event, **pipes.get_bootstrap_env_vars()}))
                while not response.done():
                    time.sleep(self._poll)
                    messages = pipes.get_custom_messages()
                    yield from work.new_results(messages[read:], pending)
                    read = len(messages)
                outcome = self._outcome_of(response)
            yield from work.new_results(pipes.get_custom_messages()[read:], pending)
        except AwsError as error:
            return _Outcome(str(error))
        return outcome

    def _outcome_of(self, response: Future[dict[str, Any]]) -> _Outcome:
        """Return how a call ended; a call that broke off may have sent results, too."""
        try:
            error = response.result()
        except AwsError as failure:
            return _Outcome(str(failure))
        if not error:
            return _Outcome()
        kind, message = error.get("errorType", "error"), str(error.get("errorMessage", ""))
        link = self._names.clean_function_link()
        reason = f"{self._names.clean_function} failed: {kind}: {message} ({link})"
        return _Outcome(reason, timed_out=_TIMED_OUT in message.lower())

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Call the function; return the error with which it ended, or nothing."""
        for wait in (*_WAITS, None):
            try:
                return self._invoke_once(json.dumps(event).encode())
            except AwsError as error:
                if error.code not in _NOT_RUN or wait is None:
                    raise
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _invoke_once(self, payload: bytes) -> dict[str, Any]:
        function = self._names.clean_function
        lambda_ = client("lambda", self._names.region, read_timeout=_READ_TIMEOUT, attempts=1)
        with aws_errors(lambda_, f"the function {function}"):
            response = lambda_.invoke(FunctionName=function, Payload=payload)
            data = response["Payload"].read()
        try:
            return dict(json.loads(data)) if "FunctionError" in response else {}
        except ValueError:
            raise AwsError(
                f"the response of lambda for {function} is not JSON; is it a proxy's page?"
            ) from None


def _started(work: Callable[[], dict[str, Any]]) -> Future[dict[str, Any]]:
    """Start work in a thread that does not keep the process from ending, if Dagster's run is cancelled."""
    future: Future[dict[str, Any]] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for the result
            future.set_exception(error)

    Thread(target=run, name="clean-lambda", daemon=True).start()
    return future
