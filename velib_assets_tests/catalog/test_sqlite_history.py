"""The history files in the local catalog: ranges, older catalogs, and a catalog that is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import HistoryFile, Partition
from velib_assets.catalog.history_facts import history_file_of
from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.history.digests import key_of_period, period_of_key
from velib_assets.history.history_registration import register_history_until_stable
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hours_of_day
from velib_assets_tests.history.days import DAY, add_late, fill_day

DAYS = [DAY, DAY + timedelta(days=1)]
PERIODS = ["2022-05-31", "2022-06", "2022-06-04", "2022-06-05", "2022-07-01"]


def file(period: str, rows: int = 1) -> HistoryFile:
    return HistoryFile(period, key_of_period(period), rows, 2, "digest", "sha256")


def lake_with_history(folder: Path) -> tuple[FolderStore, list[HistoryFile]]:
    """A lake with two days and their month; its catalog has them."""
    store, catalog = FolderStore(folder), LocalCatalog(folder)
    for day in DAYS:
        fill_day(store, day, hours=2)
    catalog.register([partition_of(store, hour) for day in DAYS for hour in hours_of_day(day)[:2]])
    job = LocalHistoryJob(store, 1)
    files = [result.file() for result in job.run(DAYS)] + [result.file() for result in job.compact([DAY])]
    assert catalog.register_history(files) == 3
    return store, sorted(files)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("", "", PERIODS),
        ("2022-06-05", "", ["2022-06", "2022-06-05", "2022-07-01"]),
        ("", "2022-06-04", ["2022-05-31", "2022-06", "2022-06-04"]),
        ("2022-06-05", "2022-06-20", ["2022-06", "2022-06-05"]),
        ("2022-06", "2022-06", ["2022-06", "2022-06-04", "2022-06-05"]),
        ("2022-08-01", "", []),
    ],
)
def test_range_has_days_and_the_months_they_belong_to(
    tmp_path: Path, first: str, last: str, expected: list[str]
) -> None:
    catalog = LocalCatalog(tmp_path)
    catalog.register_history(map(file, PERIODS))
    assert [part.period for part in catalog.history(first, last)] == expected


def test_registering_counts_new_and_changed_files(tmp_path: Path) -> None:
    catalog = LocalCatalog(tmp_path)
    assert catalog.history() == []
    assert not (tmp_path / FILE_NAME).exists()
    assert catalog.register_history([file("2022-06-04"), file("2022-06")]) == 2
    assert catalog.register_history([file("2022-06-04"), file("2022-06", rows=5)]) == 1
    assert catalog.unregister_history(["2022-06-04", "2022-06-05"]) == 1
    assert catalog.history() == [file("2022-06", rows=5)]


def test_catalog_of_an_older_version_gets_the_history_of_the_lake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, files = lake_with_history(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("DROP TABLE history_days")
        db.execute("DROP TABLE history_months")
    partitions = LocalCatalog(tmp_path).partitions()
    assert "3 history files were registered" not in capsys.readouterr().err
    restored = LocalCatalog(tmp_path).history()
    assert restored == [part._replace(sha256="") for part in files]
    assert "3 history files were registered from the lake" in capsys.readouterr().err
    assert LocalCatalog(tmp_path).partitions() == partitions
    assert LocalCatalog(tmp_path).history() == restored
    assert capsys.readouterr().err == ""
    assert store.list("catalog") == []


def test_lost_catalog_gets_the_history_of_the_lake(tmp_path: Path) -> None:
    store, files = lake_with_history(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    damaged = tmp_path / files[1].key
    damaged.write_bytes(damaged.read_bytes()[:-20])
    catalog = LocalCatalog(tmp_path)
    assert catalog.register_history([files[2]]) == 1
    assert [(part.period, bool(part.sha256)) for part in catalog.history()] == [
        ("2022-06", False),
        ("2022-06-05", True),
    ]
    assert len(catalog.partitions()) == 4
    assert store.read(files[0].key)


def test_history_of_a_lake_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files = lake_with_history(tmp_path)
    (tmp_path / FILE_NAME).unlink()

    def refused(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("velib_assets.catalog.sqlite_catalog.sqlite3.connect", refused)
    catalog = LocalCatalog(tmp_path, restores=True)
    monkeypatch.setattr(catalog, "prepare", lambda *_: None)
    assert [part.period for part in catalog.history("2022-06-05")] == ["2022-06", "2022-06-05"]
    assert len(files) == 3


def test_program_of_an_older_version_reads_the_catalog(tmp_path: Path) -> None:
    """It selects from the tables that it knows, and finds the version that it knows."""
    lake_with_history(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        rows = db.execute("SELECT hour, key, rows, bytes, digest, completed, sha256 FROM partitions")
        assert len(rows.fetchall()) == 4


def test_slower_writer_registers_the_file_as_it_is_now(tmp_path: Path) -> None:
    store, files = lake_with_history(tmp_path)
    old = files[1]
    add_late(store, hours_of_day(DAY)[1].replace(minute=50))
    (new,) = (result.file() for result in LocalHistoryJob(store, 1).run([DAY]))
    catalog = LocalCatalog(tmp_path)
    assert register_history_until_stable(store, catalog, [old]) == 1
    assert catalog.history(new.period, new.period)[-1] == new
    assert history_file_of(store, new.period) == new._replace(sha256="")


def test_period_is_read_from_the_key_of_its_file_only() -> None:
    for period in PERIODS:
        assert period_of_key(key_of_period(period)) == period
    wrong = ("month=2022-07/date=2022-06-04.parquet", "month=2022-06/date=2022-06-99.parquet", "closed/x")
    assert [period_of_key(f"history/source=velib/{name}") for name in wrong] == ["", "", ""]
    assert period_of_key(f"other/{key_of_period(date(2022, 6, 4).isoformat())}") == ""
    with pytest.raises(ValueError, match="2022-13"):
        key_of_period("2022-13")


def test_partitions_are_not_touched(tmp_path: Path) -> None:
    store, _ = lake_with_history(tmp_path)
    expected: list[Partition] = [partition_of(store, hour) for day in DAYS for hour in hours_of_day(day)[:2]]
    catalog = LocalCatalog(tmp_path)
    catalog.unregister_history(["2022-06", "2022-06-04", "2022-06-05"])
    assert catalog.partitions() == expected
    assert catalog.history() == []
