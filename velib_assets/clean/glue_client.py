"""The clean job on AWS: one run of the Glue job cleans many hours."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.aws.api import AwsError
from velib_assets.aws.names import Names
from velib_assets.aws.pipes_client import session
from velib_assets.clean.clean_result import CleanResult
from velib_assets.clean.glue_run_client import GlueRun
from velib_assets.lake.keys import contiguous, hour_text, hours_between

_POLL = 2.0  # seconds
_MOST_RANGES = 200  # per run, because the length of its arguments is limited

_Ranges = list[tuple[datetime, datetime]]


class GlueCleanJob:
    """Cleans with runs of the Glue job. A run is stopped if Dagster's run is cancelled."""

    def __init__(self, names: Names, poll: float = _POLL) -> None:
        self._names, self._poll = names, poll
        self.links: dict[str, str] = {}

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """See CleanJob."""
        ranges = contiguous(hours)
        for start in range(0, len(ranges), _MOST_RANGES):
            yield from self._results(ranges[start : start + _MOST_RANGES])

    def _results(self, ranges: _Ranges) -> Iterator[CleanResult]:
        """Yield the results of one run; hours without a result get the run's own outcome."""
        pending = dict.fromkeys(hour for first, last in ranges for hour in hours_between(first, last))
        try:
            with session(self._names.bucket, self._names.region) as pipes:
                arguments = {"--hours": _format(ranges), "--register": "false"}
                arguments |= pipes.get_bootstrap_cli_arguments()
                with GlueRun(self._names, arguments, self._poll) as run:
                    self.links = {"glue_run": run.link}
                    dg.OpExecutionContext.get().log.info(f"Glue run {run.id}: {run.link}")
                    read = 0
                    for _ in run.poll():
                        messages = pipes.get_custom_messages()
                        yield from _new_results(messages[read:], pending)
                        read = len(messages)
            yield from _new_results(pipes.get_custom_messages()[read:], pending)
            trouble = run.outcome() if pending else ""
        except AwsError as error:
            trouble = str(error)
        yield from (CleanResult(hour, None, trouble) for hour in pending)


def _new_results(messages: Iterable[Any], pending: dict[datetime, None]) -> Iterator[CleanResult]:
    """Yield results of pending hours, each once, and remove those hours from `pending`."""
    for result in map(CleanResult.of, messages):
        if result.hour in pending:
            del pending[result.hour]
            yield result


def _format(ranges: _Ranges) -> str:
    return ",".join(f"{hour_text(first)}..{hour_text(last)}" for first, last in ranges)
