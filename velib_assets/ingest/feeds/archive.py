"""Recorded snapshots in a folder: exports in many forms, named by their time, or a lake's raw objects."""

from __future__ import annotations

import os
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import IO, Dict, Iterator, List, Mapping, Optional, Set, Tuple, Union

from velib_assets.ingest.feeds.archive_listing import Listing, list_archive
from velib_assets.ingest.feeds.archive_packs import ArchivePacks
from velib_assets.ingest.feeds.archive_peek import peek
from velib_assets.ingest.feeds.archive_snapshots import SnapshotReader
from velib_assets.ingest.feeds.feed import FeedError, RecordedSnapshot, SkippedFiles
from velib_assets.ingest.raw_object import MAX_RAW_BYTES
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import SOURCE, hour_of, iso_z
from velib_assets.lake.text import counted

_NAMED = 2  # files that a message names
_EXAMPLES = "20220604T004019Z.json.gz, 2022-06-04_00-40-19.csv or velib_20220604_004019.json.gz"


class ArchiveUnreadableError(ValueError):
    """The archive is missing, cannot be read, or contains no recorded snapshot."""


class Archive:
    """Snapshots at any depth of a folder, recognised by the times in their names.

    The constructor reads nothing. `archive_names` has the forms of times, `archive_records` those of
    contents. Links are skipped, because they can leave the folder. If several files have one time, exports
    win over raw objects, plain over gzipped files, JSON over other forms, then the first path.

    `recorded`, `recorded_hours` and `skipped` raise ArchiveUnreadableError if the folder cannot be read or
    contains no snapshot.

    Args:
        folder: the folder.
        zone: the time zone of times that do not give one. The names of a lake's raw objects are always UTC.
        columns: VELIB_ARCHIVE_COLUMNS, {column of the table: column of the files}.
        network: the key of the network.
    """

    name = "archive"
    live = False

    def __init__(
        self,
        folder: Union[str, Path],
        zone: tzinfo = timezone.utc,
        columns: Mapping[str, str] = {},
        network: str = SOURCE,
    ) -> None:
        self._text = str(folder)
        self._folder = Path(folder)
        self._zone, self._columns, self._network = zone, columns, network
        self._listing: Optional[Listing] = None
        self._packs = ArchivePacks(self._open, self._address)

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
        return {hour for hour in self._list(refresh=True).hours if first <= hour <= last}

    def skipped(self, first: datetime, last: datetime) -> SkippedFiles:
        """See Feed. Uses the last search."""
        listing = self._list()
        refused = [
            message
            for local, message in sorted(listing.refused)
            if _may_be_in(local, self._zone, first, last)
        ]
        notes = [
            f"{path}: has no time in its name; its `last_updated`, {iso_z(moment)}, is used"
            for moment, path in listing.own_time
            if first <= hour_of(moment) <= last
        ]
        return SkippedFiles((*_summary(listing.unrecognised), *notes), tuple(refused))

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:
        """See Feed. Uses the last search; damaged snapshots have a `problem`.

        Raises:
            FeedError: after the readable snapshots, if a file cannot be read.
        """
        listing = self._list()
        reader = SnapshotReader(self._read, listing.partners_of, self._columns)
        unreadable: List[FeedError] = []
        yield from reader.snapshots(listing.hours.get(hour_of(hour), []), unreadable)
        if unreadable:
            raise unreadable[0]

    def _list(self, *, refresh: bool = False) -> Listing:
        if self._listing is None or refresh:
            paths = self._packs.expand(list(self._paths()))
            listing = list_archive(paths, self._zone, lambda path: peek(self._read, path), self._network)
            if not listing.hours:
                said = "; ".join(
                    (*_summary(listing.unrecognised), *(message for _, message in listing.refused))
                )
                raise ArchiveUnreadableError(
                    f"{self._text} contains no recorded snapshot: no file at any depth has a name such as "
                    f"{_EXAMPLES}{f' ({said})' if said else ''}"
                )
            self._listing = listing
        return self._listing

    def _read(self, path: str) -> bytes:
        packed = self._packs.read(path)
        if packed is not None:
            return packed
        try:
            return self._read_file(self._packs.file_of(path))
        except FeedError:
            packed = self._packs.read_packed_since(path)
            if packed is None:
                raise
            return packed

    def _read_file(self, path: str) -> bytes:
        """Read a file; overridden by BucketArchive."""
        try:
            with self._open(path) as file:
                stored = file.read(MAX_RAW_BYTES + 1)
        except OSError as error:
            raise FeedError(
                f"{self._folder / path} cannot be read: {error.strerror}. Make it readable or remove it."
            ) from None
        if len(stored) > MAX_RAW_BYTES:
            raise FeedError(f"{self._folder / path} is larger than any snapshot. Remove it.")
        return stored

    def _open(self, path: str) -> IO[bytes]:
        """Open a file; overridden by BucketArchive."""
        return (self._folder / path).open("rb")

    def _address(self, path: str) -> str:
        """Return the full path of a file; overridden by BucketArchive."""
        return str(self._folder / path)

    def _paths(self) -> Iterator[str]:
        """Yield the path of every file, relative to the folder; overridden by BucketArchive."""

        def fail(error: OSError) -> None:
            raise ArchiveUnreadableError(f"{error.filename} cannot be read: {error.strerror}") from None

        top = os.path.realpath(self._folder)
        for folder, folders, names in os.walk(top, onerror=fail):
            folders[:] = [name for name in folders if name != ".dagster"]  # the archive may be another lake
            for path in (Path(folder, name) for name in names):
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(top).as_posix()


def _may_be_in(local: datetime, zone: tzinfo, first: datetime, last: datetime) -> bool:
    """Whether a local time that occurs twice or never is between two hours, both included."""
    times = [hour_of(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    return first <= max(times) and min(times) <= last


def _summary(unrecognised: List[Tuple[str, str]]) -> Iterator[str]:
    """Yield one message per reason, with the number of files and the first two paths."""
    by_reason: Dict[str, List[str]] = {}
    for path, reason in sorted(unrecognised):
        by_reason.setdefault(reason, []).append(path)
    for reason, paths in by_reason.items():
        files = counted(len(paths), "file is", "files are")
        example = "" if len(paths) <= _NAMED else "for example "
        yield f"{files} not recognised ({example}{', '.join(paths[:_NAMED])}): {reason}"
