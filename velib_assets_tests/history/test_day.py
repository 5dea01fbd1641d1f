"""The history file of a day: its rows, when it is outdated, and what keeps it from being built."""

from __future__ import annotations

import io
from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow.parquet as pq

from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.day import rebuild_day
from velib_assets.history.history_file import HISTORY_SCHEMA
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, history_day_key, hours_of_day
from velib_assets_tests.history.days import DAY, STATIONS, add_late, fill_day


def test_day_file_has_the_rows_of_its_hours_by_station_and_time(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store)
    result = rebuild_day(store, DAY)
    assert (result.error, result.rows, result.hours) == ("", 3 * 48, 24)
    table = pq.read_table(io.BytesIO(store.read(history_day_key(DAY))))
    assert table.schema.equals(HISTORY_SCHEMA)
    expected = [
        {**row, "date": "2022-06-04", "hour": f"{hour.hour:02}"}
        for hour in hours_of_day(DAY)
        for row in pq.read_table(io.BytesIO(store.read(clean_key(hour)))).to_pylist()
    ]
    expected.sort(key=lambda row: (row["station_id"], row["ingested_ts"]))
    assert table.to_pylist() == expected
    assert sorted(set(table["station_id"].to_pylist())) == sorted(STATIONS)


def test_hour_without_clean_file_is_left_out(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store, hours=5)
    result = rebuild_day(store, DAY)
    assert (result.error, result.rows, result.hours) == ("", 3 * 10, 5)


def test_day_without_clean_files_is_absent(tmp_path: Path) -> None:
    result = rebuild_day(FolderStore(tmp_path), DAY)
    assert result.absent
    assert result.error == "2022-06-04 (UTC) has no clean file"
    assert not list(tmp_path.rglob("*.parquet"))


def test_day_that_has_not_ended_is_not_built(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store)
    result = rebuild_day(store, DAY, datetime(2022, 6, 4, 23, 59, 59, tzinfo=timezone.utc))
    assert "has not ended" in result.error
    assert not store.list("history/source=velib/month=2022-06/")
    assert not rebuild_day(store, DAY, datetime(2022, 6, 5, tzinfo=timezone.utc)).error


def test_same_clean_files_give_the_same_bytes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store, hours=3)
    first = rebuild_day(store, DAY), store.read(history_day_key(DAY))
    assert (rebuild_day(store, DAY), store.read(history_day_key(DAY))) == first


def test_late_snapshot_changes_the_digest(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store, hours=3)
    before = rebuild_day(store, DAY)
    add_late(store, datetime(2022, 6, 4, 1, 45, tzinfo=timezone.utc))
    after = rebuild_day(store, DAY)
    assert after.digest != before.digest
    assert after.rows == before.rows + len(STATIONS)


def test_damaged_clean_file_fails_the_day_and_is_named(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    fill_day(store, hours=3)
    whole = rebuild_day(store, DAY)
    damaged = tmp_path / clean_key(hours_of_day(DAY)[1])
    damaged.write_bytes(damaged.read_bytes()[:500])
    result = rebuild_day(store, DAY)
    assert str(damaged) in result.error
    assert len(store.read(history_day_key(DAY))) == whole.bytes  # the file of before stays


def test_days_of_other_months_are_in_other_folders() -> None:
    assert history_day_key(date(2024, 2, 29)) == "history/source=velib/month=2024-02/date=2024-02-29.parquet"


def test_damage_that_leaves_a_clean_file_readable_fails_the_day(tmp_path: Path) -> None:
    """Rebuilding the file gives the same digest, so the day would keep the damage for good."""
    store, catalog, hour = FolderStore(tmp_path), LocalCatalog(tmp_path), hours_of_day(DAY)[1]
    fill_day(store, hours=3)
    catalog.register([hashed_partition_of(store, part) for part in hours_of_day(DAY)[:3]])
    job = LocalHistoryJob(store, 1, catalog)
    (whole,) = job.run([DAY])
    path = tmp_path / clean_key(hour)
    good = path.read_bytes()
    table = pq.ParquetFile(io.BytesIO(good)).read()
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:  # other bytes, readable
        writer.write_table(table)
        footer = pq.read_metadata(io.BytesIO(good)).metadata[b"velib"].decode()
        writer.add_key_value_metadata({"velib": footer})
    path.write_bytes(sink.getvalue())
    (result,) = job.run([DAY])
    assert result.error == f"{path} is damaged: it is not as it was registered"
    assert len(store.read(history_day_key(DAY))) == whole.bytes
    path.write_bytes(good)
    assert list(job.run([DAY])) == [whole]


def test_clean_file_that_is_newer_than_its_registration_is_read(tmp_path: Path) -> None:
    store, catalog = FolderStore(tmp_path), LocalCatalog(tmp_path)
    fill_day(store, hours=3)
    catalog.register([hashed_partition_of(store, part) for part in hours_of_day(DAY)[:3]])
    add_late(store, datetime(2022, 6, 4, 1, 45, tzinfo=timezone.utc))
    (result,) = LocalHistoryJob(store, 1, catalog).run([DAY])
    assert (result.error, result.rows) == ("", 3 * 7)
