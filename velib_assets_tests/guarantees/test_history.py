"""The history of a day and of a month: killed at any step, written by two, and from any order of events."""

import contextlib
import io
import itertools
import shutil
import signal
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import FILE_NAME, LocalCatalog
from velib_assets.history.digests import current_files, digest_of_day, is_month
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, hours_of_day
from velib_assets_tests.guarantees.writers import (
    FORKS,
    held_history,
    killed_history,
    late_history,
    register_hours,
    started,
    write_history,
)
from velib_assets_tests.history.days import DAY, add_late, fill_day

pytestmark = pytest.mark.promise("readers")

NEXT = DAY + timedelta(days=1)
DAYS = [DAY, NEXT]
LATE = hours_of_day(DAY)[1] + timedelta(minutes=50)


def history_of(lake: Path) -> dict[str, bytes]:
    """Everything below history/, also hidden files."""
    files = (path for path in (lake / "history").rglob("*") if path.is_file())
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in files}


def registered(lake: Path) -> list[HistoryFile]:
    """The registered history, read without restoring it."""
    with contextlib.closing(sqlite3.connect(lake / FILE_NAME)) as db:
        rows = db.execute("SELECT * FROM history_days UNION ALL SELECT * FROM history_months").fetchall()
    return sorted(HistoryFile(*row) for row in rows)


def visible(lake: Path) -> dict[str, bytes]:
    """The history without the temporary files of killed writers."""
    return {key: data for key, data in history_of(lake).items() if not key.endswith(".tmp")}


def filled(lake: Path) -> Path:
    """Two days of two hours each, cleaned and registered; returns the lake."""
    store = FolderStore(lake)
    for day in DAYS:
        fill_day(store, day, hours=2)
    register_hours(lake, [hour for day in DAYS for hour in hours_of_day(day)[:2]])
    return lake


def assert_current(lake: Path) -> None:
    """The registered files are those of the lake, have the rows of the partitions, and are current."""
    catalog, files = LocalCatalog(lake), registered(lake)
    for day, file in zip(DAYS, [file for file in files if not is_month(file)], strict=True):
        assert file.digest == digest_of_day(catalog.partitions(hours_of_day(day)))
    assert [file.period for file in current_files(files)] == ["2022-06"]
    for file in files:
        table = pq.read_table(io.BytesIO((lake / file.key).read_bytes()))
        parts = [p for p in catalog.partitions() if f"{p.hour:%Y-%m-%d}".startswith(file.period)]
        assert (table.num_rows, file.rows) == (file.rows, sum(part.rows for part in parts))
    assert sorted(visible(lake)) == sorted(file.key for file in files)


@pytest.mark.parametrize("state", ["none", "outdated"])
def test_history_killed_at_any_step_is_old_or_new_and_can_be_repeated(
    tmp_path: Path, state: str, full: bool, figure: Callable[[str, float], None]
) -> None:
    """After each kill, every visible file is one of the old or the new ones."""
    before, reference, lake = filled(tmp_path / "before"), tmp_path / "reference", tmp_path / "lake"
    if state == "outdated":
        write_history(before, DAYS)
        add_late(FolderStore(before), LATE)
        register_hours(before, [hour_of(LATE)])
    old = history_of(before)
    shutil.copytree(before, reference)
    write_history(reference, DAYS)
    new, kills = history_of(reference), 0
    for number in itertools.count(1):
        shutil.copytree(before, lake)
        process = started(killed_history, lake, DAYS, number, not full)
        process.join()
        found = visible(lake)
        assert [key for key, data in found.items() if data not in (old.get(key), new[key])] == []
        write_history(lake, DAYS)
        assert visible(lake) == new
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        assert_current(lake)
        shutil.rmtree(lake)
        kills += 1
    assert kills >= 3  # each file is replaced in a step
    figure("kills", kills)


def test_slower_writer_that_saw_older_hours_does_not_win(
    tmp_path: Path, full: bool, figure: Callable[[str, float], None]
) -> None:
    """One writer waits at each of its steps, while a late snapshot arrives and another builds the history."""
    before, lake, held = filled(tmp_path / "before"), tmp_path / "lake", 0
    for number in itertools.count(1, 1 if full else 9):
        shutil.copytree(before, lake)
        ours, theirs = FORKS.Pipe()
        slower = started(held_history, lake, DAYS, number, theirs)
        theirs.close()
        try:
            ours.recv()
        except EOFError:  # it has fewer steps
            slower.join()
            assert slower.exitcode == 0
            break
        faster = started(late_history, lake, LATE, DAYS)
        faster.join(3)  # it may wait for a lock of the slower one
        ours.send("go on")
        faster.join()
        slower.join()
        assert (slower.exitcode, faster.exitcode) == (0, 0), number
        assert_current(lake)
        shutil.rmtree(lake)
        held += 1
    assert held >= 5
    figure("steps held", held)


@pytest.mark.parametrize(
    "way", [[NEXT, DAY], [DAY, NEXT, DAY], [DAY, DAY, NEXT, NEXT]], ids=["backwards", "again", "twice"]
)
def test_month_has_the_same_bytes_however_it_came_to_be(tmp_path: Path, way: list[date]) -> None:
    """Days are built in another order, the month after each of them, and one day before a late snapshot."""
    once, lake = filled(tmp_path / "once"), filled(tmp_path / "lake")
    late_history(once, LATE, DAYS)
    for number, day in enumerate(way):
        write = partial(late_history, lake, LATE) if number == 1 else partial(write_history, lake)
        write([day])
    write_history(lake, [DAY])
    assert history_of(lake) == history_of(once)
