"""A reader sees the old hour or the new hour: writers killed and held at each step while one looks on."""

import itertools
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.core.layout import clean_key, raw_key, rejects_key
from velib_assets.resources.catalog import FILE_NAME
from velib_assets.runtime.store import FolderStore
from velib_assets_tests.guarantees.readers import Reader, Seen, files, look
from velib_assets_tests.guarantees.writers import (
    FORKS,
    cut_tick,
    held_rebuild,
    killed_tick,
    started,
    tick,
)
from velib_assets_tests.samples import HOUR, at, body, record, records

pytestmark = pytest.mark.promise("readers")

Figure = Callable[[str, float], None]
STRIDES = {"killed": 9, "cut": 4000}  # in the short form; the whole one takes each step, and each 500 bytes
SIGNALS = {"killed": -signal.SIGKILL, "cut": -signal.SIGXFSZ}
WRITERS = {"killed": killed_tick, "cut": cut_tick}


class Scene(NamedTuple):
    """A lake before a tick, and what the feed answers then."""

    before: Callable[[Path], object]
    answers: Mapping[datetime, bytes]


def snapshot(number: int, rejects: int = 0) -> bytes:
    """An answer unlike the others: in its count of rows and in the bikes of each."""
    return body(
        [
            *records(20 + number, numbikesavailable=number),
            *[record("9", ebike=-1 - n) for n in range(rejects)],
        ]
    )


def _first_version(root: Path) -> None:
    """A lake in which the first version appended a file, and whose hour has rejects."""
    tick(root, {at(0): snapshot(1, rejects=1)})
    (root / clean_key(HOUR)).with_name("part-0001.parquet").write_bytes(b"appended")


def _damaged(root: Path) -> None:
    """A lake with a raw object that was damaged, and with rejects of one that is gone."""
    tick(root, {at(0): snapshot(1)})
    FolderStore(root).create(raw_key(at(7)), b"broken")
    FolderStore(root).create(rejects_key(HOUR), b"stale")


ONE = ((0, 21, 21, 21),)  # what a reader sees where the first snapshot alone was cleaned
SCENES = {
    "nothing there": Scene(lambda root: root.mkdir(), {at(0): snapshot(1)}),
    "a second snapshot": Scene(
        lambda root: tick(root, {at(0): snapshot(1)}), {at(15): snapshot(2, rejects=1)}
    ),
    "strays and rejects": Scene(_first_version, {at(15): snapshot(2, rejects=2)}),
    "refused answers": Scene(_damaged, {at(15): b"<html>", at(15, 1): snapshot(3)}),
}


class Ends(NamedTuple):
    """A scene's lake before its tick and after one that nobody disturbs, and what a reader sees there."""

    before: Path
    after: Path
    old: tuple[tuple[int, ...], ...]
    new: tuple[tuple[int, ...], ...]


def ends(scene: Scene, folder: Path) -> Ends:
    before, after = folder / "before", folder / "after"
    scene.before(before)
    shutil.copytree(before, after)
    tick(after, scene.answers)
    return Ends(before, after, look(before)[0], look(after)[0])


def catalog(lake: Path) -> list[tuple[object, ...]]:
    """What the catalog holds."""
    with sqlite3.connect(lake / FILE_NAME) as db:
        return db.execute("SELECT * FROM partitions").fetchall()


def assert_alike(lake: Path, other: Path) -> None:
    """The same objects byte by byte, the same catalog, and nothing beside them but hidden leftovers."""
    assert files(lake) == files(other)
    assert catalog(lake) == catalog(other)
    assert sorted(path.name for path in lake.iterdir()) == sorted(path.name for path in other.iterdir())


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as process:
        yield process


@pytest.mark.parametrize("way", WRITERS)
@pytest.mark.parametrize("name", SCENES)
def test_a_tick_killed_at_any_step_is_not_seen_and_done_again(
    tmp_path: Path, reader: Reader, name: str, way: str, *, full: bool, figure: Figure
) -> None:
    """Before each step, or in the middle of a write; the next one leaves the lake of an undisturbed tick."""
    scene = SCENES[name]
    undisturbed = ends(scene, tmp_path)
    allowed = files(undisturbed.before) | files(undisturbed.after)
    stride = (1 if way == "killed" else 500) if full else STRIDES[way]
    kills = looks = lost = 0
    for point in itertools.count(1, stride):
        lake = tmp_path / str(point)
        shutil.copytree(undisturbed.before, lake)
        reader.watch(lake)
        writer = started(WRITERS[way], lake, scene.answers, point)
        writer.join()
        tick(lake, scene.answers)
        seen = reader.seen()
        assert_old_or_new(seen, undisturbed)
        assert {key for key, digest in seen.files - allowed if digest != "gone"} == set()
        lost += len(files(undisturbed.after) - files(lake))
        assert_alike(lake, undisturbed.after)
        shutil.rmtree(lake)
        looks += seen.looks
        if writer.exitcode == 0:
            break
        assert writer.exitcode == SIGNALS[way], point
        kills += 1
    assert kills > 2
    figure("kills", kills)
    figure("looks meanwhile", looks)
    figure("objects lost", lost)


def assert_old_or_new(seen: Seen, undisturbed: Ends) -> None:
    """The old hour, then the new one; never the old one again, and the new one in the end."""
    assert seen.answers in ([undisturbed.old, undisturbed.new], [undisturbed.new])


def test_of_two_writers_the_one_that_saw_more_raw_wins_whatever_the_timing(
    tmp_path: Path, reader: Reader, full: bool, figure: Figure
) -> None:
    """The slower one saw one snapshot and is held at each of its steps while another tick goes through."""
    before, after = tmp_path / "before", tmp_path / "after"
    tick(before, {at(0): snapshot(1)})
    shutil.copytree(before, after)
    tick(after, {at(15): snapshot(2)})
    new = look(after)[0]
    (before / clean_key(HOUR)).unlink()
    (before / FILE_NAME).unlink()
    held = 0
    for number in itertools.count(1, 1 if full else 7):
        lake = tmp_path / str(number)
        shutil.copytree(before, lake)
        reader.watch(lake)
        ours, theirs = FORKS.Pipe()
        slower = started(held_rebuild, lake, HOUR, number, theirs)
        theirs.close()
        try:
            ours.recv()
        except EOFError:  # it has no such step
            slower.join()
            reader.seen()
            break
        quicker = started(tick, lake, {at(15): snapshot(2)})
        quicker.join(0.3)  # or it waits for the lock that the slower one holds
        ours.send("go on")
        slower.join()
        quicker.join()
        assert (slower.exitcode, quicker.exitcode) == (0, 0), number
        assert set(reader.seen().answers) <= {(), ONE, new}
        assert_alike(lake, after)
        held += 1
    assert held > 3
    figure("writers held", held)
