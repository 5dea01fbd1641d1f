"""Merges the day files of a month: one row group of each day is in memory at a time."""

from __future__ import annotations

import io
from datetime import date
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.history.day_rows import DamagedFileError
from velib_assets.history.history_file import HISTORY_SCHEMA, read_history_footer
from velib_assets.history.sorted_rows import sort_rows
from velib_assets.lake.keys import day_text, history_day_key
from velib_assets.lake.store import LakeStore

_TEXTS = [field.name for field in HISTORY_SCHEMA if pa.types.is_string(field.type)]


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
    """Reads a day file from its first station to its last."""

    def __init__(self, address: str, data: bytes) -> None:
        self._address = address
        try:
            self._file = pq.ParquetFile(io.BytesIO(data), read_dictionary=_TEXTS)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(address, error) from error
        self._group = 0
        self._rows: Optional[pa.Table] = None

    def last_station(self) -> Optional[str]:
        """Return the last station whose rows are in memory; None if no row is left."""
        while not self._rows and self._group < self._file.num_row_groups:
            try:
                self._rows = self._file.read_row_group(self._group, use_threads=False)
            except (pa.ArrowException, OSError) as error:
                raise _damaged(self._address, error) from error
            self._group += 1
        return str(self._rows["station_id"][-1]) if self._rows else None

    def take(self, last: str) -> Optional[pa.Table]:
        """Return the next rows up to and including a station, of those in memory."""
        if not self._rows:
            return None
        stations = self._rows["station_id"].combine_chunks()
        upto = pc.less_equal(stations.dictionary, last).take(stations.indices)
        count = pc.sum(upto).as_py() or 0
        taken, self._rows = self._rows.slice(0, count), self._rows.slice(count)
        return taken


def open_days(store: LakeStore, days: Sequence[date]) -> MonthSources:
    """Open the day files that the days of a month have.

    Raises:
        DamagedFileError: if a file is damaged.
        OSError: if the lake cannot be read.
    """
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
        readers.append(_DayReader(store.address(key), data))
        digests[day_text(day)] = footer.digest
        rows += footer.rows
        listing.append((key, hash_))
    return MonthSources(readers, digests, rows, listing)


def merged_by_station(days: Sequence[_DayReader]) -> Iterator[pa.Table]:
    """Yield the rows of days by station and time; each table has all rows of its stations.

    Raises:
        DamagedFileError: if a file cannot be decoded.
    """
    while ends := [end for day in days if (end := day.last_station()) is not None]:
        # Up to there, every day's rows are in memory: a row group has whole stations.
        parts = [part for day in days if (part := day.take(min(ends)))]
        yield sort_rows(pa.concat_tables(parts).unify_dictionaries()).cast(HISTORY_SCHEMA)


def _damaged(address: str, error: Exception) -> DamagedFileError:
    reason = " ".join(str(error).split())[:120]
    return DamagedFileError(f"{address} cannot be decoded ({reason})")
