"""Packing raw loses nothing: killed at each step, beside other packers, readers and late snapshots."""

import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import day_prefix, raw_key
from velib_assets.lake.packing import pack_day
from velib_assets_tests.guarantees.writers import (
    FORKS,
    change_again_and_again,
    change_day,
    killed_change,
    started,
    store_late,
)
from velib_assets_tests.samples import HOUR

pytestmark = pytest.mark.promise("raw")

Figure = Callable[[str, float], None]
KEYS = [raw_key(HOUR + timedelta(minutes=15 * n)) for n in range(6)]
LATE = [raw_key(HOUR + timedelta(seconds=n)) for n in range(1, 60)]


def a_day(root: Path) -> None:
    for number, key in enumerate(KEYS):
        FolderStore(root).create(key, b"snapshot %d" % number)


def a_packed_day(root: Path) -> None:
    a_day(root)
    pack_day(FolderStore(root), HOUR.date())


def a_packed_day_with_late_snapshots(root: Path) -> None:
    a_packed_day(root)
    for key in LATE[:2]:
        FolderStore(root).create(key, key.encode())


def a_day_whose_packer_was_killed(root: Path) -> None:
    a_packed_day(root)
    for number, key in enumerate(KEYS[2:], 2):
        FolderStore(root).create_file(key, b"snapshot %d" % number)


SCENES = {
    "pack a day": (a_day, "pack"),
    "pack late snapshots": (a_packed_day_with_late_snapshots, "pack"),
    "pack again": (a_day_whose_packer_was_killed, "pack"),
    "unpack": (a_packed_day_with_late_snapshots, "unpack"),
    "discard": (a_packed_day, "discard"),
}


def contents(root: Path) -> dict[str, tuple[str, bytes]]:
    """Every raw object as a new process sees it."""
    store = FolderStore(root)
    items = store.walk("raw/")
    assert [store.hash(item) for item in items] == [store.fetch(item.key)[0] for item in items]
    return {item.key: store.fetch(item.key) for item in items}


def files(root: Path) -> dict[str, bytes]:
    """Every file that is not hidden, with its bytes."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.mark.parametrize("scene", SCENES)
def test_a_change_killed_at_any_step_loses_nothing_and_can_be_repeated(
    tmp_path: Path, scene: str, figure: Figure
) -> None:
    prepare, change = SCENES[scene]
    before, after, lake = tmp_path / "before", tmp_path / "after", tmp_path / "lake"
    prepare(before)
    shutil.copytree(before, after)
    change_day(after, change)
    states = [contents(before), contents(after)]
    assert (states[0] == states[1]) is (change != "discard")
    kills = 0
    while True:
        shutil.copytree(before, lake)
        process = started(killed_change, lake, change, kills + 1)
        process.join()
        assert contents(lake) in states, kills
        change_day(lake, change)
        assert contents(lake) == states[1], kills
        assert files(lake) == files(after), kills
        shutil.rmtree(lake)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
    assert kills > 8
    figure("kills", kills)


def test_packers_late_snapshots_and_readers_at_once(tmp_path: Path, full: bool, figure: Figure) -> None:
    """Each late snapshot is stored by one process, and a reader sees every snapshot all the time."""
    a_day(tmp_path)
    known, results, times = contents(tmp_path), FORKS.Queue(), 600 if full else 60
    packers = [started(change_again_and_again, tmp_path, ["pack", "unpack"], times) for _ in range(2)]
    writers = [started(store_late, tmp_path, number, LATE, results) for number in range(2)]
    reads, stored = 0, []
    while any(process.is_alive() for process in packers):
        store = FolderStore(tmp_path)
        listed = {item.key: item for item in store.walk("raw/")}
        assert set(known) <= set(listed)
        assert [store.folders(day_prefix("raw", HOUR.date()))] == [["hour=10", "hour=11"]]
        for key, (digest, data) in known.items():
            assert store.hash(listed[key]) == digest
            assert store.read(key) == data
        assert store.create(KEYS[0], b"other") is False
        reads += 1
    ended = 0
    while ended < len(writers):
        result = results.get(timeout=60)
        ended += result is None
        stored += [] if result is None else [result]
    for process in (*packers, *writers):
        process.join()
        assert process.exitcode == 0
    assert sorted(key for key, _ in stored) == sorted(LATE)
    written = {key: b"late snapshot of process %d" % number for key, number in stored}
    found = contents(tmp_path)
    assert {key: data for key, (_, data) in found.items() if key in written} == written
    assert {key: found[key] for key in known} == known
    assert len(found) == len(KEYS) + len(LATE)
    assert reads > 3
    figure("packings", 2 * times)
    figure("concurrent reads", reads)
