"""Rebuilding hours of a lake in a folder: what is published, and which writer wins."""

from __future__ import annotations

import json
import multiprocessing
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from velib_assets.clean import rebuild
from velib_assets.clean.clean_file import encode_clean
from velib_assets.clean.hour import HourRows, RawObject
from velib_assets.clean.rebuild import footer_of, rebuild_hour
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, raw_key, rejects_key
from velib_assets.lake.listing import quarantined_keys, slot_times
from velib_assets_tests.clean.current import is_current
from velib_assets_tests.samples import HOUR, at, first_version, raw, record, records


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def put(store: FolderStore, *objects: RawObject) -> None:
    for item in objects:
        store.create(item.key, item.data)


def test_hour_becomes_one_current_file(store: FolderStore) -> None:
    put(store, raw(records(), 0), raw(records(), 15))
    assert rebuild_hour(store, HOUR).cleaned
    folder = (store.root / clean_key(HOUR)).parent
    assert [path.name for path in folder.iterdir()] == ["stations.parquet"]
    assert pq.read_metadata(folder / "stations.parquet").num_rows == 80
    assert is_current(store, HOUR)


def test_timestamps_are_int64_milliseconds_in_utc(store: FolderStore) -> None:
    """Athena reads nanoseconds and INT96 as wrong dates."""
    put(store, raw(records()))
    assert rebuild_hour(store, HOUR).cleaned
    schema = pq.ParquetFile(store.root / clean_key(HOUR)).schema
    column = schema.column(0)
    assert (column.name, column.physical_type) == ("ingested_ts", "INT64")
    assert "timeUnit=milliseconds" in str(column.logical_type)
    assert "isAdjustedToUTC=true" in str(column.logical_type)


def test_rejects_are_written_and_removed_when_outdated(store: FolderStore) -> None:
    put(store, raw([*records(), record("9999", capacity=-1)]))
    assert rebuild_hour(store, HOUR).cleaned
    path = store.root / rejects_key(HOUR)
    (row,) = pq.read_table(path, partitioning=None).to_pylist()
    assert row["reason"] == "capacity is negative: -1"
    assert json.loads(row["record"])["stationcode"] == "9999"
    (store.root / raw_key(HOUR)).unlink()
    put(store, raw(records(), 15))
    assert rebuild_hour(store, HOUR).cleaned
    assert not path.exists()


def test_hour_without_raw_is_absent(store: FolderStore) -> None:
    result = rebuild_hour(store, HOUR)
    assert (result.cleaned, result.absent) == (None, True)
    assert result.error == "2022-06-04T10 (UTC) has no raw snapshot"


def test_hour_without_a_usable_snapshot_keeps_its_file(store: FolderStore) -> None:
    put(store, raw(records()))
    assert rebuild_hour(store, HOUR).cleaned
    before = store.read(clean_key(HOUR))
    (store.root / raw_key(HOUR)).write_bytes(b"broken")
    result = rebuild_hour(store, HOUR).cleaned
    assert result
    assert result.size == 0
    assert store.read(clean_key(HOUR)) == before


def test_unusable_raw_object_gets_a_reason_and_counts_as_quarantined(store: FolderStore) -> None:
    put(store, raw(records()), RawObject(raw_key(at(15)), "", b"broken"))
    assert rebuild_hour(store, HOUR).cleaned
    assert rebuild_hour(store, HOUR).cleaned
    (path,) = (store.root / "quarantine").rglob("*.json")
    assert json.loads(path.read_text())["raw_key"] == raw_key(at(15))
    assert slot_times(store, HOUR) == ({at(0)}, {at(15)})
    assert (store.root / raw_key(at(15))).read_bytes() == b"broken"


def test_misfiled_object_counts_in_the_hour_of_its_folder(store: FolderStore) -> None:
    stray = raw_key(HOUR).replace("_100000", "_090000")
    put(store, raw(records()), RawObject(stray, "", raw(records()).data))
    assert rebuild_hour(store, HOUR).cleaned
    assert quarantined_keys(store, HOUR) == {stray}


def test_repaired_raw_object_is_usable_again(store: FolderStore) -> None:
    put(store, RawObject(raw_key(HOUR), "", b"broken"))
    assert rebuild_hour(store, HOUR).cleaned
    (store.root / raw_key(HOUR)).unlink()
    put(store, raw(records()))
    assert quarantined_keys(store, HOUR) == set()


def test_other_files_are_ignored(store: FolderStore) -> None:
    put(store, raw(records()))
    (store.root / raw_key(HOUR)).with_name("notes.json").write_text("{}")
    result = rebuild_hour(store, HOUR).cleaned
    assert result
    assert result.quarantined == []


def test_new_raw_makes_an_hour_outdated(store: FolderStore) -> None:
    put(store, raw(records(), 0))
    assert rebuild_hour(store, HOUR).cleaned
    put(store, first_version(records(), 15))
    assert not is_current(store, HOUR)


def test_slower_writer_that_saw_fewer_snapshots_does_not_win(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read one snapshot when another writer cleans a second one; then it tries to publish."""
    put(store, raw(records(), 0))
    read, resume = threading.Event(), threading.Event()
    encode = encode_clean

    def slow(clean: HourRows) -> bytes:
        if threading.current_thread().name == "slow" and not read.is_set():
            read.set()
            assert resume.wait(60)
        return encode(clean)

    monkeypatch.setattr(rebuild, "encode_clean", slow)
    writer = threading.Thread(target=rebuild_hour, args=(store, HOUR), name="slow")
    writer.start()
    assert read.wait(60)
    put(store, raw(records(), 15))
    assert rebuild_hour(store, HOUR).cleaned
    quick = store.read(clean_key(HOUR))
    resume.set()
    writer.join()
    assert store.read(clean_key(HOUR)) == quick
    assert is_current(store, HOUR)


def _writer(root: str, minute: int, rounds: int) -> None:
    store = FolderStore(Path(root))
    for second in range(rounds):
        item = raw(records(5 + second), minute)
        put(store, item._replace(key=raw_key(at(minute, second))))
        assert rebuild_hour(store, HOUR).cleaned


def test_two_processes_rebuild_one_hour_concurrently(store: FolderStore) -> None:
    """Each adds snapshots and cleans; readers never see a partial file, and the last file has all."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_writer, args=(str(store.root), m, 12)) for m in (0, 30)]
    for worker in workers:
        worker.start()
    seen = set()
    while any(worker.is_alive() for worker in workers):
        if (store.root / clean_key(HOUR)).exists():
            footer = footer_of(store, HOUR)
            assert footer is not None
            seen.add(len(footer.snapshots))
    assert [worker.exitcode for worker in workers] == [0, 0]
    footer = footer_of(store, HOUR)
    assert footer
    assert len(footer.snapshots) == 24
    assert is_current(store, HOUR)
    assert len(seen) > 1
    assert [path.name for path in (store.root / clean_key(HOUR)).parent.iterdir()] == ["stations.parquet"]
