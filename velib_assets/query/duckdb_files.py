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
from velib_assets.lake.keys import date_hour


class LakeFiles:
    """The partitions' files in place."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._stamps: dict[Path, tuple[int, int, int]] = {}

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """Return the paths of the files that exist."""
        paths = []
        for partition in partitions:
            path = self._lake / partition.key
            if stamp := _stamp(path):
                self._stamps.setdefault(path, stamp)
                paths.append(path)
        return paths

    def unchanged(self) -> bool:
        """Return whether every returned file is still the same."""
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())


class PinnedFiles(LakeFiles):
    """Hard links to the partitions' files in a temporary folder."""

    def __init__(self, lake: Path, folder: Path) -> None:
        super().__init__(lake)
        self._folder = folder

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """Return the paths of links to the files that exist."""
        links = (self._link(partition) for partition in partitions)
        return [link for link in links if link is not None]

    def _link(self, partition: Partition) -> Path | None:
        date, hh = date_hour(partition.hour)
        link = self._folder / f"date={date}" / f"hour={hh}" / "stations.parquet"
        if link.exists():
            return link
        link.parent.mkdir(parents=True, exist_ok=True)
        path = self._lake / partition.key
        while _stamp(path):
            with suppress(FileNotFoundError):  # replaced just now: the old file has no name any more
                os.link(path, link, follow_symlinks=False)
                return link
        return None


@contextmanager
def pinned(lake: Path) -> Iterator[PinnedFiles]:
    """Pin files of a lake until the context ends."""
    with tempfile.TemporaryDirectory(dir=lake, prefix=".reading.") as folder:
        yield PinnedFiles(lake, Path(folder))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what identifies a regular file; a symbolic link could lead out of the lake."""
    try:
        status = os.lstat(path)  # called for thousands of files: Path.lstat costs twice as much
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
