"""Where a process that writes into a lake can be killed or paused: at each step, or within a write.

They are found from outside, so that the product's code needs none.
"""

import itertools
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Audit events precede the operation; `open` includes os.open and mkstemp, os.remove includes unlink.
SHOWING = frozenset(["os.link", "os.rename", "os.remove"])  # operations that change visible files
_EVENTS = SHOWING | {"open", "os.scandir", "os.mkdir", "os.chmod", "sqlite3.connect"}


def at_step(number: int, lake: Path, action: Callable[[], None], *, showing: bool = False) -> None:
    """Call `action` before this process's n-th step (from 1) in the lake.

    A step is a system call on a path in the lake, taking a lock, or a SQL statement; with `showing`, only an
    operation that changes visible files.
    """
    steps, root, events = itertools.count(1), os.fspath(lake), SHOWING if showing else _EVENTS

    def step() -> None:
        if next(steps) == number:
            action()

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        in_lake = event in events and isinstance(arguments[0], str | Path) and _below(arguments[0], root)
        if in_lake or (event == "fcntl.flock" and not showing):
            step()

    sys.addaudithook(listen)
    if showing:
        return
    connect = sqlite3.connect

    def connect_traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **options)
        db.set_trace_callback(lambda _: step())
        return db

    sqlite3.connect = connect_traced  # type: ignore[assignment] # only in this process, which ends soon


def _below(path: str | Path, root: str) -> bool:
    return os.fspath(path).startswith(root)


def kill() -> None:
    """End this process without cleanup, as a power failure does."""
    os.kill(os.getpid(), signal.SIGKILL)


def limit_files(size: int) -> None:
    """Let the system kill this process when a file exceeds `size` bytes; those bytes are written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def hold(other: "Connection[Any, Any]") -> Callable[[], None]:
    """Return an action that notifies the other end and waits for its message."""

    def wait() -> None:
        other.send("held")
        other.recv()

    return wait
