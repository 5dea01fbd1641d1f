"""Reads from the lake what is published of a month. The clock only says which days have ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Catalog, HistoryFile
from velib_assets.ingest.json_document import HEAD
from velib_assets.ingest.raw_object import head_of
from velib_assets.ingest.response import OPENDATA
from velib_assets.lake.keys import HOUR, STATIONS_KEY
from velib_assets.lake.listing import objects_by_hour, slot_times_by_hour
from velib_assets.lake.local_days import local_day_of, utc_days_overlapped
from velib_assets.lake.months import days_of_month, month_text
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.publish.coverage import CoveredSlot, coverage_csv, covered_slots
from velib_assets.publish.daily_tables import daily_tables
from velib_assets.publish.month_history import (
    REPAIR,
    UnpublishableError,
    has_digests,
    has_snapshot,
    history_bytes,
    published_days,
)
from velib_assets.publish.parquet_tables import encode_table, stretches_within
from velib_assets.publish.published_tables import COVERAGE, DAILY, HISTORY, REGISTER
from velib_assets.query.daily_store import has_ended
from velib_assets.stations.register_file import decode_register

_THREADS, _ATTEMPTS = 8, 3
_DAY = timedelta(days=1)


class MonthData(NamedTuple):
    """A month as it is published.

    Attributes:
        month: its first day.
        is_over: whether all its days had ended. If not, the data end with the last day in history.
        first: the start of the data (UTC).
        end: their end (UTC), not included.
        tables: the bytes of each table's file, by the table's name.
        rows: the number of rows of each table, by its name.
        slots: every slot from `first` to `end`.
        times: the first and the last snapshot (UTC).
        stations: the number of stations in the history.
        feeds: the feeds of the raw snapshots.
    """

    month: date
    is_over: bool
    first: datetime
    end: datetime
    tables: Mapping[str, bytes]
    rows: Mapping[str, int]
    slots: tuple[CoveredSlot, ...]
    times: tuple[datetime, datetime]
    stations: int
    feeds: frozenset[str]


def load_month(lake: LakeStore, catalog: Catalog, month: date, now: datetime) -> MonthData:
    """Read a month. If its history changes in the meantime, it is read again: all tables are of one history.

    Raises:
        UnpublishableError: The month has no rows, its days are not all current in history, a file is damaged,
            or the history changed during each attempt.
        OSError: The lake cannot be read.
    """
    for _ in range(_ATTEMPTS):
        days = published_days(lake, catalog, month, now)
        try:
            data = _load(lake, catalog, month, now, days)
        except UnpublishableError:
            if has_digests(catalog, month, days):
                raise
        else:
            if has_digests(catalog, month, days):
                return data
    raise UnpublishableError(
        f"the history of {month_text(month)} changed during each of {_ATTEMPTS} attempts to read it. "
        "Publish it again when no run writes it"
    )


def _load(
    lake: LakeStore, catalog: Catalog, month: date, now: datetime, days: Sequence[HistoryFile]
) -> MonthData:
    last_day = days_of_month(month)[-1]
    is_over = _midnight(last_day + _DAY) <= now
    last = last_day if is_over else date.fromisoformat(days[-1].period)
    first, end = _midnight(month), _midnight(last + _DAY)
    history = history_bytes(lake, catalog, month, days)
    counts, stations = _summary(history)
    local_days = [
        day
        for day in _local_days(lake, catalog, days_of_month(month), counts)
        if utc_days_overlapped(day)[-1] <= last or (is_over and has_ended(day, now))
    ]
    daily = daily_tables(lake, catalog, local_days, now)
    raw, quarantine = (objects_by_hour(lake, layer, first, end - HOUR) for layer in ("raw", "quarantine"))
    slots = tuple(covered_slots(first, end, slot_times_by_hour(lake, raw, quarantine), counts))
    register = stretches_within(_register(lake), _scalar(first), _scalar(end))
    tables = {
        HISTORY.name: history,
        **{table.name: encode_table(table, daily[table.name]) for table in DAILY},
        REGISTER.name: encode_table(REGISTER, register),
        COVERAGE.name: coverage_csv(slots),
    }
    rows = {
        HISTORY.name: sum(counts.values()),
        **{table.name: daily[table.name].num_rows for table in DAILY},
        REGISTER.name: register.num_rows,
        COVERAGE.name: len(slots),
    }
    times = (min(counts), max(counts))
    feeds = _feeds(lake, raw.values())
    return MonthData(month, is_over, first, end, tables, rows, slots, times, stations, feeds)


def _local_days(
    lake: LakeStore, catalog: Catalog, dates: Sequence[date], snapshots: Iterable[datetime]
) -> list[date]:
    """Return the local days of a month with a snapshot, which may be in the month before or after it."""
    found = {local_day_of(moment) for moment in snapshots}
    found |= {day for day in (dates[0], dates[-1]) if day not in found and has_snapshot(lake, catalog, day)}
    return [day for day in dates if day in found]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, pa.timestamp("ms", "UTC"))


def _summary(history: bytes) -> tuple[dict[datetime, int], int]:
    """Return the number of rows of each snapshot, by its time, and the number of stations."""
    table = pq.ParquetFile(pa.BufferReader(history)).read(["ingested_ts", "station_id"], use_threads=False)
    counts = pc.value_counts(table["ingested_ts"].cast(pa.timestamp("ms", "UTC")))
    times, numbers = counts.flatten()
    return dict(zip(times.to_pylist(), numbers.to_pylist(), strict=True)), pc.count_distinct(
        table["station_id"]
    ).as_py()


def _register(lake: LakeStore) -> pa.Table:
    """Return the station register.

    Raises:
        UnpublishableError: It is missing or damaged.
    """
    address = lake.address(STATIONS_KEY)
    try:
        data = lake.read(STATIONS_KEY)
    except FileNotFoundError:
        raise UnpublishableError(f"{address} is missing. {REPAIR}") from None
    if decode_register(data) is None:
        raise UnpublishableError(f"{address} is damaged. {REPAIR}")
    table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    return table.set_column(
        table.schema.get_field_index("valid_from"), "valid_from", table["valid_from"].cast(_TIME)
    ).set_column(table.schema.get_field_index("valid_to"), "valid_to", table["valid_to"].cast(_TIME))


_TIME = pa.timestamp("ms", "UTC")


def _feeds(lake: LakeStore, hours: Iterable[list[Stored]]) -> frozenset[str]:
    """Return the feeds of the first snapshot of each hour."""

    def feed_of(item: Stored) -> str:
        with lake.open(item.key) as file:
            return str(head_of(file.read(HEAD)).get("feed", OPENDATA))

    with ThreadPoolExecutor(_THREADS) as pool:
        return frozenset(pool.map(feed_of, [objects[0] for objects in hours if objects]))
