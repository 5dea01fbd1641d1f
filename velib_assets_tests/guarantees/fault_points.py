"""Where a process that writes into a lake can be killed or held: at each of its steps, or within a write.

Belongs here: finding these points from outside, so that the product's code has none. Does not: what the
process does (writers), or what must hold then (the tests).
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

# Python tells of these before it does them; `open` comes for os.open and mkstemp too, os.remove for unlink.
SHOWING = frozenset(["os.link", "os.rename", "os.remove"])  # what a reader can see the difference of
_EVENTS = SHOWING | {"open", "os.scandir", "os.mkdir", "os.chmod", "sqlite3.connect"}


def at_step(number: int, lake: Path, action: Callable[[], None], *, showing: bool = False) -> None:
    """From here on, do something before this process's n-th step (from 1) in the lake.

    Steps are what it asks of the system about a path in the lake, taking a lock, and each SQL statement; of
    these with `showing` only those that change what is there to be seen.
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

    sqlite3.connect = connect_traced  # type: ignore[assignment] # of this process, which ends soon


def _below(path: str | Path, root: str) -> bool:
    return os.fspath(path).startswith(root)


def kill() -> None:
    """End this process as a power cut would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def limit_files(size: int) -> None:
    """Let the system kill this process when a file would grow beyond `size` bytes; these are written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def hold(other: "Connection[Any, Any]") -> Callable[[], None]:
    """Tell the other end that the step has come, and wait for its word."""

    def wait() -> None:
        other.send("held")
        other.recv()

    return wait
