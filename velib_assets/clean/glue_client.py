"""The clean job as an AWS Glue job: one run for many hours.

Belongs here: what is asked of a run, and what each hour came to. Does not: waiting for it (glue_run), or
cleaning (runtime.glue_clean), which the run does.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.aws.api import AwsError
from velib_assets.aws.names import Names
from velib_assets.aws.pipes_client import session
from velib_assets.clean.glue_run_client import GlueRun
from velib_assets.clean.messages import result_from_message
from velib_assets.clean.rebuild import CleanResult
from velib_assets.lake.keys import contiguous, hour_text, hours_between

_POLL = 2.0  # seconds
_RANGES = 200  # in one run: the text of its arguments has an end

_Ranges = list[tuple[datetime, datetime]]


class GlueCleanJob:
    """Cleans by runs of the Glue job; a run that Dagster gives up is stopped."""

    def __init__(self, names: Names, poll: float = _POLL) -> None:
        self._names, self._poll = names, poll
        self.links: dict[str, str] = {}

    def run(self, hours: Iterable[datetime]) -> Iterator[CleanResult]:
        """See CleanJob."""
        ranges = contiguous(hours)
        for start in range(0, len(ranges), _RANGES):
            yield from self._results(ranges[start : start + _RANGES])

    def _results(self, ranges: _Ranges) -> Iterator[CleanResult]:
        """Each hour of one run; of an hour that the run told nothing of, its end is the trouble."""
        left = dict.fromkeys(hour for first, last in ranges for hour in hours_between(first, last))
        try:
            with session(self._names.bucket, self._names.region) as pipes:
                arguments = {"--hours": _text(ranges), "--register": "false"}
                arguments |= pipes.get_bootstrap_cli_arguments()
                with GlueRun(self._names, arguments, self._poll) as run:
                    self.links = {"glue_run": run.link}
                    dg.OpExecutionContext.get().log.info(f"Glue run {run.id}: {run.link}")
                    told = 0
                    for _ in run.poll():
                        messages = pipes.get_custom_messages()
                        yield from _told(messages[told:], left)
                        told = len(messages)
            yield from _told(pipes.get_custom_messages()[told:], left)
            trouble = run.ending() if left else ""
        except AwsError as error:
            trouble = str(error)
        yield from (CleanResult(hour, None, trouble) for hour in left)


def _told(messages: Iterable[Any], left: dict[datetime, None]) -> Iterator[CleanResult]:
    """The hours that messages tell of, each once, and no longer among those left."""
    for result in map(result_from_message, messages):
        if result.hour in left:
            del left[result.hour]
            yield result


def _text(ranges: _Ranges) -> str:
    return ",".join(f"{hour_text(first)}..{hour_text(last)}" for first, last in ranges)
