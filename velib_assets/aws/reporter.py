"""What a remote step tells while it works: to Dagster through Pipes where Dagster called it, and to its log.

Belongs here: the session with Dagster, if there is one. Does not: what is told (messages).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence

from velib_assets.aws.api import client

_LOG = logging.getLogger("velib")
_INTERVAL = 0.5  # seconds between two uploads of messages; dagster_pipes counts whole ones
_EVENT_KEY = "DAGSTER_PIPES_CONTEXT"
_ARGUMENT = "--dagster-pipes-context"


class Reporter:
    """Tells of the work; without Dagster to the log alone."""

    def __init__(self, pipes: Optional[Any] = None) -> None:  # noqa: ANN401 - a PipesContext
        self._pipes = pipes

    def info(self, text: str) -> None:
        """Say a line."""
        (self._pipes.log if self._pipes else _LOG).info(text)

    def message(self, payload: Dict[str, Any]) -> None:
        """Hand over an outcome."""
        if self._pipes:
            self._pipes.report_custom_message(payload)


@contextmanager
def reporter_of_event(event: Mapping[str, Any]) -> Iterator[Reporter]:
    """The reporter of a Lambda's event."""
    if _EVENT_KEY not in event:
        yield Reporter()
        return
    from dagster_pipes import PipesMappingParamsLoader  # noqa: PLC0415 - only where Dagster called

    with _session(lambda: PipesMappingParamsLoader(event)) as reporter:
        yield reporter


@contextmanager
def reporter_of_arguments(argv: Sequence[str]) -> Iterator[Reporter]:
    """The reporter of a Glue job's arguments, which dagster_pipes reads from `sys.argv` itself."""
    if not any(argument.startswith(_ARGUMENT) for argument in argv):
        yield Reporter()
        return
    from dagster_pipes import PipesCliArgsParamsLoader  # noqa: PLC0415 - only where Dagster called

    with _session(PipesCliArgsParamsLoader) as reporter:
        yield reporter


@contextmanager
def _session(loader: Callable[[], Any]) -> Iterator[Reporter]:
    from dagster_pipes import (  # noqa: PLC0415 - likewise
        PipesContext,
        PipesS3ContextLoader,
        PipesS3MessageWriter,
        open_dagster_pipes,
    )

    # A warm Lambda holds the closed session of the call before, which would be handed out again.
    PipesContext._instance = None
    s3 = client("s3")
    with open_dagster_pipes(
        params_loader=loader(),
        context_loader=PipesS3ContextLoader(s3),
        message_writer=PipesS3MessageWriter(s3, interval=_INTERVAL),
    ) as pipes:
        yield Reporter(pipes)
