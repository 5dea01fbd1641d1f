"""Writes a data set into a local folder, which is replaced as a whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from velib_assets.lake.disk_errors import explained
from velib_assets.publish.target_contents import TargetError, foreign_file, name_of

_ABANDONED_AFTER = 3600.0  # seconds; an older temporary folder has lost its writer
_AT_CWD, _EXCHANGE = -100, 2  # of renameat2 in Linux


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a folder, replacing an earlier edition of the same data set.

    They are written beside it first; then the two folders change places. A reader sees one edition or the
    other, except on a file system that cannot exchange folders, where the folder is absent for a moment. If
    the writer is killed in that moment, the earlier edition is beside it as `.NAME.previous`, and the next
    writer puts it back before it does anything else. Nothing is synced to disk: the sums tell whether a power
    failure damaged a file.

    Raises:
        TargetError: The folder has something else in it, or cannot be replaced.
        OSError: It cannot be written. Nothing has changed then.
    """
    folder = Path(os.path.realpath(folder))
    with explained(folder):
        if _previous(folder).is_dir():
            with _alone_in(folder.parent):
                _put_back(folder)
        _check(folder, files)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        with explained(folder):
            for name, data in files.items():
                (new / name).write_bytes(data)
                (new / name).chmod(0o644)
            new.chmod(0o755)
            with _alone_in(folder.parent):
                _take_place(new, folder, files)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _check(folder: Path, files: Mapping[str, bytes]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise TargetError(f"{folder} is a file. Choose a folder")
    if folder.is_mount():
        raise TargetError(f"{folder} is the root of a disk and cannot be replaced. Choose a folder in it")
    found = sorted(entry.name for entry in folder.iterdir())
    contents = {name: (folder / name).read_bytes() for name in found if name in files and not _is_large(name)}
    if reason := foreign_file(found, contents, files):
        raise TargetError(f"{folder} is not an earlier edition of {name_of(files)}: {reason}")


def _is_large(name: str) -> bool:
    return name.endswith(".parquet")


def _take_place(new: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the new folder in the place of the old one, whose files are then in the new one's place."""
    try:
        new.rename(folder)  # in the place of nothing, or of an empty folder
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    else:
        return
    _check(folder, files)  # another process may have created it
    if not _exchange(new, folder):
        previous = _previous(folder)
        shutil.rmtree(previous, ignore_errors=True)  # a writer was killed before it removed its own
        folder.rename(previous)
        try:
            new.rename(folder)
        finally:
            _put_back(folder)


def _previous(folder: Path) -> Path:
    """Return where the earlier edition is while the folder is replaced. It is not a temporary folder."""
    return folder.parent / f".{folder.name}.previous"


def _put_back(folder: Path) -> None:
    """Put the earlier edition back if its replacement was interrupted; remove it if that was completed."""
    previous = _previous(folder)
    if folder.exists():
        shutil.rmtree(previous, ignore_errors=True)
    else:
        previous.rename(folder)


@contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Wait until no other writer moves folders here; a file system without locks has one writer."""
    handle = os.open(parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False if the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return int(renameat2(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE)) == 0


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary folders of killed writers; those that cannot be removed stay."""
    oldest = time.time() - _ABANDONED_AFTER
    for path in folder.parent.glob(f".{folder.name}.*.tmp"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
