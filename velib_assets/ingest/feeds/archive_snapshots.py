"""Reads the snapshots of an archive's hour: single files, pages of one state, pairs of GBFS files."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from velib_assets.ingest.feeds.archive_listing import INFORMATION, STATUS, ArchiveFile
from velib_assets.ingest.feeds.archive_names import split_name
from velib_assets.ingest.feeds.archive_pages import Page, PageSet
from velib_assets.ingest.feeds.archive_peek import is_envelope
from velib_assets.ingest.feeds.archive_records import read_export
from velib_assets.ingest.feeds.feed import FeedError, RecordedSnapshot
from velib_assets.ingest.raw_object import gunzip, head_of, open_raw
from velib_assets.ingest.response import OPENDATA, FeedResponse, UnusableError
from velib_assets.lake.keys import SOURCE
from velib_assets.lake.text import one_line

_NO_INFORMATION = b'{"data": {"stations": []}}'


class _Batch:
    """Files that may belong together: those of one second, and pages of a state that is incomplete."""

    def __init__(self) -> None:
        self.found: Dict[datetime, RecordedSnapshot] = {}
        self._damaged: List[RecordedSnapshot] = []
        self._states: List[PageSet] = []
        self._unread: Dict[datetime, List[str]] = {}
        self._newest: Optional[datetime] = None

    def has_place_for(self, at: datetime) -> bool:
        """Whether a file of this time may belong to the batch."""
        return at == self._newest or any(state.is_near(at) for state in self._states)

    def skip(self, file: ArchiveFile) -> None:
        """Note a file whose time has a snapshot already."""
        self._unread.setdefault(file.taken_at, []).append(file.path)

    def add(self, file: ArchiveFile, snapshot: RecordedSnapshot, total: Optional[int]) -> None:
        """Add the snapshot of a file; `total` is how many records it announces, if it has fewer."""
        self._newest = file.taken_at
        if snapshot.problem:
            self._damaged.append(snapshot)
        elif total is None:
            self.found[file.taken_at] = snapshot
        else:
            page = Page(file.path, snapshot, total)
            if not any(state.add(page) for state in self._states):
                self._states.append(PageSet(page))

    def snapshots(self) -> Iterator[RecordedSnapshot]:
        """Yield damaged files, then one snapshot per second in order of time."""
        for joined in (state.joined() for state in self._states):
            self.found.setdefault(joined.taken_at, joined)
        yield from self._damaged
        for taken_at, snapshot in sorted(self.found.items()):
            yield snapshot._replace(unread=(*snapshot.unread, *self._unread.get(taken_at, ())))


def _refuse_other_network(stored: bytes) -> None:
    """Refuse a raw object of another network's lake.

    Raises:
        UnusableError: `other_network`.
    """
    network = head_of(stored).get("source")
    if isinstance(network, str) and network != SOURCE:
        text = f"it is a raw snapshot of the network {one_line(network, 40)}, not of {SOURCE}"
        raise UnusableError("other_network", f"{text}. Load it into a lake of its own")


class SnapshotReader:
    """Reads files of an archive as snapshots.

    Args:
        read: returns the bytes of a path, or raises FeedError.
        information_for: returns the path of the `station_information` for a `station_status`, if any.
        columns: VELIB_ARCHIVE_COLUMNS.
    """

    def __init__(
        self,
        read: Callable[[str], bytes],
        information_for: Callable[[ArchiveFile], Optional[str]],
        columns: Mapping[str, str],
    ) -> None:
        self._read, self._information_for, self._columns = read, information_for, columns
        self._information: Dict[str, bytes] = {}  # the last one: many snapshots may share it

    def snapshots(
        self, files: Sequence[ArchiveFile], unreadable: List[FeedError]
    ) -> Iterator[RecordedSnapshot]:
        """Yield the snapshots of files in order of time; add the errors of files that cannot be read."""
        batch = _Batch()
        for file in files:
            if not batch.has_place_for(file.taken_at):
                yield from batch.snapshots()
                batch = _Batch()
            if file.taken_at in batch.found:
                batch.skip(file)
                continue
            try:
                batch.add(file, *self._open(file))
            except FeedError as error:
                unreadable.append(error)
        yield from batch.snapshots()

    def _open(self, file: ArchiveFile) -> Tuple[RecordedSnapshot, Optional[int]]:
        """Read a file; return its snapshot, and how many records it announces if it has fewer.

        Raises:
            FeedError: if it cannot be read.
        """
        stored = self._read(file.path)
        unmodified = FeedResponse(OPENDATA, {"body": stored})
        try:
            if file.part == STATUS:
                response = FeedResponse("gbfs", {INFORMATION: self._partner(file), STATUS: gunzip(stored)})
                return RecordedSnapshot(file.taken_at, response), None
            body = gunzip(stored)
            if is_envelope(body) or (file.is_raw and not body.lstrip().startswith(b"[")):
                opened = open_raw(stored)
                _refuse_other_network(stored)
                return RecordedSnapshot(
                    file.taken_at, FeedResponse(opened.feed, {"body": opened.document})
                ), None
            export = read_export(body, split_name(file.path)[1], self._columns)
        except UnusableError as error:
            return RecordedSnapshot(file.taken_at, unmodified, error), None
        snapshot = RecordedSnapshot(
            file.taken_at,
            export.response,
            unmodified=FeedResponse(OPENDATA, {"body": body}) if export.is_converted else None,
            missing=export.missing,
        )
        return snapshot, export.total

    def _partner(self, file: ArchiveFile) -> bytes:
        """Return the `station_information` for a `station_status`; one without stations if there is none."""
        path = self._information_for(file)
        if path is None:
            return _NO_INFORMATION
        if path not in self._information:
            try:
                self._information = {path: gunzip(self._read(path))}
            except UnusableError as error:
                raise UnusableError(error.code, f"{path}: {error}") from None
        return self._information[path]
