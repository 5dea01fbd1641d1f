"""Packing a day: the same keys, bytes and hashes for every reader, and nothing lost whatever happens."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR as AN_HOUR
from velib_assets.lake.keys import day_prefix, raw_key
from velib_assets.lake.listing import (
    first_and_last_keys,
    hour_range,
    hours_in,
    newest_snapshot,
    objects_by_hour,
    raw_listing,
    raw_objects,
)
from velib_assets.lake.packing import days_with_raw, pack_day, unpack_day
from velib_assets.lake.raw_pack import DamagedPackError, is_pack, pack_of
from velib_assets.lake.store import Change, Stored
from velib_assets_tests.samples import HOUR

DAY = date(2022, 6, 4)
START = datetime(2022, 6, 4, tzinfo=HOUR.tzinfo)
PACK = "raw/source=velib/date=2022-06-04/velib_20220604.zip"
MEMBERS = {
    **{raw_key(START + timedelta(minutes=15 * n)): b"snapshot %d" % n for n in range(0, 96, 5)},
    raw_key(HOUR + timedelta(seconds=7)).replace(".gz", ""): b"{}",  # as the first version stored them
    raw_key(START + 24 * AN_HOUR): b"the next day",
}
LATE, OTHER = raw_key(START + timedelta(minutes=16)), raw_key(START + timedelta(hours=8, minutes=45))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A lake with a day, and one snapshot of the next."""
    store = FolderStore(tmp_path / "lake")
    for key, data in MEMBERS.items():
        assert store.create(key, data)
    return store


def contents(store: FolderStore) -> dict[str, tuple[str, bytes]]:
    """The key, hash and bytes of every raw object, as a new process sees them."""
    fresh = FolderStore(store.root)
    items = fresh.walk("raw/")
    assert [(i.key, i.size) for i in items] == [(i.key, len(fresh.read(i.key))) for i in items]
    assert [fresh.hash(item) for item in items] == [fresh.fetch(item.key)[0] for item in items]
    return {item.key: fresh.fetch(item.key) for item in items}


def files(store: FolderStore) -> list[str]:
    """Every file below raw/, relative to the lake."""
    return sorted(str(p.relative_to(store.root)) for p in store.root.glob("raw/**/*") if p.is_file())


def views(store: FolderStore) -> list[object]:
    """What the functions say that list raw."""
    last = START + 24 * AN_HOUR
    return [
        store.folders("raw/source=velib/"),
        store.folders(day_prefix("raw", DAY)),
        [store.folders(f"{day_prefix('raw', DAY)}hour=10/")],
        store.list(day_prefix("raw", DAY)),
        store.walk("raw/source=velib/", "date=2022-06-04", "date=2022-06-04"),
        store.walk(day_prefix("raw", DAY), "hour=03", "hour=10"),
        hours_in(store, "raw", START, last),
        hour_range(store, "raw"),
        newest_snapshot(store, last + AN_HOUR),
        newest_snapshot(store, START + 30 * timedelta(days=1)),
        first_and_last_keys(store),
        objects_by_hour(store, "raw", START, START + 20 * AN_HOUR),
        [raw_objects(store, START + n * AN_HOUR) for n in range(26)],
        [raw_listing(store, START + n * AN_HOUR) for n in range(26)],
        days_with_raw(store, date(2022, 1, 1), date(2023, 1, 1)),
    ]


def test_every_listing_hash_and_byte_is_the_same(store: FolderStore) -> None:
    before, seen = contents(store), views(store)
    packed = pack_day(store, DAY)
    assert packed == (DAY, 21, 21, 1, (store.root / PACK).stat().st_size, ())
    assert files(store) == sorted([PACK, raw_key(START + 24 * AN_HOUR)])
    assert contents(store) == before
    assert views(store) == seen == views(FolderStore(store.root))
    copy: FolderStore = pickle.loads(pickle.dumps(store))  # noqa: S301 - as Spark does
    assert views(copy) == seen


def test_the_pack_is_a_zip_file_that_restores_the_lake(store: FolderStore, tmp_path: Path) -> None:
    """Any ZIP tool unpacks it in the lake's folder, and every member can be read alone."""
    before = contents(store)
    pack_day(store, DAY)
    with zipfile.ZipFile(store.root / PACK) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path / "other")
    (store.root / PACK).unlink()
    shutil.copytree(tmp_path / "other" / "raw", store.root / "raw", dirs_exist_ok=True)
    assert contents(store) == before


def test_the_same_raw_gives_the_same_bytes(store: FolderStore, tmp_path: Path) -> None:
    """In every version of Python, in any order of arrival, and if it is packed in two steps."""
    other = FolderStore(tmp_path / "other")
    for number, (key, data) in enumerate(sorted(MEMBERS.items(), reverse=True)):
        other.create(key, data)
        if number in {3, 11}:
            pack_day(other, DAY)
    for lake in (store, other):
        pack_day(lake, DAY)
        digest = hashlib.sha256((lake.root / PACK).read_bytes()).hexdigest()
        assert digest == "d57bfe040d08ae4121bb4caf32b475bb6362378a1e613b9abb39a816e0b1bd2f"


def test_packing_again_changes_nothing(store: FolderStore) -> None:
    pack_day(store, DAY)
    inode = (store.root / PACK).stat().st_ino
    assert pack_day(store, DAY)[1:4] == (21, 1, 1)
    assert (store.root / PACK).stat().st_ino == inode


def test_a_day_without_raw_leaves_nothing_behind(store: FolderStore) -> None:
    for change in (pack_day, unpack_day):
        assert change(store, date(2022, 6, 1)) == (date(2022, 6, 1), 0, 0, 0, 0, ())
    assert store.folders("raw/source=velib/") == ["date=2022-06-04", "date=2022-06-05"]


def test_a_late_snapshot_is_stored_beside_the_pack_and_joins_it(store: FolderStore) -> None:
    pack_day(store, DAY)
    assert store.create(LATE, b"late")
    assert files(store) == sorted([LATE, PACK, raw_key(START + 24 * AN_HOUR)])
    before = contents(store)
    assert before[LATE][1] == b"late"
    assert pack_day(store, DAY)[1:4] == (22, 2, 1)
    assert contents(store) == before
    assert files(store) == sorted([PACK, raw_key(START + 24 * AN_HOUR)])


def test_a_packed_key_is_taken(store: FolderStore) -> None:
    """A retried tick, or an archive that is loaded again, stores nothing."""
    pack_day(store, DAY)
    before = contents(store)
    for key in list(MEMBERS)[:3]:
        assert store.create(key, b"other bytes") is False
    assert contents(store) == before
    assert len(files(store)) == 2


def test_what_is_no_snapshot_stays_where_it_is(store: FolderStore) -> None:
    for name in (
        "hour=10/notes.json",
        "hour=99/velib_20220604_100000.json.gz",
        "notes.zip",
        "hour=10/.a.tmp",
    ):
        path = store.root / day_prefix("raw", DAY) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    before = views(store)
    assert pack_day(store, DAY)[1:4] == (21, 21, 1)
    assert views(store) == before
    assert len(files(store)) == 6


def test_unpacking_gives_back_the_files(store: FolderStore) -> None:
    before, named = contents(store), files(store)
    pack_day(store, DAY)
    assert unpack_day(store, DAY)[1:4] == (21, 1, 21)
    assert (contents(store), files(store)) == (before, named)


@pytest.mark.parametrize("beside", [False, True])
def test_deleting_a_packed_object_loses_no_other(store: FolderStore, beside: bool) -> None:
    """`beside`: a killed packer has not deleted its file yet."""
    pack_day(store, DAY)
    if beside:
        store.create_file(OTHER, MEMBERS[OTHER])
    before = contents(store)
    assert store.publish([Change(OTHER, None)], lambda: True)
    del before[OTHER]
    assert contents(store) == before
    with pytest.raises(FileNotFoundError):
        store.read(OTHER)
    assert store.create(OTHER, b"corrected")
    assert contents(store)[OTHER][1] == b"corrected"


def test_a_deletion_that_is_refused_keeps_the_object(store: FolderStore) -> None:
    pack_day(store, DAY)
    before = contents(store)
    assert not store.publish([Change(OTHER, None)], lambda: False)
    assert contents(store) == before


def test_deleting_every_object_removes_the_pack(store: FolderStore) -> None:
    pack_day(store, DAY)
    for item in store.walk(day_prefix("raw", DAY)):
        store.publish([Change(item.key, None)], lambda: True)
    assert store.folders("raw/source=velib/") == ["date=2022-06-05"]


def test_of_two_objects_with_one_key_both_stay(store: FolderStore) -> None:
    """An older version, which does not look into packs, may have stored the second."""
    pack_day(store, DAY)
    pack = (store.root / PACK).read_bytes()
    store.create_file(OTHER, b"other bytes")
    store.create_file(LATE, b"late")
    for change, count in ((pack_day, 2), (unpack_day, 23)):
        (problem,) = change(store, DAY).problems
        assert str(store.root / OTHER) in problem
        assert str(store.root / PACK) in problem
        assert (store.root / OTHER).read_bytes() == store.fetch(OTHER)[1] == b"other bytes"
        assert len([name for name in files(store) if "06-04" in name]) == count
        with zipfile.ZipFile(store.root / PACK) as archive:
            assert archive.read(OTHER) == MEMBERS[OTHER]
    assert pack != (store.root / PACK).read_bytes()  # the late one has joined
    store.publish([Change(OTHER, None)], lambda: True)
    assert store.read(OTHER) == MEMBERS[OTHER]


def flip(path: Path, data: bytes) -> None:
    """Change one byte of `data` within a file."""
    content = path.read_bytes()
    assert content.count(data) == 1
    path.write_bytes(content.replace(data, data[:-1] + b"?"))


def test_a_damaged_member_is_named_and_the_others_can_be_read(store: FolderStore) -> None:
    pack_day(store, DAY)
    store.create(LATE, b"late")
    flip(store.root / PACK, b"snapshot 50")
    damaged = next(key for key, data in MEMBERS.items() if data == b"snapshot 50")
    before = (store.root / PACK).read_bytes()
    for action in (
        lambda: store.fetch(damaged),
        lambda: pack_day(store, DAY),
        lambda: unpack_day(store, DAY),
    ):
        with pytest.raises(DamagedPackError) as failure:
            action()
        assert str(store.root / PACK) in str(failure.value)
        assert damaged in str(failure.value)
    assert (store.root / PACK).read_bytes() == before
    assert store.read(damaged) == b"snapshot 5?"  # so that it can be discarded
    assert store.fetch(OTHER)[1] == MEMBERS[OTHER]
    assert store.fetch(LATE)[1] == b"late"


def test_a_file_from_a_backup_repairs_a_damaged_member(store: FolderStore) -> None:
    before = contents(store)
    pack_day(store, DAY)
    whole = (store.root / PACK).read_bytes()
    flip(store.root / PACK, b"snapshot 50")
    damaged = next(key for key, data in MEMBERS.items() if data == b"snapshot 50")
    store.create_file(damaged, b"snapshot 50")
    assert contents(store) == before
    assert pack_day(store, DAY)[1:4] == (21, 2, 1)
    assert (store.root / PACK).read_bytes() == whole


def test_discarding_a_damaged_member_keeps_the_others_as_they_are(store: FolderStore) -> None:
    pack_day(store, DAY)
    for data in (b"snapshot 50", b"snapshot 55"):
        flip(store.root / PACK, data)
    keys = {data: key for key, data in MEMBERS.items()}
    store.publish([Change(keys[b"snapshot 50"], None)], lambda: True)
    with pytest.raises(DamagedPackError):
        store.fetch(keys[b"snapshot 55"])
    assert store.read(keys[b"snapshot 55"]) == b"snapshot 5?"
    assert store.fetch(OTHER)[1] == MEMBERS[OTHER]
    assert len(store.walk(day_prefix("raw", DAY))) == 20


@pytest.mark.parametrize("damage", ["cut", "empty", "end", "foreign"])
def test_a_pack_without_its_index_is_an_error_of_every_listing(store: FolderStore, damage: str) -> None:
    """Hours would otherwise seem to have no raw."""
    pack_day(store, DAY)
    path = store.root / PACK
    content = path.read_bytes()
    if damage == "foreign":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(OTHER, b"x")
    else:
        path.write_bytes({"cut": content[:-100], "empty": b"", "end": content[:-3] + b"???"}[damage])
    broken = path.read_bytes()
    for action in (
        lambda: store.folders(day_prefix("raw", DAY)),
        lambda: raw_objects(store, HOUR),
        lambda: store.walk("raw/source=velib/"),
        lambda: store.read(OTHER),
        lambda: store.create(LATE, b"late"),
        lambda: pack_day(store, DAY),
        lambda: unpack_day(store, DAY),
        lambda: store.publish([Change(OTHER, None)], lambda: True),
    ):
        with pytest.raises(DamagedPackError) as failure:
            action()
        assert str(path) in str(failure.value)
    assert path.read_bytes() == broken
    assert raw_objects(store, START + 24 * AN_HOUR)


def test_names_of_packs() -> None:
    assert pack_of(OTHER) == pack_of(day_prefix("raw", DAY)) == PACK
    assert is_pack(PACK)
    for key in ("raw/source=velib/", PACK, OTHER.replace("raw/", "quarantine/"), "raw/a.json", OTHER + "/x"):
        assert pack_of(key) is None


def test_unfinished_packs_of_killed_packers_are_removed(store: FolderStore) -> None:
    left = (store.root / PACK).with_name(".velib_20220604.zip.abc.tmp")
    left.write_bytes(b"half")
    pack_day(store, DAY)
    assert not left.exists()
    assert [path.name for path in left.parent.iterdir()] == ["velib_20220604.zip"]


def test_a_replaced_pack_is_read_again(store: FolderStore) -> None:
    """Also by a process that has read it before."""
    pack_day(store, DAY)
    reader = FolderStore(store.root)
    assert len(reader.walk(day_prefix("raw", DAY))) == 21
    store.publish([Change(OTHER, None)], lambda: True)
    assert [item for item in reader.walk(day_prefix("raw", DAY)) if item.key == OTHER] == []
    with pytest.raises(FileNotFoundError):
        reader.hash(Stored(OTHER, 0))
