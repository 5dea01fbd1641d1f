"""Waiting for a condition: the end of a process, a file, a response; and for room on the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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


def wait_for_room(period: timedelta, room: timedelta) -> datetime:
    """Wait for the next slot, hour or day (UTC) unless this one lasts for `room`; return what time it is.

    What takes the time of the clock more than once in `room` then finds the same slot, hour or day.
    """
    while (left := _left_of(period, now := datetime.now(UTC))) < room:
        time.sleep(left.total_seconds())
    return now


def _left_of(period: timedelta, now: datetime) -> timedelta:
    return period - (now - datetime.min.replace(tzinfo=UTC)) % period
