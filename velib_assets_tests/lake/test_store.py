"""The folder store: temporary files of killed writers, and concurrent removal."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.store import Change

KEY = "raw/a.json"


def write(store: FolderStore, method: str) -> bool:
    """Create or publish one object."""
    if method == "create":
        return store.create(KEY, b"new")
    return store.publish([Change(KEY, b"new")], lambda: True)


@pytest.mark.promise("readers")
@pytest.mark.parametrize("method", ["create", "publish"])
@pytest.mark.parametrize(
    ("name", "minutes", "stays"),
    [
        (".a.json.x1.tmp", 61, False),
        (".b.json.x1.tmp", 61, False),
        (".a.json.x1.tmp", 59, True),
        ("a.tmp", 61, True),
        (".hidden", 61, True),
    ],
)
def test_writer_removes_temporary_files_older_than_an_hour(
    tmp_path: Path, method: str, name: str, minutes: int, stays: bool
) -> None:
    """A killed writer leaves its temporary file."""
    left = tmp_path / "raw" / name
    left.parent.mkdir()
    left.write_bytes(b"half")
    then = time.time() - 60 * minutes
    os.utime(left, (then, then))
    assert write(FolderStore(tmp_path), method)
    assert left.exists() is stays
    assert (tmp_path / KEY).read_bytes() == b"new"


def test_writer_ignores_what_it_cannot_remove(tmp_path: Path) -> None:
    """For example a folder with such a name."""
    stuck = tmp_path / "raw" / ".odd.tmp"
    stuck.mkdir(parents=True)
    os.utime(stuck, (0, 0))
    assert FolderStore(tmp_path).create(KEY, b"new")
    assert stuck.exists()


class Vanishing(FolderStore):
    """A store whose files are removed as soon as they are listed."""

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        for entry in super()._entries(prefix):
            Path(entry.path).unlink()
            yield entry


def test_file_removed_during_a_listing_is_not_listed(tmp_path: Path) -> None:
    """A listing of rejects failed when the clean step removed them at the same time."""
    FolderStore(tmp_path).create(KEY, b"data")
    assert Vanishing(tmp_path).list("raw/") == []


def test_deletion_removes_the_folders_that_it_leaves_empty(tmp_path: Path) -> None:
    """A folder of an hour without objects would be listed as an hour."""
    store = FolderStore(tmp_path)
    for key in ("raw/a/b/1", "raw/a/b/2", "raw/c/1"):
        store.create(key, b"x")
    store.publish([Change("raw/a/b/1", None)], lambda: True)
    assert store.folders("raw/") == ["a", "c"]
    store.publish([Change("raw/a/b/2", None)], lambda: True)
    assert store.folders("raw/") == ["c"]
    store.publish([Change("raw/c/1", None)], lambda: True)
    assert tmp_path.is_dir()
    assert store.folders("") == []


def test_deleting_what_does_not_exist_changes_nothing(tmp_path: Path) -> None:
    assert FolderStore(tmp_path).publish([Change("raw/a/b", None)], lambda: True)
    assert FolderStore(tmp_path).folders("") == []


def test_writers_survive_the_removal_of_their_folder(tmp_path: Path) -> None:
    """One thread creates objects, others delete them and with them the folders."""
    store, done = FolderStore(tmp_path), threading.Event()

    errors: list[Exception] = []

    def delete() -> None:
        try:
            while not done.is_set():
                store.publish([Change("a/b/c", None)], lambda: True)
        except Exception as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    deleters = [threading.Thread(target=delete) for _ in range(3)]
    for deleter in deleters:
        deleter.start()
    try:
        for number in range(200):
            assert store.publish([Change("a/b/d", b"x"), Change("a/b/c", b"%d" % number)], lambda: True)
            store.publish([Change("a/b/d", None)], lambda: True)
    finally:
        done.set()
        for deleter in deleters:
            deleter.join()
    assert errors == []
