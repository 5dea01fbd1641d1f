"""Small lakes for the tests of the history: hours as the clean step writes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, hours_of_day, raw_key
from velib_assets_tests.samples import body, record

DAY = date(2022, 6, 4)
STATIONS = ("16107", "1001", "31024_relais")


def snapshot(store: FolderStore, taken: datetime, bikes: int = 8, **changes: Any) -> None:
    """Store a raw snapshot of the three stations; the station 1001 has `bikes` bikes."""
    rows = [record(code, **changes) for code in STATIONS]
    rows[1]["numbikesavailable"] = bikes
    response = FeedResponse("opendata", {"body": body(rows)})
    store.create(raw_key(taken), encode_raw("opendata", taken, taken, decode(response)))


def clean(store: FolderStore, *hours: datetime) -> None:
    """Clean hours, each of which must have raw."""
    for result in LocalCleanJob(store, 1).run(hours):
        assert result.cleaned, result.error


def fill_day(store: FolderStore, day: date = DAY, hours: int = 24, per_hour: int = 2) -> None:
    """Fill the first hours of a day with cleaned snapshots, 15 minutes apart."""
    chosen = hours_of_day(day)[:hours]
    for number, hour in enumerate(chosen):
        for minute in range(0, 15 * per_hour, 15):
            snapshot(store, hour.replace(minute=minute), (number + minute) % 13)
    clean(store, *chosen)


def add_late(store: FolderStore, taken: datetime) -> None:
    """Add a late snapshot to a cleaned hour, and clean it again."""
    snapshot(store, taken)
    clean(store, hour_of(taken))


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
