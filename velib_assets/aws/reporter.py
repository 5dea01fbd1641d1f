"""Messages from a Lambda or a Glue job: to Dagster through Pipes if Dagster started it, else to the log."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import Any, ContextManager, Dict, Iterator, Mapping, Optional, Sequence

from dagster_pipes import (
    PipesCliArgsParamsLoader,
    PipesContext,
    PipesMappingParamsLoader,
    PipesParamsLoader,
    PipesS3ContextLoader,
    PipesS3MessageWriter,
)

from velib_assets.aws.api import bucket_client

_INTERVAL = 0.5  # seconds between two uploads of messages


class Reporter:
    """Reports progress and outcomes; without Dagster, progress goes to the log."""

    def __init__(self, pipes: Optional[PipesContext] = None) -> None:
        self._pipes = pipes

    def info(self, text: str) -> None:
        """Report a line of text."""
        (self._pipes.log if self._pipes else logging.getLogger("velib")).info(text)

    def message(self, payload: Dict[str, Any]) -> None:
        """Report an outcome as JSON, which only Dagster receives."""
        if self._pipes:
            self._pipes.report_custom_message(payload)


def reporter_of_event(
    event: Mapping[str, Any], region: str = "", account: str = ""
) -> ContextManager[Reporter]:
    """Open the reporter for the event of a Lambda. Region and account are those of the bucket."""
    return _open(
        PipesMappingParamsLoader(event) if "DAGSTER_PIPES_CONTEXT" in event else None, region, account
    )


def reporter_of_arguments(
    argv: Sequence[str], region: str = "", account: str = ""
) -> ContextManager[Reporter]:
    """Open the reporter for the arguments of a Glue job, which dagster_pipes reads from `sys.argv`."""
    started_by_dagster = any(argument.startswith("--dagster-pipes-context") for argument in argv)
    loader = PipesCliArgsParamsLoader() if started_by_dagster else None  # type: ignore[no-untyped-call]
    return _open(loader, region, account)


@contextmanager
def _open(loader: Optional[PipesParamsLoader], region: str, account: str) -> Iterator[Reporter]:
    if loader is None:
        yield Reporter()
        return
    s3 = bucket_client(region or None, account)
    # Not open_dagster_pipes: in a warm Lambda it returns the closed context of the previous call.
    with PipesContext(
        loader, PipesS3ContextLoader(s3), PipesS3MessageWriter(s3, interval=_INTERVAL)
    ) as pipes:
        yield Reporter(pipes)
