"""Files of a lake's folder: temporary ones, locks on folders, and what must reach the disk."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, Tuple, TypeVar

_FOLDER_ATTEMPTS = 1000
_ABANDONED_AFTER = 3600.0  # seconds; an older temporary file has lost its writer

_T = TypeVar("_T")


def temporary_file(path: Path) -> Tuple[int, str]:
    """Create a temporary file beside a path."""

    def create(folder: Path) -> Tuple[int, str]:
        _remove_abandoned(folder)
        return tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=folder)

    return _in_folder(path.parent, create)


def lock_folder(folder: Path, *, shared: bool = False) -> int:
    """Lock a folder, alone or `shared` with others; the caller closes the returned descriptor."""

    def lock(folder: Path) -> int:
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)
        raise FileNotFoundError(f"{folder} was removed")

    return _in_folder(folder, lock)


def _in_folder(folder: Path, action: Callable[[Path], _T]) -> _T:
    """Create a folder and do something in it; again while other processes remove the empty folder."""
    for _ in range(_FOLDER_ATTEMPTS):
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return action(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return action(folder)


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files of killed writers; files that cannot be removed stay."""
    oldest = time.time() - _ABANDONED_AFTER
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                with suppress(OSError):
                    if entry.stat().st_mtime < oldest:
                        Path(entry.path).unlink()


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove a folder and those above it as far as they are empty, but not `root`."""
    with suppress(OSError):  # it is not empty
        while folder != root:
            with suppress(FileNotFoundError):  # of an hour that is in a pack
                folder.rmdir()
            folder = folder.parent
