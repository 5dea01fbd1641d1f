"""The files that one query reads, and protection against their replacement while it reads.

DuckDB opens a file more than once. If the file is replaced in between, DuckDB combines the old footer with
the new bytes, and fails or returns wrong rows. A query therefore reads the files in place and then checks
whether one was replaced. If so, it runs again on hard links, which keep the files as they are.
"""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from velib_assets.catalog.catalog import Partition


class LakeFiles:
    """The files of a lake in place, or hard links to them in the folder `links`; `read` has their keys."""

    def __init__(self, lake: Path, links: Path | None = None) -> None:
        self.lake, self._links = lake, links
        self._stamps: dict[Path, tuple[int, int, int]] = {}
        self.read: set[str] = set()

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """Return the paths of the files that exist."""
        return self.existing(partition.key for partition in partitions)

    def existing(self, keys: Iterable[str]) -> list[Path]:
        """Return the paths of those keys that exist."""
        paths = []
        for key in keys:
            path = self.lake / key
            if self._links:
                path = _link(path, self._links / key)
            if stamp := _stamp(path):
                self._stamps.setdefault(path, stamp)
                paths.append(path)
                self.read.add(key)
        return paths

    def unchanged(self) -> bool:
        """Return whether every returned file is still the same."""
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())


@contextmanager
def pinned(lake: Path) -> Iterator[LakeFiles]:
    """Pin files of a lake until the context ends."""
    with tempfile.TemporaryDirectory(dir=lake, prefix=".reading.") as folder:
        yield LakeFiles(lake, Path(folder))


def _link(path: Path, link: Path) -> Path:
    """Link to the file if it exists, and return the link."""
    link.parent.mkdir(parents=True, exist_ok=True)
    while _stamp(path) and not link.exists():
        with suppress(FileNotFoundError):  # replaced just now: the old file has no name any more
            os.link(path, link, follow_symlinks=False)
    return link


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what identifies a regular file; a symbolic link could lead out of the lake."""
    try:
        status = os.lstat(path)  # called for thousands of files: Path.lstat costs twice as much
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
