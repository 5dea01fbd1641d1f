"""A reader sees the old hour or the new hour, while writers are killed or paused at each step."""

import contextlib
import itertools
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from velib_assets.catalog.sqlite_catalog import FILE_NAME
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, raw_key, rejects_key
from velib_assets_tests.guarantees.readers import Reader, files, read
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


class Scene(NamedTuple):
    """A lake before a tick, and the feed's responses."""

    before: Callable[[Path], object]
    responses: Mapping[datetime, bytes]


def snapshot(number: int, rejects: int = 0) -> bytes:
    """A response that differs from the others in its number of rows and of bikes."""
    return body(
        [
            *records(20 + number, numbikesavailable=number),
            *[record("9", ebike=-1 - n) for n in range(rejects)],
        ]
    )


def _first_version(root: Path) -> None:
    """A lake with a file that the first version appended, and with rejects."""
    tick(root, {at(0): snapshot(1, rejects=1)})
    (root / clean_key(HOUR)).with_name("part-0001.parquet").write_bytes(b"appended")


def _damaged(root: Path) -> None:
    """A lake with a damaged raw object, and with rejects that are outdated."""
    tick(root, {at(0): snapshot(1)})
    FolderStore(root).create(raw_key(at(7)), b"broken")
    FolderStore(root).create(rejects_key(HOUR), b"stale")


ONE = ((0, 21, 21, 21),)  # the query's result after only the first snapshot was cleaned
SCENES = {
    "an empty lake": Scene(lambda root: root.mkdir(), {at(0): snapshot(1)}),
    "a second snapshot": Scene(
        lambda root: tick(root, {at(0): snapshot(1)}), {at(15): snapshot(2, rejects=1)}
    ),
    "other files and rejects": Scene(_first_version, {at(15): snapshot(2, rejects=2)}),
    "quarantined responses": Scene(_damaged, {at(15): b"<html>", at(15, 1): snapshot(3)}),
}
SHORT = {"killed_in": ["a second snapshot", "quarantined responses"], "cut_in": ["other files and rejects"]}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scene; in the short form those of SHORT."""
    for name, scenes in SHORT.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, list(SCENES) if metafunc.config.getoption("--full") else scenes)


class Stage:
    """A scene that is repeated: its lake before the tick, and after an undisturbed tick."""

    def __init__(self, scene: Scene, folder: Path, reader: Reader) -> None:
        self._responses, self._folder, self._reader = scene.responses, folder, reader
        self._before, self._after = folder / "before", folder / "after"
        scene.before(self._before)
        shutil.copytree(self._before, self._after)
        tick(self._after, scene.responses)
        self._old, self._new = read(self._before)[0], read(self._after)[0]
        self.reads = self.lost = 0

    def run_disturbed(self, writer: Callable[..., None], *arguments: object) -> int | None:
        """Run a writer that is disturbed, then the tick again; verify the lake and return the exit code."""
        lake = self._folder / "lake"
        shutil.copytree(self._before, lake)
        self._reader.watch(lake)
        process = started(writer, lake, self._responses, *arguments)
        process.join()
        tick(lake, self._responses)
        seen = self._reader.seen()
        assert seen.results == [self._old, self._new], arguments
        whole = files(self._before) | files(self._after)
        assert {key for key, digest in seen.files - whole if digest != "gone"} == set(), arguments
        self.reads += seen.reads
        self.lost += len(files(self._after) - files(lake))
        assert_alike(lake, self._after)
        shutil.rmtree(lake)
        return process.exitcode

    def note(self, figure: Figure, kills: int) -> None:
        """Report the figures of all repetitions."""
        figure("kills", kills)
        figure("concurrent reads", self.reads)
        figure("objects lost", self.lost)


def catalog(lake: Path) -> list[tuple[object, ...]]:
    """The catalog's rows."""
    with contextlib.closing(sqlite3.connect(lake / FILE_NAME)) as db:
        return db.execute("SELECT * FROM partitions").fetchall()


def assert_alike(lake: Path, other: Path) -> None:
    """Compare the bytes of all objects, the catalogs and the file names, except hidden files."""
    assert files(lake) == files(other)
    assert catalog(lake) == catalog(other)
    assert sorted(path.name for path in lake.iterdir()) == sorted(path.name for path in other.iterdir())


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as process:
        yield process


def test_tick_killed_at_any_step_is_invisible_and_can_be_repeated(
    tmp_path: Path, reader: Reader, killed_in: str, full: bool, figure: Figure
) -> None:
    """Before each step; in the short form before those that change visible files."""
    stage = Stage(SCENES[killed_in], tmp_path, reader)
    kills = 0
    while code := stage.run_disturbed(killed_tick, kills + 1, not full):
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 4
    stage.note(figure, kills)


def test_tick_killed_within_a_write_is_invisible_and_can_be_repeated(
    tmp_path: Path, reader: Reader, cut_in: str, full: bool, figure: Figure
) -> None:
    """Only part of a file is written: raw, Parquet, the catalog or its journal."""
    stage = Stage(SCENES[cut_in], tmp_path, reader)
    kills, step = 0, 500 if full else 4000
    while code := stage.run_disturbed(cut_tick, 1 + step * kills):
        assert code == -signal.SIGXFSZ
        kills += 1
    assert kills > 2
    stage.note(figure, kills)


def test_writer_that_saw_more_raw_wins(tmp_path: Path, reader: Reader, full: bool, figure: Figure) -> None:
    """The slower one saw one snapshot and is paused at each of its steps while another tick completes."""
    before, after = tmp_path / "before", tmp_path / "after"
    tick(before, {at(0): snapshot(1)})
    shutil.copytree(before, after)
    tick(after, {at(15): snapshot(2)})
    new = read(after)[0]
    (before / clean_key(HOUR)).unlink()
    (before / FILE_NAME).unlink()
    held = 0
    for number in itertools.count(1, 1 if full else 9):
        lake = tmp_path / str(number)
        shutil.copytree(before, lake)
        reader.watch(lake)
        ours, theirs = FORKS.Pipe()
        slower = started(held_rebuild, lake, HOUR, number, theirs)
        theirs.close()
        try:
            ours.recv()
        except EOFError:  # it has fewer steps
            slower.join()
            reader.seen()
            break
        quicker = started(tick, lake, {at(15): snapshot(2)})
        quicker.join(0.3)  # it may wait for the lock of the slower one
        ours.send("go on")
        slower.join()
        quicker.join()
        assert (slower.exitcode, quicker.exitcode) == (0, 0), number
        assert set(reader.seen().results) <= {(), ONE, new}
        assert_alike(lake, after)
        held += 1
    assert held > 2
    figure("writers held", held)
