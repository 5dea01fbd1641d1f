"""Waiting for what comes by itself: a process's end, a file, an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def wait_for(look: Callable[[], _T], seconds: float = 30) -> _T:
    """What `look` gives as soon as it is true.

    Raises:
        TimeoutError: after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"not within {seconds} s")
