"""Waiting for a condition: the end of a process, a file, a response."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def wait_for(poll: Callable[[], _T], seconds: float = 30) -> _T:
    """Call `poll` until it returns something true, and return that.

    Raises:
        TimeoutError: Nothing true after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = poll()
        if result:
            return result
        time.sleep(0.05)
    raise TimeoutError(f"no result within {seconds} s")
