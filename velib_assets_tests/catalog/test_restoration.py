"""A lake whose catalog is missing or damaged registers itself, and says so."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.lake.keys import clean_key

FROZEN = Path(__file__).parent.parent / "frozen_lake" / "lake"
HOURS = 4


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of a lake with four clean hours, and its catalog."""
    lake = tmp_path / "lake"
    shutil.copytree(FROZEN, lake)
    return lake


def registered(lake: Path) -> list[Partition]:
    return LocalCatalog(lake).partitions()


def kept_aside(lake: Path) -> list[Path]:
    return sorted(lake.glob(FILE_NAME + ".damaged-*"))


def test_missing_catalog_is_built_from_the_clean_files(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = registered(copied)
    assert capsys.readouterr().err == ""
    (copied / FILE_NAME).unlink()
    assert registered(copied) == before
    line = capsys.readouterr().err
    assert line == (
        f"velib: {copied / FILE_NAME} does not exist: "
        f"{HOURS} hours were registered from the clean files of the lake\n"
    )
    assert registered(copied) == before
    assert capsys.readouterr().err == ""


def _garbage(path: Path) -> None:
    path.write_bytes(b"not a database, " * 500)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _page_of_zeros(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(4096) + data[8192:])


def _no_table(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE partitions")


def _no_views(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE views")


@pytest.mark.parametrize("damage", [_garbage, _cut, _page_of_zeros, _no_table, _no_views])
def test_damaged_file_is_kept_aside_and_built_again(
    damage: object, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = registered(copied)
    damage(copied / FILE_NAME)  # type: ignore[operator]
    bytes_before = (copied / FILE_NAME).read_bytes()
    assert registered(copied) == before
    (kept,) = kept_aside(copied)
    assert kept.read_bytes() == bytes_before
    assert "was damaged (" in (line := capsys.readouterr().err)
    assert f"is kept as {kept.name}: {HOURS} hours were registered" in line
    assert registered(copied) == before


def test_empty_file_counts_as_missing(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / FILE_NAME).write_bytes(b"")
    assert len(registered(copied)) == HOURS
    assert f"{HOURS} hours were registered" in capsys.readouterr().err
    assert kept_aside(copied) == []


def test_newer_version_is_neither_damage_nor_missing(copied: Path) -> None:
    """A newer program wrote it: an older one must not put it aside."""
    with sqlite3.connect(copied / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(Exception, match="version 9"):
        registered(copied)
    assert kept_aside(copied) == []


def test_empty_lake_stays_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert registered(tmp_path) == []
    (tmp_path / "clean").mkdir()
    assert registered(tmp_path) == []
    assert capsys.readouterr().err == ""
    assert not (tmp_path / FILE_NAME).exists()


def test_first_registration_of_a_lake_is_silent(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run cleans its hours before it registers them: that is no lost catalog."""
    parts = registered(copied)
    (copied / FILE_NAME).unlink()
    catalog = LocalCatalog(copied)
    catalog.prepare([part.hour for part in parts])
    assert [catalog.register([part]) for part in parts] == [1] * HOURS
    assert capsys.readouterr().err == ""


def test_registering_one_hour_without_catalog_registers_the_others_too(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise a tick would make a catalog with one hour, and the others would be missing unnoticed."""
    parts = registered(copied)
    (copied / FILE_NAME).unlink()
    LocalCatalog(copied).register(parts[-1:])
    assert registered(copied) == parts
    assert f"{HOURS - 1} hours were registered" in capsys.readouterr().err


def test_damaged_clean_file_stops_no_other(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = registered(copied)[0]
    (copied / FILE_NAME).unlink()
    (copied / first.key).write_bytes(b"PAR1")
    (copied / first.key).with_name("other.parquet").write_bytes(b"")
    assert len(registered(copied)) == HOURS - 1
    assert "velib: not registered: " in (lines := capsys.readouterr().err)
    assert lines.count("\n") == 2


def test_lake_that_cannot_be_written_is_registered_in_memory(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder in the place of SQLite's journal refuses writes as a read-only disk does."""
    before = registered(copied)
    (copied / FILE_NAME).unlink()
    (copied / (FILE_NAME + "-journal")).mkdir()
    (copied / (FILE_NAME + "-journal") / "x").write_bytes(b"")
    catalog = LocalCatalog(copied)
    assert catalog.partitions() == before
    assert catalog.newest_hours(1) == [before[-1].hour]
    assert catalog.record_view("v", "text")
    line = capsys.readouterr().err
    assert "cannot be written" in line
    assert f"for this process only: {HOURS} hours were registered" in line


def _partitions(lake: Path) -> None:
    assert len(LocalCatalog(lake).partitions()) == HOURS


@pytest.mark.parametrize("damaged", [True, False])
def test_processes_restore_the_same_lake_once(damaged: bool, copied: Path) -> None:
    """None of them puts the new file of another one aside."""
    _garbage(copied / FILE_NAME) if damaged else (copied / FILE_NAME).unlink()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_partitions, args=(copied,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(kept_aside(copied)) == damaged


def test_a_month_is_registered_in_seconds(copied: Path) -> None:
    """Footers are read several at a time."""
    part = registered(copied)[0]
    (copied / FILE_NAME).unlink()
    from datetime import timedelta

    for number in range(744):
        target = copied / clean_key(part.hour - timedelta(hours=number + 1))
        target.parent.mkdir(parents=True)
        shutil.copyfile(copied / part.key, target)
    start = time.perf_counter()
    assert len(registered(copied)) == 744 + HOURS
    assert time.perf_counter() - start < 10
