"""Writes the output of a process to a CloudWatch log stream while it runs."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterable

from velib_assets_tests.aws.emulator.patches import patching


class LogStream:
    """Reads a pipe to its end in a thread, with one event per line, which `lines` keeps."""

    def __init__(self, group: str, stream: str, pipe: Iterable[str] | None) -> None:
        self.lines: list[str] = []
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._context = contextvars.copy_context()
        logs = patching.service("cloudwatch_logs")
        if group not in logs._log_groups:
            patching.checked(logs._create_log_group({"logGroupName": group}))
        patching.checked(logs._create_log_stream(self._names))
        self._thread = threading.Thread(target=self._read, args=(pipe or (),), daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Add a line after those of the pipe."""
        self.close()
        self._context.run(self._put, line)

    def close(self) -> None:
        """Wait for the end of the pipe."""
        self._thread.join()

    def _read(self, pipe: Iterable[str]) -> None:
        for line in pipe:
            self._context.run(self._put, line.rstrip("\n"))

    def _put(self, line: str) -> None:
        self.lines.append(line)
        event = {"timestamp": int(time.time() * 1000), "message": line or " "}
        patching.service("cloudwatch_logs")._put_log_events({**self._names, "logEvents": [event]})
