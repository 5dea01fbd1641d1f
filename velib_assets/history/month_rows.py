"""Merges the day files of a month, of each of which some thousand rows are in memory at a time."""

from __future__ import annotations

import io
from datetime import date
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.history.day_rows import DamagedFileError, is_altered
from velib_assets.history.history_file import HISTORY_SCHEMA, read_history_footer
from velib_assets.history.sorted_rows import sort_rows
from velib_assets.lake.keys import day_text, history_day_key
from velib_assets.lake.store import LakeStore

_BATCH = 4096  # rows of a day read at a time
_OPEN = 6  # files that are read at a time: a reader takes 6 MB for its pages and decoders
_REPEATED = ["name", "commune", "arrondissement", "date", "hour"]  # kept small in memory


class MonthSources(NamedTuple):
    """The day files of a month.

    Args:
        days: the files, opened, in order.
        digests: their digests, by day.
        rows: how many rows they have together.
        listing: the (key, hash) pairs of the files that were read.
    """

    days: List[_DayReader]
    digests: Dict[str, str]
    rows: int
    listing: List[Tuple[str, str]]


class _DayReader:
    """Reads a day file from its first station to its last, some thousand rows at a time."""

    def __init__(self, address: str, data: bytes) -> None:
        self._address = address
        self._batches = self._read(data)
        self._rows = HISTORY_SCHEMA.empty_table()
        self._ended = False

    def complete_station(self, rows: int) -> Optional[str]:
        """Return the last station whose rows are all in memory, after reading about so many rows.

        None if no row is left.
        """
        while not self._ended and (len(self._rows) < rows or self._first_of_last() == 0):
            batch = next(self._batches, None)
            self._ended = batch is None
            if batch is not None:
                read = pa.Table.from_batches([batch])
                self._rows = pa.concat_tables([self._rows, read]) if self._rows else read
        last = len(self._rows) if self._ended else self._first_of_last()
        return self._rows["station_id"][last - 1].as_py() if last else None

    def take(self, last: str) -> pa.Table:
        """Return the rows up to and including a station, and forget them."""
        upto = pc.less_equal(self._rows["station_id"], last)
        count = pc.sum(upto).as_py() or 0
        taken, self._rows = self._rows.slice(0, count), self._rows.slice(count)
        return taken

    def _first_of_last(self) -> int:
        """Return the position of the first row of the last station in memory."""
        stations = self._rows["station_id"]
        return int(pc.index(stations, stations[-1]).as_py()) if len(stations) else 0

    def _read(self, data: bytes) -> Iterator[pa.RecordBatch]:
        try:
            file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=_REPEATED)
            yield from file.iter_batches(_BATCH, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:120]
            raise DamagedFileError(f"{self._address} cannot be decoded ({reason})") from error


def open_days(store: LakeStore, days: Sequence[date], registered: Iterable[HistoryFile] = ()) -> MonthSources:
    """Open the day files that the days of a month have.

    Args:
        store: the lake.
        days: the days.
        registered: their registered files, with their hashes: damage may leave a file readable.

    Raises:
        DamagedFileError: if a file is damaged, or is not the registered one of its digest.
        OSError: if the lake cannot be read.
    """
    known = {file.period: file for file in registered}
    readers, digests, listing, rows = [], {}, [], 0
    for day in days:
        key = history_day_key(day)
        try:
            hash_, data = store.fetch(key)
        except FileNotFoundError:
            continue
        footer = read_history_footer(io.BytesIO(data))
        if footer is None:
            raise DamagedFileError(f"{store.address(key)} is not a history file")
        if (file := known.get(day_text(day))) and is_altered(data, footer.digest, file.digest, file.sha256):
            raise DamagedFileError(f"{store.address(key)} is damaged: it is not as it was registered")
        readers.append(_DayReader(store.address(key), data))
        digests[day_text(day)] = footer.digest
        rows += footer.rows
        listing.append((key, hash_))
    return MonthSources(readers, digests, rows, listing)


def merged_by_station(days: Sequence[_DayReader]) -> Iterator[pa.Table]:
    """Yield the rows of days by station and time; each table has all rows of its stations.

    Of many days, a few are merged at a time, into files in memory that are merged in turn.

    Raises:
        DamagedFileError: if a file cannot be decoded.
    """
    while len(days) > _OPEN:
        days = [_merged_file(days[first : first + _OPEN]) for first in range(0, len(days), _OPEN)]
    yield from _merge(days)


def _merged_file(days: Sequence[_DayReader]) -> _DayReader:
    """Merge days into a file in memory, which is quick to write and not as small as it could be."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, HISTORY_SCHEMA, compression="zstd", compression_level=1, write_statistics=False
    ) as writer:
        for table in _merge(days):
            writer.write_table(table)
    return _DayReader("merged days", sink.getvalue().to_pybytes())


def _merge(days: Sequence[_DayReader]) -> Iterator[pa.Table]:
    while ends := [end for day in days if (end := day.complete_station(_BATCH)) is not None]:
        parts = [part for day in days if (part := day.take(min(ends)))]
        yield sort_rows(pa.concat_tables(parts).unify_dictionaries()).cast(HISTORY_SCHEMA)
