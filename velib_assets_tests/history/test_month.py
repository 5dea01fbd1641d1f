"""The history file of a month: a function of its day files."""

from __future__ import annotations

import io
import weakref
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history import month_rows
from velib_assets.history.digests import current_files
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.history.month import rebuild_month
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import history_month_key
from velib_assets_tests.history.days import DAY, add_late, fill_day

MONTH = date(2022, 6, 1)
DAYS = [DAY, DAY + timedelta(days=2)]


def month_of_two_days(folder: Path) -> tuple[FolderStore, list[HistoryFile]]:
    store = FolderStore(folder)
    for day in DAYS:
        fill_day(store, day, hours=2)
    return store, [result.file() for result in LocalHistoryJob(store, 1).run(DAYS)]


def test_month_file_has_the_rows_of_its_days_by_station_and_time(tmp_path: Path) -> None:
    store, files = month_of_two_days(tmp_path)
    result = rebuild_month(store, MONTH)
    assert (result.error, result.days) == ("", 2)
    rows = pq.read_table(io.BytesIO(store.read(history_month_key(MONTH)))).to_pylist()
    expected = [row for file in files for row in pq.read_table(io.BytesIO(store.read(file.key))).to_pylist()]
    assert rows == sorted(expected, key=lambda row: (row["station_id"], row["ingested_ts"]))


def test_current_month_replaces_its_days_for_readers(tmp_path: Path) -> None:
    store, files = month_of_two_days(tmp_path)
    month = rebuild_month(store, MONTH).file()
    assert current_files([*files, month]) == [month]
    add_late(store, datetime(2022, 6, 4, 1, 45, tzinfo=timezone.utc))
    changed = [result.file() for result in LocalHistoryJob(store, 1).run(DAYS)]
    assert current_files([*changed, month]) == changed


def test_month_without_days_is_absent_and_open_month_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert rebuild_month(store, MONTH).absent
    assert (
        "has not ended" in rebuild_month(store, MONTH, datetime(2022, 6, 30, 23, tzinfo=timezone.utc)).error
    )


def test_damaged_day_file_fails_the_month_and_is_named(tmp_path: Path) -> None:
    store, files = month_of_two_days(tmp_path)
    catalog = LocalCatalog(tmp_path)
    catalog.register_history(files)
    assert not rebuild_month(store, MONTH, catalog=catalog).error
    whole = store.read(history_month_key(MONTH))
    path = tmp_path / files[0].key
    good = path.read_bytes()
    catalog.register_history([files[0]._replace(sha256="0" * 64)])
    result = rebuild_month(store, MONTH, catalog=catalog)
    assert result.error == f"{path} is damaged: it is not as it was registered"
    path.write_bytes(good[:-30])
    assert str(path) in rebuild_month(store, MONTH).error
    path.write_bytes(good[:200] + bytes(100) + good[300:])
    assert str(path) in rebuild_month(store, MONTH).error
    assert store.read(history_month_key(MONTH)) == whole


def test_few_files_are_open_at_a_time_and_the_rows_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """31 open readers took most of the memory of a month."""
    store, days = FolderStore(tmp_path), [date(2022, 6, number) for number in range(1, 15)]
    for day in days:
        fill_day(store, day, hours=1)
    files = [result.file() for result in LocalHistoryJob(store, 1).run(days)]
    opened: weakref.WeakSet[Any] = weakref.WeakSet()
    counts, open_file = [], pq.ParquetFile

    def counted(*args: Any, **options: Any) -> Any:
        file = open_file(*args, **options)
        opened.add(file)
        counts.append(len(opened))
        return file

    monkeypatch.setattr(pq, "ParquetFile", counted)
    monkeypatch.setattr(month_rows, "_BATCH", 1)  # else each file is read at once
    assert rebuild_month(store, MONTH).error == ""
    monkeypatch.undo()
    assert len(counts) >= len(days)
    assert max(counts) <= 6
    rows = pq.read_table(io.BytesIO(store.read(history_month_key(MONTH)))).to_pylist()
    expected = [row for file in files for row in pq.read_table(io.BytesIO(store.read(file.key))).to_pylist()]
    assert rows == sorted(expected, key=lambda row: (row["station_id"], row["ingested_ts"]))
