"""The files that one answer reads, held still while it reads them.

Belongs here: noticing that a file was replaced in between, and pinning files against it. Does not: which
files are needed. DuckDB opens a file more than once; of a file replaced in between it would take the old
footer and the new bytes, and either fail or give rows that never were.
"""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from velib_assets.catalog.catalog import Partition
from velib_assets.lake.keys import date_hour

_Stamp = tuple[int, int, int]


class LakeFiles(Protocol):
    """The partitions' files, less those that have vanished."""

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """Where DuckDB reads them."""
        ...

    def unchanged(self) -> bool:
        """Whether every file that was given out is still the same."""
        ...


class WatchedFiles:
    """The files where they lie; whether one was replaced is seen afterwards."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._stamps: dict[Path, _Stamp] = {}

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """See LakeFiles."""
        found = []
        for partition in partitions:
            path = self._lake / partition.key
            if stamp := _stamp(path):
                self._stamps.setdefault(path, stamp)
                found.append(path)
        return found

    def unchanged(self) -> bool:
        """See LakeFiles."""
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())


class PinnedFiles:
    """Hard links to the files as they are now: a replacement leaves them as they were."""

    def __init__(self, lake: Path, folder: Path) -> None:
        self._lake, self._folder = lake, folder

    def paths(self, partitions: Iterable[Partition]) -> list[Path]:
        """See LakeFiles."""
        found = []
        for partition in partitions:
            date, hh = date_hour(partition.hour)
            link = self._folder / f"date={date}" / f"hour={hh}" / "stations.parquet"
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                path = self._lake / partition.key
                if not _stamp(path):
                    continue
                try:
                    os.link(path, link, follow_symlinks=False)
                except FileNotFoundError:
                    continue
            found.append(link)
        return found

    def unchanged(self) -> bool:
        """See LakeFiles."""
        return True


@contextmanager
def pinned(lake: Path) -> Iterator[LakeFiles]:
    """Pinned files of a lake, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(dir=lake, prefix=".reading.") as folder:
        yield PinnedFiles(lake, Path(folder))


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.lstat(path)  # thousands of them: Path.lstat costs twice as much
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None  # a link could lead out of the lake
    return found.st_ino, found.st_mtime_ns, found.st_size
