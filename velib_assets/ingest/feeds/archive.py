"""Recorded snapshots in a folder: exports named by their time, or a lake's own raw objects.

Belongs here: finding them, and handing their bytes over. Does not: judging them (core), or writing.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Union

from velib_assets.ingest.feeds.feed import FeedError, RecordedSnapshot
from velib_assets.ingest.raw_object import gunzip, open_raw
from velib_assets.ingest.response import MAX_BYTES, OPENDATA, FeedResponse, UnusableError
from velib_assets.lake.keys import hour_of, raw_time

_GZIP = b"\x1f\x8b"
_HEAD = 4096  # of a raw object, beside its records


class ArchiveUnreadableError(ValueError):
    """The folder is missing, is none, cannot be read, or holds no recorded snapshot."""


class _File(NamedTuple):
    taken_at: datetime
    is_raw: bool
    is_gzip: bool
    path: str


class Archive:
    """Snapshots found under a folder by their names; nothing is opened before it is asked for.

    Names: `YYYYMMDDTHHMMSSZ.json[.gz]` (an export) and `velib_YYYYMMDD_HHMMSS.json[.gz]` (a raw
    object); others are passed over, and so are links, which could lead out of the folder. Of
    several files of one second exports go before raw objects, plain before gzipped, then by path.

    Args:
        folder: where to look, all the way down. Nothing is read before the first question.
    """

    name = "archive"
    live = False

    def __init__(self, folder: Union[str, Path]) -> None:
        self._text = str(folder)
        self._folder = Path(folder)
        self._index: Optional[Dict[datetime, List[_File]]] = None

    def check(self) -> None:
        """Look through the folder.

        Raises:
            ArchiveUnreadableError: saying what is wrong with it.
        """
        self._hours(anew=True)

    def fetch(self, at: datetime) -> FeedResponse:
        """Nothing.

        Raises:
            FeedError: always; an archive has no present.
        """
        raise FeedError(
            f"the archive {self._text} has no present: no snapshot of {at:%Y-%m-%d %H:%M} UTC can be "
            "taken from it. Restore past hours from it, or take the present from opendata or gbfs."
        )

    def recorded_hours(self, first: datetime, last: datetime) -> Set[datetime]:
        """The hours of `first`..`last` that have a file; looks through the folder anew.

        Raises:
            ArchiveUnreadableError: where the folder cannot be read or holds no snapshot.
        """
        return {hour for hour in self._hours(anew=True) if first <= hour <= last}

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:
        """The snapshots of an hour, oldest first, as last found; damaged ones with their `problem`.

        Raises:
            ArchiveUnreadableError: where the folder cannot be read or holds no snapshot.
            FeedError: after all others, where a file that was found can not be read.
        """
        unreadable: List[FeedError] = []
        for file in self._hours().get(hour_of(hour), []):
            try:
                found = self._open(file)
            except FeedError as error:
                unreadable.append(error)
            else:
                yield found
        if unreadable:
            raise unreadable[0]

    def _open(self, file: _File) -> RecordedSnapshot:
        stored = self._read(file.path)
        feed, body = OPENDATA, stored
        problem: Optional[UnusableError] = None
        try:
            if file.is_raw:
                feed, body, _ = open_raw(stored)
            elif stored[:2] == _GZIP:
                body = gunzip(stored)
        except UnusableError as error:
            problem = error
        return RecordedSnapshot(file.taken_at, FeedResponse(feed, {"body": body}), problem)

    def _hours(self, *, anew: bool = False) -> Dict[datetime, List[_File]]:
        """The files by their hour, each hour in the order of time, one file a second."""
        if self._index is None or anew:
            index: Dict[datetime, List[_File]] = {}
            for file in sorted(file for path in self._paths() for file in _recognise(path)):
                files = index.setdefault(hour_of(file.taken_at), [])
                if not files or files[-1].taken_at != file.taken_at:
                    files.append(file)
            if not index:
                raise ArchiveUnreadableError(
                    f"{self._text} holds no recorded snapshot: no file in it, at any depth, is named "
                    "like 20220604T004019Z.json.gz or velib_20220604_004019.json.gz"
                )
            self._index = index
        return self._index

    def _read(self, path: str) -> bytes:
        """A file that `_paths` named; BucketArchive has its own."""
        try:
            with (self._folder / path).open("rb") as file:
                stored = file.read(MAX_BYTES + _HEAD)
                larger = bool(file.read(1))
        except OSError as error:
            raise FeedError(
                f"{self._folder / path} cannot be read: {error.strerror}. Make it readable, or take it away."
            ) from None
        if larger:
            raise FeedError(f"{self._folder / path} is larger than any snapshot. Take it away.")
        return stored

    def _paths(self) -> Iterator[str]:
        """Every file, relative to the folder; BucketArchive has its own."""
        try:
            pending = [os.path.realpath(self._folder)]
            top = pending[0]
            while pending:
                with os.scandir(pending.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            yield Path(os.path.relpath(entry.path, top)).as_posix()
        except FileNotFoundError as error:
            raise ArchiveUnreadableError(f"{error.filename} does not exist") from None
        except NotADirectoryError as error:
            raise ArchiveUnreadableError(f"{error.filename} is a file, not a folder") from None
        except OSError as error:
            raise ArchiveUnreadableError(f"{error.filename} cannot be read: {error.strerror}") from None


def _recognise(path: str) -> Iterator[_File]:
    """The file, if its name is a snapshot's."""
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
    return moment if f"{moment:%Y%m%dT%H%M%SZ}.json" == stem else None  # strptime takes fewer digits
