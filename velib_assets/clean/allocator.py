"""Lets the C allocator keep the memory of one hour for the next, and Arrow use the same memory as Python.

By default glibc returns a snapshot's buffers of some megabytes to the system and gets them back page by page,
for each hour: up to 10 % of the time of cleaning (docs/benchmarks.md).
"""

from __future__ import annotations

import ctypes
from functools import lru_cache

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_KEPT_BYTES = 64 * 1024 * 1024  # at the end of a heap
_MAPPED_FROM = 16 * 1024 * 1024  # the size from which a buffer goes back to the system at once


@lru_cache(maxsize=1)
def keep_memory() -> bool:
    """Keep up to 64 MiB of free memory in this process; returns whether the allocator can.

    Arrow's buffers come from it too: with a pool of its own, an hour of 5,000 stations takes 25 MB more, and
    no less time. Without glibc nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    if not (mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES) and mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)):
        return False
    pa.set_memory_pool(pa.system_memory_pool())
    return True


def release_memory() -> None:
    """Return the free memory of this process to the system, before work that needs much of its own."""
    pa.default_memory_pool().release_unused()
