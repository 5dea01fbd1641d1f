"""Recorded snapshots in a folder: exports named by their time, or raw objects of a lake."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Union

from velib_assets.ingest.feeds.feed import FeedError, RecordedSnapshot
from velib_assets.ingest.raw_object import MAX_RAW_BYTES, gunzip, open_raw
from velib_assets.ingest.response import OPENDATA, FeedResponse, UnusableError
from velib_assets.lake.keys import hour_of, raw_time


class ArchiveUnreadableError(ValueError):
    """The archive is missing, cannot be read, or contains no recorded snapshot."""


class _File(NamedTuple):
    taken_at: datetime
    is_raw: bool
    is_gzip: bool
    path: str


class Archive:
    """Snapshots at any depth of a folder, recognised by their names. The constructor reads nothing.

    Names are `YYYYMMDDTHHMMSSZ.json[.gz]` (an export) or `velib_YYYYMMDD_HHMMSS.json[.gz]` (a raw object).
    Other files are skipped, and so are links, which can leave the folder. If several files have one time,
    exports win over raw objects, plain over gzipped files, then the first path.

    `recorded` and `recorded_hours` raise ArchiveUnreadableError if the folder cannot be read or contains no
    snapshot.
    """

    name = "archive"
    live = False

    def __init__(self, folder: Union[str, Path]) -> None:
        self._text = str(folder)
        self._folder = Path(folder)
        self._index: Optional[Dict[datetime, List[_File]]] = None

    def fetch(self, at: datetime) -> FeedResponse:
        """Fail.

        Raises:
            FeedError: always; an archive has no current data.
        """
        raise FeedError(
            f"the archive {self._text} has no current data for the snapshot of {at:%Y-%m-%d %H:%M} UTC. "
            "Restore past hours from it, or set VELIB_SOURCE to opendata or gbfs."
        )

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:
        """See Feed. Searches the folder again."""
        return {hour for hour in self._hours(refresh=True) if first <= hour <= last}

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:
        """See Feed. Uses the last search; damaged snapshots have a `problem`.

        Raises:
            FeedError: after the readable snapshots, if a file cannot be read.
        """
        unreadable: List[FeedError] = []
        for file in self._hours().get(hour_of(hour), []):
            try:
                snapshot = self._open(file)
            except FeedError as error:
                unreadable.append(error)
            else:
                yield snapshot
        if unreadable:
            raise unreadable[0]

    def _open(self, file: _File) -> RecordedSnapshot:
        stored = self._read(file.path)
        feed, body = OPENDATA, stored
        problem: Optional[UnusableError] = None
        try:
            if file.is_raw:
                feed, body, _ = open_raw(stored)
            else:
                body = gunzip(stored)
        except UnusableError as error:
            problem = error
        return RecordedSnapshot(file.taken_at, FeedResponse(feed, {"body": body}), problem)

    def _hours(self, *, refresh: bool = False) -> Dict[datetime, List[_File]]:
        """Return the files by hour, in order of time, one file per second."""
        if self._index is None or refresh:
            index: Dict[datetime, List[_File]] = {}
            for file in sorted(file for path in self._paths() for file in _recognise(path)):
                files = index.setdefault(hour_of(file.taken_at), [])
                if not files or files[-1].taken_at != file.taken_at:
                    files.append(file)
            if not index:
                raise ArchiveUnreadableError(
                    f"{self._text} contains no recorded snapshot: no file at any depth has a name such as "
                    "20220604T004019Z.json.gz or velib_20220604_004019.json.gz"
                )
            self._index = index
        return self._index

    def _read(self, path: str) -> bytes:
        """Read a file; overridden by BucketArchive."""
        try:
            with (self._folder / path).open("rb") as file:
                stored = file.read(MAX_RAW_BYTES + 1)
        except OSError as error:
            raise FeedError(
                f"{self._folder / path} cannot be read: {error.strerror}. Make it readable or remove it."
            ) from None
        if len(stored) > MAX_RAW_BYTES:
            raise FeedError(f"{self._folder / path} is larger than any snapshot. Remove it.")
        return stored

    def _paths(self) -> Iterator[str]:
        """Yield the path of every file, relative to the folder; overridden by BucketArchive."""

        def fail(error: OSError) -> None:
            raise ArchiveUnreadableError(f"{error.filename} cannot be read: {error.strerror}") from None

        top = os.path.realpath(self._folder)
        for folder, _, names in os.walk(top, onerror=fail):
            for path in (Path(folder, name) for name in names):
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(top).as_posix()


def _recognise(path: str) -> Iterator[_File]:
    """Yield the file if its name is a snapshot's."""
    name = path.rpartition("/")[2]
    stem, is_gzip = (name[:-3], True) if name.endswith(".gz") else (name, False)
    raw = raw_time(name)
    moment = raw or _export_time(stem)
    if moment is not None:
        yield _File(moment, raw is not None, is_gzip, path)


def _export_time(stem: str) -> Optional[datetime]:
    try:
        moment = datetime.strptime(stem, "%Y%m%dT%H%M%SZ.json").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return moment if f"{moment:%Y%m%dT%H%M%SZ}.json" == stem else None  # strptime accepts fewer digits
