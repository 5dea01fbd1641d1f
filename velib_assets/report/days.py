"""Reads the stored days of the daily KPIs for the report, once per change of one of their files.

The files are small and are read from the lake itself, without a query to Athena. A tick without a new day
only lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.lake.keys import daily_kpi_key, day_text
from velib_assets.lake.local_days import DAY
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.query.stored_state import digest_of, stored_state
from velib_assets.report.day_numbers import PERIODS, best_and_worst, calendar, comparison, is_complete

CALENDAR_DAYS = 90
_NETWORK, _STATION = "kpi_daily_network", "kpi_daily_station"
_Files = Mapping[date, Stored]


def report_days(store: LakeStore, today: date) -> dict[str, Any]:
    """Return what the report says about days, of JSON types.

    Args:
        store: The lake.
        today: The local day of the newest snapshot. It counts only if it is stored, as in an archive's lake,
            and ends the comparison and the periods only if it is complete.

    Returns:
        `first` and `last`, the range of the calendar; the `calendar` (`day_numbers.calendar`); the
        `comparison` of the last stored day, and the `periods` up to it (`day_numbers.best_and_worst`). A day
        whose file is missing or cannot be read is not in the calendar.

    Raises:
        OSError: The numbers cannot be stored.
    """
    network = _files(store, _NETWORK, today - CALENDAR_DAYS * DAY, today)
    stations = _files(store, _STATION, today - max(PERIODS) * DAY, today)
    inputs = [(item.key, store.hash(item)) for files in (network, stations) for item in files.values()]
    digest = digest_of([today.isoformat(), inputs], "velib_assets.report", "days.py", "day_numbers.py")

    def compute() -> dict[str, Any]:
        rows = {day: rows[0] for day, rows in _read(store, network).items() if rows}
        last = today if today in rows else today - DAY
        days = calendar({day: row for day, row in rows.items() if day > last - CALENDAR_DAYS * DAY})
        over = last if last < today or is_complete(days[-1]) else today - DAY
        return {
            "first": (last - (CALENDAR_DAYS - 1) * DAY).isoformat(),
            "last": last.isoformat(),
            "calendar": days,
            "comparison": comparison(days, over),
            "periods": best_and_worst(_read(store, stations), over),
        }

    days = stored_state(store, "days", digest, compute)
    return {name: value for name, value in days.items() if name != "digest"}


def _files(store: LakeStore, name: str, first: date, last: date) -> _Files:
    """List the stored days of a daily KPI, oldest first."""
    days = (first + n * DAY for n in range((last - first).days + 1))
    keys = {daily_kpi_key(name, day): day for day in days}
    prefix = daily_kpi_key(name, first).partition("date=")[0]
    items = store.walk(prefix, f"date={day_text(first)}", f"date={day_text(last)}")
    return {keys[item.key]: item for item in items if item.key in keys}


def _read(store: LakeStore, files: _Files) -> dict[date, Sequence[Mapping[str, Any]]]:
    """Return the rows of each day whose file can be read."""
    rows = {}
    for day, item in files.items():
        with suppress(FileNotFoundError):
            content = pa.BufferReader(store.read(item.key))
            with suppress(pa.ArrowException, OSError):  # pyarrow raises both for damaged bytes
                rows[day] = pq.ParquetFile(content).read(use_threads=False).to_pylist()
    return rows
