"""Reads what the feed said from a clean file, and whether the file is current."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Iterable, List, Optional, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.clean.clean_file import Footer, read_footer
from velib_assets.clean.hour import digest_of
from velib_assets.lake.keys import clean_key, raw_time, rejects_key
from velib_assets.lake.network import KEY, VELIB
from velib_assets.lake.store import LakeStore
from velib_assets.stations.describe import description_digest, undescribe
from velib_assets.stations.placeholders import without_placeholders
from velib_assets.stations.register import Register
from velib_assets.stations.sights import FIELDS, Sights, sights_of


def sights_in(store: LakeStore, hour: datetime) -> Optional[Sights]:
    """Return what an hour's clean file says of the stations; None if the file is missing or damaged."""
    found = _rows_in(store, hour)
    if found is None:
        return None
    footer, rows = found
    times = [taken for part in footer.snapshots if (taken := raw_time(part["key"]))]
    partial = [taken for key in footer.partial if (taken := raw_time(key))]
    rows = without_placeholders(rows) if KEY == VELIB else rows
    return sights_of(hour, rows, times, _rejected(store, hour), partial)


def _rows_in(store: LakeStore, hour: datetime) -> Optional[Tuple[Footer, pa.Table]]:
    """Return a clean file's footer, and its stations, times and FIELDS as the feed gave them."""
    try:
        with store.open(clean_key(hour)) as source:
            footer = read_footer(source)
            if footer is None:
                return None
            source.seek(0)
            rows = _read(source, ["station_id", "ingested_ts", *FIELDS])
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    return footer, undescribe(rows, footer.missing)


def _read(source: IO[bytes], columns: List[str]) -> pa.Table:
    """Read columns in this thread: after `read_table` of a file object a process that ends may abort."""
    return pq.ParquetFile(source).read(columns, use_threads=False)


def _rejected(store: LakeStore, hour: datetime) -> List[Tuple[Optional[str], datetime]]:
    """Return the station code and the time of each rejected record of an hour."""
    try:
        with store.open(rejects_key(hour)) as source:
            rows = _read(source, ["station_id", "ingested_ts"])
    except (FileNotFoundError, pa.ArrowInvalid):
        return []
    return list(zip(rows["station_id"].to_pylist(), rows["ingested_ts"].to_pylist()))


def current_digest(
    store: LakeStore, hour: datetime, listing: Iterable[Tuple[str, str]], footer: Footer, register: Register
) -> str:
    """Return the digest that a clean file would get if its hour were cleaned now, unless raw has changed.

    Args:
        store: the lake.
        hour: the hour, UTC.
        listing: the (key, hash) pairs of the hour's raw objects.
        footer: the footer of the hour's clean file.
        register: the station register.
    """
    descriptions = ""
    if footer.missing:
        found = _rows_in(store, hour)
        descriptions = description_digest(found[1], register) if found else ""
    return digest_of(listing, descriptions)
