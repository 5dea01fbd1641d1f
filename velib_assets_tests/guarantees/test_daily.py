"""The files of a local day: killed at any step, and written by two."""

import itertools
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets_tests.guarantees.writers import (
    FORKS,
    held_day,
    killed_day,
    late_day,
    late_history,
    register_hours,
    started,
    store_day,
    write_history,
)
from velib_assets_tests.history.days import DAY, fill_day

pytestmark = pytest.mark.promise("readers")

HOURS = hours_of_day(DAY)[:2]
LATE = HOURS[1].replace(minute=50)


def visible(lake: Path) -> dict[str, bytes]:
    """The files of daily KPIs, without the temporary files of killed writers."""
    files = (path for path in (lake / "kpi").rglob("*.parquet") if path.is_file())
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in files}


def is_current(lake: Path) -> bool:
    """Whether the day needs nothing."""
    return outdated_local_days(LocalCatalog(lake), FolderStore(lake), utc_now(), DAY, DAY) == []


def with_history(lake: Path) -> Path:
    """A day of two hours, with its history; returns the lake."""
    fill_day(FolderStore(lake), DAY, hours=len(HOURS))
    register_hours(lake, HOURS)
    write_history(lake, [DAY])
    return lake


@pytest.mark.parametrize("state", ["none", "outdated"])
def test_day_killed_at_any_step_is_old_or_new_and_can_be_repeated(
    tmp_path: Path, state: str, full: bool, figure: Callable[[str, float], None]
) -> None:
    """After each kill, every file is old or new, and the day is current only if all are new."""
    before, reference, lake = with_history(tmp_path / "before"), tmp_path / "reference", tmp_path / "lake"
    if state == "outdated":
        store_day(before, DAY)
        late_history(before, LATE, [DAY])
    old = visible(before)
    shutil.copytree(before, reference)
    store_day(reference, DAY)
    new, kills = visible(reference), 0
    assert len(new) == 3
    for number in itertools.count(1):
        shutil.copytree(before, lake)
        process = started(killed_day, lake, DAY, number, not full)
        process.join()
        found = visible(lake)
        assert [key for key, data in found.items() if data not in (old.get(key), new[key])] == []
        assert is_current(lake) == (found == new)
        store_day(lake, DAY)
        assert visible(lake) == new
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        shutil.rmtree(lake)
        kills += 1
    assert kills >= 3  # each file is replaced in a step
    figure("kills", kills)


def test_slower_writer_that_saw_an_older_history_does_not_win(
    tmp_path: Path, full: bool, figure: Callable[[str, float], None]
) -> None:
    """One writer waits at each of its steps, while a late snapshot arrives and another stores the day."""
    before, reference, lake = with_history(tmp_path / "before"), tmp_path / "reference", tmp_path / "lake"
    shutil.copytree(before, reference)
    late_day(reference, LATE, [DAY], DAY)
    new, held = visible(reference), 0
    for number in itertools.count(1, 1 if full else 17):
        shutil.copytree(before, lake)
        ours, theirs = FORKS.Pipe()
        slower = started(held_day, lake, DAY, number, theirs)
        theirs.close()
        try:
            ours.recv()
        except EOFError:  # it has fewer steps
            slower.join()
            assert slower.exitcode == 0
            break
        faster = started(late_day, lake, LATE, [DAY], DAY)
        faster.join(5)  # it may wait for a lock of the slower one
        ours.send("go on")
        faster.join()
        slower.join()
        assert (slower.exitcode, faster.exitcode) == (0, 0), number
        assert visible(lake) == new, number
        assert is_current(lake)
        shutil.rmtree(lake)
        held += 1
    assert held >= 3
    figure("steps held", held)
