"""Disks that cannot be written: real ones for root, who may mount; for others the nearest thing."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, kilobytes: int = 4096) -> Iterator[Path]:
    """Mount a disk of this size for root; for others, return a plain folder."""
    folder.mkdir(parents=True)
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        if mounted:
            _run("umount", "-l", str(folder))


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no byte of a disk free; without a disk of its own, allow no file to grow."""
    if disk.is_mount():
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        try:
            yield
        finally:
            filler.unlink()
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Mount a disk read-only; without a disk of its own, take the right to write its folders and files."""
    if disk.is_mount():
        assert _run("mount", "-o", "remount,ro", str(disk))
        try:
            yield
        finally:
            _run("mount", "-o", "remount,rw", str(disk))
        return
    modes = {path: path.stat().st_mode for path in (disk, *disk.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def _run(*command: str) -> bool:
    if os.geteuid():
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def left_over(folder: Path) -> list[Path]:
    """Return the unfinished files that a writer left."""
    return [path for path in folder.rglob("*") if path.name.endswith((".tmp", "-journal"))]
