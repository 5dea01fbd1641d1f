"""Reads the clean files of a UTC day as one table, sorted by station and time."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Partition
from velib_assets.clean.clean_file import read_footer, schema_differences
from velib_assets.history.history_file import HISTORY_SCHEMA
from velib_assets.history.sorted_rows import sort_rows
from velib_assets.lake.keys import clean_key, date_hour, hour_text
from velib_assets.lake.store import LakeStore


class DamagedFileError(OSError):
    """A file from which history is built, or a history file, cannot be read. The message names it."""


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


def read_day(store: LakeStore, hours: Sequence[datetime], registered: Iterable[Partition] = ()) -> DayRows:
    """Read the clean files of the hours of a day; an hour without one adds nothing.

    Args:
        store: the lake.
        hours: the hours.
        registered: their partitions, with the hashes of their files: damage may leave a file readable.

    Raises:
        DamagedFileError: if a clean file cannot be decoded, or is not the registered one of its digest.
        OSError: if the lake cannot be read.
    """
    known = {part.hour: part for part in registered}
    tables, digests, listing = [], {}, []
    for hour in hours:
        key = clean_key(hour)
        try:
            hash_, data = store.fetch(key)
        except FileNotFoundError:
            continue
        table, digest = _decode(store.address(key), hour, data)
        if (part := known.get(hour)) and is_altered(data, digest, part.digest, part.sha256):
            raise DamagedFileError(f"{store.address(key)} is damaged: it is not as it was registered")
        digests[hour_text(hour)] = digest
        tables.append(table)
        listing.append((key, hash_))
    rows = sort_rows(pa.concat_tables(tables)) if tables else HISTORY_SCHEMA.empty_table()
    return DayRows(rows, digests, listing)


def is_altered(data: bytes, digest: str, registered_digest: str, registered_sha256: str) -> bool:
    """Return whether bytes have the digest of a registered file and are not those that were registered.

    A file of another digest was replaced and is about to be registered.
    """
    if not registered_sha256 or digest != registered_digest:
        return False
    return hashlib.sha256(data).hexdigest() != registered_sha256


def _decode(address: str, hour: datetime, data: bytes) -> Tuple[pa.Table, str]:
    try:
        differences, footer = schema_differences(io.BytesIO(data)), read_footer(io.BytesIO(data))
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DamagedFileError(f"{address} cannot be decoded ({reason})") from error
    if differences or footer is None:
        raise DamagedFileError(f"{address} is not a clean file: {'; '.join(differences) or 'no footer'}")
    for name, text in zip(("date", "hour"), date_hour(hour)):
        table = table.append_column(name, pa.repeat(pa.scalar(text), len(table)))
    return table.select(HISTORY_SCHEMA.names).cast(HISTORY_SCHEMA), footer.digest
