"""Explains why a path cannot be written: what the system says, how much is free, and what to do."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional, Tuple

_FREE, _MOUNT = "Free some space", "Make it writable, or choose another folder"
_REASONS = {
    errno.ENOSPC: ("the disk is full", _FREE),
    errno.EDQUOT: ("the quota of the disk is used up", _FREE),
    errno.EFBIG: ("the system allows no larger file", "Raise the limit (ulimit -f)"),
    errno.EROFS: ("the disk is read-only", _MOUNT),
    errno.EACCES: ("permission is denied", _MOUNT),
    errno.EPERM: ("permission is denied", _MOUNT),
    errno.EIO: ("the disk failed (input/output error)", "Check the disk"),
    errno.EISDIR: ("a folder is in its place", "Move the folder away"),
    errno.ENOTDIR: ("a file is in the place of a folder", "Move the file away"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
    errno.EEXIST: ("a file is in the place of a folder", "Move the file away"),
}
_SQLITE = {
    "is full": errno.ENOSPC,
    "readonly": errno.EROFS,
    "disk I/O error": errno.EIO,
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_THOUSAND = 1000
_FULL = 65536  # bytes; with less, hardly anything can be written


class DiskError(OSError):
    """A path cannot be written. The message names it, and says how much is free and what to do."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(number, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


def explain(error: OSError, path: Path) -> OSError:
    """Return the error with an explanation, if it is about the disk; else as it is."""
    number = error.errno
    if isinstance(error, DiskError) or number not in _REASONS:
        return error
    return DiskError(number, disk_message(number, path))


def disk_message(number: int, path: Path) -> str:
    """Return why a path cannot be written, given the system's error number, and what to do."""
    usage = _usage_at(path)
    if number == errno.EIO and usage and usage[1] < _FULL:  # SQLite's word for a full disk, at times
        number = errno.ENOSPC
    reason, action = _REASONS[number]
    free = f"{_size(usage[1])} of {_size(usage[0])} are free" if usage else "its free space is unknown"
    return f"{path} cannot be written: {reason} ({free}). {action}, then run it again"


def sqlite_message(text: str, path: Path) -> str:
    """Return why a SQLite file cannot be written, and what to do; empty if the disk is not the cause."""
    number = next((number for words, number in _SQLITE.items() if words in text), None)
    if "unable to open" in text and path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        number = errno.EROFS
    return disk_message(number, path) if number else ""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Explain errors of the disk while a path is written."""
    try:
        yield
    except OSError as error:
        explanation = explain(error, path)
        if explanation is error:
            raise
        raise explanation from error


def _usage_at(path: Path) -> Optional[Tuple[int, int]]:
    """Return the size of the disk and what is free of it, in bytes; None if the system does not say."""
    try:
        nearest = next((place for place in (path, *path.parents) if place.exists()), Path("/"))
        usage = shutil.disk_usage(nearest)
    except OSError:
        return None
    return usage.total, usage.free


def _size(number: float) -> str:
    for unit in _UNITS:
        if number < _THOUSAND or unit == _UNITS[-1]:
            break
        number /= _THOUSAND
    return f"{number:.0f} {unit}" if unit == _UNITS[0] else f"{number:.1f} {unit}"
