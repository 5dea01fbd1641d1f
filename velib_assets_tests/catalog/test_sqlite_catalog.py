"""The local catalog: one SQLite file that several processes use."""

from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import CatalogError, Partition
from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.lake.keys import clean_key

NOON = datetime(2022, 6, 4, 12, tzinfo=timezone.utc)
PROCESSES, HOURS_EACH = 8, 10


def partition(number: int = 0, digest: str = "d", rows: int = 10) -> Partition:
    hour = NOON + timedelta(hours=number)
    return Partition(hour, clean_key(hour), rows, 1000, digest)


def _register_many(lake: Path, worker: int) -> None:
    catalog = LocalCatalog(lake)
    for number in range(HOURS_EACH):
        catalog.register([partition(worker * HOURS_EACH + number)])
        catalog.register([partition(-1, digest=f"shared-{worker}-{number}")])
        assert catalog.newest_hours(1)


def test_partitions_are_read_oldest_first(tmp_path: Path) -> None:
    """Hours are aware, in UTC."""
    catalog = LocalCatalog(tmp_path / "lake")
    assert catalog.register([partition(1), partition(0)]) == 2
    assert catalog.partitions() == [partition(0), partition(1)]


def test_registering_twice_changes_nothing(tmp_path: Path) -> None:
    """A retried run reports no new partition."""
    catalog = LocalCatalog(tmp_path)
    catalog.register([partition()])
    assert catalog.register([partition()]) == 0


def test_rebuilt_hour_counts_as_changed(tmp_path: Path) -> None:
    """Its digest differs."""
    catalog = LocalCatalog(tmp_path)
    catalog.register([partition()])
    assert catalog.register([partition(digest="other"), partition(1)]) == 2
    assert catalog.partitions([NOON]) == [partition(digest="other")]


def test_unregistered_hours_are_not_returned(tmp_path: Path) -> None:
    """The two newest hours may have a gap."""
    catalog = LocalCatalog(tmp_path)
    catalog.register([partition()])
    assert catalog.partitions([NOON, NOON + timedelta(hours=1)]) == [partition()]


def test_newest_hours_have_rows(tmp_path: Path) -> None:
    """An hour whose every record was rejected must not hide the newest state."""
    catalog = LocalCatalog(tmp_path)
    catalog.register([partition(0), partition(1), partition(2, rows=0)])
    assert catalog.newest_hours(5) == [NOON + timedelta(hours=1), NOON]


def test_reading_a_missing_catalog_creates_nothing(tmp_path: Path) -> None:
    catalog = LocalCatalog(tmp_path / "none")
    assert catalog.partitions() == []
    assert catalog.newest_hours(3) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("key", ["/etc/passwd", "../x.parquet", clean_key(NOON + timedelta(hours=1))])
def test_key_of_another_hour_is_refused(key: str, tmp_path: Path) -> None:
    """The query engine reads every file in the catalog."""
    with pytest.raises(ValueError, match="is not the clean file of 2022-06-04T12"):
        LocalCatalog(tmp_path).register([Partition(NOON, key, 1, 1, "d")])


def test_registration_is_all_or_nothing(tmp_path: Path) -> None:
    catalog = LocalCatalog(tmp_path)
    wrong = partition(1)._replace(digest=None)  # type: ignore[arg-type]
    with pytest.raises(CatalogError):
        catalog.register([partition(0), wrong])
    assert catalog.partitions() == []


def test_eight_processes_register_concurrently(tmp_path: Path) -> None:
    """Without a busy time-out and BEGIN IMMEDIATE, this failed with `database is locked`."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_register_many, args=(tmp_path, n)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert len(LocalCatalog(tmp_path).partitions()) == PROCESSES * HOURS_EACH + 1


def test_file_that_is_damaged_in_use_is_reported_with_a_remedy(tmp_path: Path) -> None:
    """It was usable when the process first looked; the next call builds it again."""
    catalog = LocalCatalog(tmp_path)
    catalog.register([partition()])
    assert catalog.partitions()
    (tmp_path / FILE_NAME).write_bytes(b"not a database, " * 500)
    with pytest.raises(CatalogError, match=rf"{FILE_NAME} cannot be used as a catalog .*again"):
        catalog.partitions()
    assert catalog.partitions() == []


def test_catalog_of_another_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(CatalogError, match="version 9"):
        LocalCatalog(tmp_path).partitions()


def test_unchanged_view_is_not_stored_again(tmp_path: Path) -> None:
    catalog = LocalCatalog(tmp_path)
    changed = [catalog.record_view("v", text) for text in ("a", "a", "b", "b")]
    assert changed == [True, False, True, False]
