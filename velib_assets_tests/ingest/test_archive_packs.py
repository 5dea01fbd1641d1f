"""An archive that is another lake, some of whose days are packed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.ingest_result import PRESENT, STORED
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.packing import pack_day, unpack_day
from velib_assets_tests.samples import HOUR, at, raw, records

DAY, LAST = date(2022, 6, 4), HOUR + timedelta(hours=24)
PACK = "raw/source=velib/date=2022-06-04/velib_20220604.zip"


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    """A lake with two snapshots of one day."""
    store = FolderStore(tmp_path / "recorded")
    for minute in (0, 15):
        made = raw(records(), minute)
        store.create(made.key, made.data)
    return store


@pytest.mark.parametrize("below", ["", "raw", "raw/source=velib", "raw/source=velib/date=2022-06-04"])
def test_packed_snapshots_are_those_of_the_files(lake: FolderStore, below: str) -> None:
    """From any folder above them; one that came later is a file beside the pack."""
    late = raw(records(), 30)
    lake.create(late.key, late.data)
    plain = list(Archive(lake.root / below).recorded(HOUR))
    (lake.root / late.key).unlink()
    pack_day(lake, DAY)
    lake.create(late.key, late.data)
    packed = Archive(lake.root / below)
    assert packed.recorded_hours(HOUR, LAST) == {HOUR}
    assert packed.skipped(HOUR, LAST) == ((), ())
    assert list(packed.recorded(HOUR)) == plain
    assert [snapshot.taken_at for snapshot in plain] == [at(0), at(15), at(30)]


def test_packs_alone_in_a_folder_are_an_archive(lake: FolderStore, tmp_path: Path) -> None:
    pack_day(lake, DAY)
    (tmp_path / "packs").mkdir()
    (lake.root / PACK).rename(tmp_path / "packs" / "velib_20220604.zip")
    other = FolderStore(tmp_path / "other")
    results = Ingest(other, Archive(tmp_path / "packs")).restore(HOUR, LAST)
    assert [result.state for result in results] == [STORED, STORED]


def test_a_lake_that_is_its_own_archive_stores_nothing_twice(lake: FolderStore) -> None:
    pack_day(lake, DAY)
    ingest = Ingest(lake, Archive(lake.root))
    assert [result.state for result in ingest.restore(HOUR, LAST) if result.state != PRESENT] == []
    assert len(lake.walk("raw/")) == 2
    assert [path.name for path in lake.root.rglob("velib_*")] == ["velib_20220604.zip"]


def test_a_file_and_its_pack_are_one_snapshot(lake: FolderStore) -> None:
    """A copy that was made before and after packing has both."""
    before = {item.key: lake.read(item.key) for item in lake.walk("raw/")}
    plain = list(Archive(lake.root).recorded(HOUR))
    pack_day(lake, DAY)
    for key, data in before.items():
        lake.create_file(key, data)
    archive = Archive(lake.root)
    assert list(archive.recorded(HOUR)) == plain
    assert archive.skipped(HOUR, LAST) == ((), ())


def test_a_day_that_is_packed_or_unpacked_while_it_is_read(lake: FolderStore) -> None:
    plain = list(Archive(lake.root).recorded(HOUR))
    for change in (pack_day, unpack_day):
        archive = Archive(lake.root)
        archive.recorded_hours(HOUR, LAST)
        change(lake, DAY)
        assert list(archive.recorded(HOUR)) == plain


def test_damaged_packs_are_named(lake: FolderStore) -> None:
    other = raw(records(), 45)
    pack_day(lake, DAY)
    content = (lake.root / PACK).read_bytes()
    place = content.index(lake.read(other.key.replace("_104500", "_101500")))
    (lake.root / PACK).write_bytes(content[: place + 30] + b"?" + content[place + 31 :])
    with pytest.raises(FeedError, match=r"velib_20220604\.zip is damaged: the bytes of .*_101500"):
        list(Archive(lake.root).recorded(HOUR))
    lake.create_file(other.key, other.data)
    (lake.root / PACK).write_bytes(content[:-1])
    archive = Archive(lake.root)
    assert [snapshot.taken_at for snapshot in archive.recorded(HOUR)] == [at(45)]
    (note,) = archive.skipped(HOUR, LAST).notes
    assert "velib_20220604.zip" in note
    assert "it is a damaged pack" in note
