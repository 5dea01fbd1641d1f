"""A full or read-only disk: which path, how much is free and what to do; and nothing unfinished is left."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import CatalogError
from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.lake.disk_errors import DiskError
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import REPORT_KEY, STATIONS_KEY, clean_key, export_key, raw_key
from velib_assets.lake.store import Change
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import LoadedRegister, load_register, save_register
from velib_assets_tests.disks import full, left_over, read_only, small_disk
from velib_assets_tests.samples import HOUR, at, raw, records

NEW = raw_key(at(30))
SPACE = r"\([\d.]+ (bytes|kB|MB|GB|TB) of [\d.]+ (kB|MB|GB|TB) are free\)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FolderStore]:
    """A lake with one hour, on a disk of its own."""
    with small_disk(tmp_path / "disk") as disk:
        store = FolderStore(disk)
        for minute in (0, 15):
            store.create(raw_key(at(minute)), raw(records(), minute).data)
        assert [result.error for result in LocalCleanJob(store).run([HOUR])] == [""]
        LocalCatalog(disk).register([hashed_partition_of(store, HOUR)])
        yield store


def _raw(store: FolderStore) -> None:
    store.create(NEW, b"x" * 5000)


def _clean(store: FolderStore) -> None:
    if error := rebuild_hour(store, HOUR).error:
        raise OSError(error.removeprefix("the lake could not be read or written: "))


def _register(store: FolderStore) -> None:
    save_register(store, LoadedRegister(Register(), load_register(store).hash))


def _report(store: FolderStore) -> None:
    store.publish([Change(REPORT_KEY, b"x" * 5000)], lambda: True)


def _export(store: FolderStore) -> None:
    key = export_key("stations", "csv")
    store.publish([Change(key, b"x" * 5000), Change(key + ".2", b"y" * 5000)], lambda: True)


WRITES: dict[str, tuple[Callable[[FolderStore], None], str]] = {
    "raw": (_raw, NEW),
    "clean": (_clean, clean_key(HOUR)),
    "register": (_register, STATIONS_KEY),
    "report": (_report, REPORT_KEY),
    "export": (_export, export_key("stations", "csv")),
}
FAULTS: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], str, str]] = {
    "full": (full, "the disk is full|the system allows no larger file", "Free some space|Raise the limit"),
    "read-only": (read_only, "the disk is read-only|permission is denied", "Make it writable"),
}


def contents(store: FolderStore) -> dict[str, bytes]:
    return {item.key: store.read(item.key) for item in store.walk("") if item.key != "filler"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("layer", WRITES)
def test_write_that_fails_names_path_space_and_action(layer: str, fault: str, store: FolderStore) -> None:
    (write, key), (broken, reason, action) = WRITES[layer], FAULTS[fault]
    before = contents(store)
    with broken(store.root), pytest.raises(OSError, match="cannot be written") as failed:
        write(store)
    expected = (
        rf"{re.escape(store.address(key))} cannot be written: ({reason}) {SPACE}\. ({action}).*run it again"
    )
    assert re.fullmatch(expected, str(failed.value))
    assert contents(store) == before
    assert left_over(store.root) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_catalog_that_cannot_be_written_says_the_same(fault: str, store: FolderStore) -> None:
    broken, reason, _ = FAULTS[fault]
    catalog = LocalCatalog(store.root)
    (part,) = catalog.partitions()
    with broken(store.root), pytest.raises(CatalogError) as failed:
        catalog.register([part._replace(rows=part.rows + n, digest="d" * 20_000) for n in range(3)])
    found = rf"{re.escape(str(catalog.path))} cannot be written: ({reason}|the disk failed.*) {SPACE}"
    assert re.match(found, str(failed.value)), str(failed.value)
    assert LocalCatalog(store.root).partitions() == [part]
    assert left_over(store.root) == []


@pytest.mark.parametrize(
    ("taken", "reason"),
    [("folder", "a folder is in its place"), ("file", "a file is in the place of a folder")],
)
def test_something_in_the_place_of_an_object_is_said(taken: str, reason: str, store: FolderStore) -> None:
    path = store.root / REPORT_KEY
    if taken == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.write_bytes(b"")
    with pytest.raises(DiskError, match=reason):
        _report(store)
    assert left_over(store.root) == []


def test_other_errors_stay_as_they_are(store: FolderStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.read("nothing")
