"""Reads the snapshots of an archive's hour: single files, pages of one state, pairs of GBFS files."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from velib_assets.ingest.feeds.archive_listing import INFORMATION, STATUS, ArchiveFile
from velib_assets.ingest.feeds.archive_names import split_name
from velib_assets.ingest.feeds.archive_peek import is_envelope
from velib_assets.ingest.feeds.archive_records import page, read_export
from velib_assets.ingest.feeds.feed import FeedError, RecordedSnapshot
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.raw_object import gunzip, open_raw
from velib_assets.ingest.response import OPENDATA, FeedResponse, UnusableError, decode

_NO_INFORMATION = b'{"data": {"stations": []}}'
_MAX_SHARED = 0.1  # share of a page's stations that another page of the same state may have as well


class _Opened(NamedTuple):
    snapshot: RecordedSnapshot
    total: Optional[int]  # how many records it announces, if it has fewer


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
        for _, minute in groupby(files, lambda file: file.taken_at.replace(second=0)):
            yield from self._minute(list(minute), unreadable)

    def _minute(self, files: List[ArchiveFile], unreadable: List[FeedError]) -> Iterator[RecordedSnapshot]:
        """Yield the snapshots of one minute: one per second, and pages of one state put together."""
        found: Dict[Any, RecordedSnapshot] = {}
        pages: List[_Opened] = []
        damaged: List[RecordedSnapshot] = []
        unread: Dict[Any, List[str]] = {}
        for file in files:
            if file.taken_at in found:
                unread.setdefault(file.taken_at, []).append(file.path)
                continue
            try:
                opened = self._open(file)
            except FeedError as error:
                unreadable.append(error)
                continue
            if opened.snapshot.problem:
                damaged.append(opened.snapshot)
            elif opened.total is None:
                found[file.taken_at] = opened.snapshot
            else:
                pages.append(opened)
        for snapshot in _joined_pages(pages):
            found.setdefault(snapshot.taken_at, snapshot)
        yield from damaged
        for taken_at in sorted(found):
            yield found[taken_at]._replace(unread=tuple(unread.get(taken_at, ())))

    def _open(self, file: ArchiveFile) -> _Opened:
        """Read a file.

        Raises:
            FeedError: if it cannot be read.
        """
        stored = self._read(file.path)
        unmodified = FeedResponse(OPENDATA, {"body": stored})
        try:
            if file.part == STATUS:
                response = FeedResponse("gbfs", {INFORMATION: self._partner(file), STATUS: gunzip(stored)})
                return _Opened(RecordedSnapshot(file.taken_at, response), None)
            body = gunzip(stored)
            if is_envelope(body) or (file.is_raw and not body.lstrip().startswith(b"[")):
                feed, body, _ = open_raw(stored)
                return _Opened(RecordedSnapshot(file.taken_at, FeedResponse(feed, {"body": body})), None)
            export = read_export(body, split_name(file.path)[1], self._columns)
        except UnusableError as error:
            return _Opened(RecordedSnapshot(file.taken_at, unmodified, error), None)
        snapshot = RecordedSnapshot(
            file.taken_at,
            export.response,
            unmodified=FeedResponse(OPENDATA, {"body": body}) if export.is_converted else None,
            missing=export.missing,
        )
        return _Opened(snapshot, export.total)

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


def _joined_pages(pages: Sequence[_Opened]) -> Iterator[RecordedSnapshot]:
    """Yield snapshots made from pages with the same total: complete ones, and what there is of others.

    A page that repeats stations of the pages before it begins another snapshot.
    """
    groups: List[Tuple[int, List[_Opened], List[Any]]] = []
    for opened in pages:
        records = decode(opened.snapshot.response).records
        for total, members, known in groups:
            feed = opened.snapshot.response.feed
            fits = total == opened.total and len(known) < total
            same = fits and feed == members[0].snapshot.response.feed
            if same and _shared(records, known, feed) <= _MAX_SHARED:
                members.append(opened)
                known.extend(records)
                break
        else:
            groups.append((opened.total or 0, [opened], list(records)))
    for total, members, records in groups:
        first = min(members, key=lambda member: member.snapshot.taken_at).snapshot
        if len(members) == 1:
            yield first
            continue
        bodies = [member.snapshot.unmodified or member.snapshot.response for member in members]
        unmodified = FeedResponse(OPENDATA, {"body": b"\n".join(body.bodies["body"] for body in bodies)})
        response = FeedResponse(first.response.feed, {"body": page(records, total)})
        yield first._replace(response=response, unmodified=unmodified)


def _shared(records: Sequence[Any], known: Sequence[Any], feed: str) -> float:
    """Return the share of records whose stations are known."""
    definition = definition_of(feed)
    codes = {definition.station_code(record) for record in known}
    return sum(definition.station_code(record) in codes for record in records) / max(len(records), 1)
