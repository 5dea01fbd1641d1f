"""Reads the clean files of a UTC day as one table, sorted by station and time."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Dict, List, NamedTuple, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.clean.clean_file import read_footer, schema_differences
from velib_assets.history.history_file import HISTORY_SCHEMA
from velib_assets.history.sorted_rows import sort_rows
from velib_assets.lake.keys import clean_key, date_hour, hour_text
from velib_assets.lake.store import LakeStore


class DamagedFileError(Exception):
    """A file from which history is built cannot be read. The message names it."""


class DayRows(NamedTuple):
    """The rows of a day.

    Args:
        table: the rows as HISTORY_SCHEMA, sorted by station and time.
        digests: the digests of the clean files, by hour.
        listing: the (key, hash) pairs of the clean files that were read.
    """

    table: pa.Table
    digests: Dict[str, str]
    listing: List[Tuple[str, str]]

    @property
    def slots(self) -> int:
        """The number of quarters of an hour that have a row."""
        moments = pc.unique(self.table["ingested_ts"])
        return len(pc.unique(pc.floor_temporal(moments, multiple=15, unit="minute")))


def read_day(store: LakeStore, hours: Sequence[datetime]) -> DayRows:
    """Read the clean files of the hours of a day; an hour without one adds nothing.

    Raises:
        DamagedFileError: if a clean file cannot be decoded.
        OSError: if the lake cannot be read.
    """
    tables, digests, listing = [], {}, []
    for hour in hours:
        key = clean_key(hour)
        try:
            hash_, data = store.fetch(key)
        except FileNotFoundError:
            continue
        table, digests[hour_text(hour)] = _decode(store.address(key), hour, data)
        tables.append(table)
        listing.append((key, hash_))
    rows = sort_rows(pa.concat_tables(tables)) if tables else HISTORY_SCHEMA.empty_table()
    return DayRows(rows, digests, listing)


def _decode(address: str, hour: datetime, data: bytes) -> Tuple[pa.Table, str]:
    try:
        differences, footer = schema_differences(io.BytesIO(data)), read_footer(io.BytesIO(data))
        table = pq.ParquetFile(io.BytesIO(data)).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DamagedFileError(f"{address} cannot be decoded ({reason})") from error
    if differences or footer is None:
        raise DamagedFileError(f"{address} is not a clean file: {'; '.join(differences) or 'no footer'}")
    for name, text in zip(("date", "hour"), date_hour(hour)):
        table = table.append_column(name, pa.repeat(pa.scalar(text), len(table)))
    return table.select(HISTORY_SCHEMA.names).cast(HISTORY_SCHEMA), footer.digest
