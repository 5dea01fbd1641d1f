"""A year of hourly files for bench_history.py, and the hourly files of recorded snapshots."""

import hashlib
import io
import sys
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean import clean_file
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.ingest.decode import decode
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hours_of_day, parse_hour, raw_key
from velib_assets.lake.months import days_of_month
from velib_assets.simulator.simulator import Simulator

MONTHS = [date(2025, number, 1) for number in range(1, 13)]
DAYS = [day for month in MONTHS for day in days_of_month(month)]
_FIRST, _LAST = parse_hour("2018-01-01T00"), parse_hour("2030-01-01T00")


def make_year(lake: Path) -> None:
    """Fill a lake with the hourly files of the year, unless it has them."""
    store = FolderStore(lake)
    hours = [hour for day in DAYS for hour in hours_of_day(day)]
    feed = Simulator()
    for hour in hours:
        if (lake / clean_key(hour)).exists():
            continue
        if hour == hour.replace(day=1, hour=0):
            print(f"making the hours of {hour:%Y-%m}", file=sys.stderr)
        data = _simulated(feed, hour) if hour.month == 1 else _moved(store, hour.replace(month=1), hour)
        store.create(clean_key(hour), data)
    LocalCatalog(lake).prepare()


def recorded_days(lake: Path, folder: Path) -> None:
    """Fill a lake with the cleaned snapshots of a folder."""
    from velib_assets.clean.local_clean_job import LocalCleanJob
    from velib_assets.defs.raw_snapshot import RESTORE_ONLY, ingest_hours  # imports Dagster
    from velib_assets.ingest.feeds.archive import Archive
    from velib_assets.ingest.step import Ingest

    store, feed = FolderStore(lake), Archive(folder)
    hours = sorted(feed.recorded_hours(_FIRST, _LAST))
    list(ingest_hours(store, Ingest(store, feed), hours, {RESTORE_ONLY: "true"}))
    list(LocalCleanJob(store).run(hours))
    LocalCatalog(lake).prepare()


def _simulated(feed: Simulator, hour: datetime) -> bytes:
    """Return the clean file of a simulated hour."""
    raws = []
    for snapshot in feed.recorded(hour):
        taken = snapshot.taken_at
        data = encode_raw(feed.name, taken, taken, decode(snapshot.response))
        raws.append(RawObject(raw_key(taken), hashlib.sha256(data).hexdigest(), data))
    return clean_file.encode_clean(clean_hour(hour, raws))


def _moved(store: FolderStore, source: datetime, target: datetime) -> bytes:
    """Return a clean file with all times moved from one hour to another."""
    data = store.read(clean_key(source))
    table = pq.read_table(io.BytesIO(data))
    for name in ("ingested_ts", "reported_ts"):
        place = table.schema.get_field_index(name)
        times = pc.add(table[name], pa.scalar(target - source, pa.duration("ms")))
        table = table.set_column(place, table.schema.field(name), times)
    footer = pq.read_metadata(io.BytesIO(data)).metadata[b"velib"].decode()
    return clean_file._encode(table, {"velib": footer})  # with the product's options
