"""Packs the raw objects of a closed UTC day into one file, and unpacks them. Safe when killed at any step."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Collection, Iterator, List, NamedTuple, Sequence, Tuple

from velib_assets.lake.disk_errors import explained
from velib_assets.lake.folder_files import lock_folder, remove_empty_folders, sync_folder
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import day_prefix, hour_prefix, hours_of_day, key_hour, raw_time, source_prefix
from velib_assets.lake.pack_file import PackMember, remove_unfinished, replace_pack
from velib_assets.lake.raw_pack import Index, pack_of, read_index, read_member, verified_member


class PackedDay(NamedTuple):
    """What became of a day.

    Args:
        day: the UTC day.
        snapshots: how many raw objects it has.
        files_before: the number of files that held them.
        files_after: the number of files that hold them now.
        size: the bytes of these files.
        problems: why some stay as they were, one message each.
    """

    day: date
    snapshots: int
    files_before: int
    files_after: int
    size: int
    problems: Tuple[str, ...] = ()


def days_with_raw(store: FolderStore, first: date, last: date) -> List[date]:
    """Return the UTC days from `first` to `last`, both included, that have a folder in raw, in order."""
    hours = (key_hour(f"{name}/hour=00/") for name in store.folders(source_prefix("raw")))
    return [hour.date() for hour in hours if hour and first <= hour.date() <= last]


def pack_day(store: FolderStore, day: date) -> PackedDay:
    """Put a day's raw objects into its pack, then delete their files. Late ones join an existing pack.

    The pack is on the disk, and has been read back, before a file is deleted. The key, bytes and hash of each
    object stay. A file whose bytes differ from those in the pack under its key stays, and so do those.

    Args:
        store: the lake.
        day: a UTC day that has ended.

    Raises:
        DamagedPackError: if the day's pack is damaged; nothing is changed.
        OSError: if a file cannot be read, written or deleted.
    """
    with _locked(store, day) as pack:
        files = {key: _identity(store.root / key) for key in _files(store, day)}
        before = len(files) + pack.exists()
        differing, is_complete = _compare(store, pack, files)
        if not is_complete:
            replace_pack(pack, _joined(store, pack, {*files} - {*differing}))
        for key in {*files} - {*differing}:
            if _identity(store.root / key) == files[key]:  # else somebody has replaced it
                (store.root / key).unlink()
                remove_empty_folders((store.root / key).parent, store.root)
        return _result(store, day, pack, before, differing)


def unpack_day(store: FolderStore, day: date) -> PackedDay:
    """Put the objects of a day's pack into files again, then delete the pack.

    Raises:
        DamagedPackError: if the day's pack is damaged; it stays.
        OSError: if a file cannot be written or deleted.
    """
    with _locked(store, day) as pack:
        before = len(_files(store, day)) + pack.exists()
        differing: List[str] = []
        with _opened(pack) as (file, index):
            for key, member in index.items():
                store.create_file(key, verified_member(file, key, member, str(pack)))
                if store.fetch(key)[0] != member.sha256:
                    differing.append(key)
        if pack.exists() and not differing:
            pack.unlink()
            sync_folder(pack.parent)
        return _result(store, day, pack, before, differing)


@contextmanager
def _locked(store: FolderStore, day: date) -> Iterator[Path]:
    """Lock a day, in which nobody else then packs, unpacks, stores or discards; yield its pack's path."""
    pack = store.root / str(pack_of(day_prefix("raw", day)))
    with explained(pack):
        lock = lock_folder(pack.parent)
    try:
        remove_unfinished(pack)
        yield pack
    finally:
        remove_empty_folders(pack.parent, store.root)
        os.close(lock)


@contextmanager
def _opened(pack: Path) -> Iterator[Tuple[IO[bytes], Index]]:
    """Open a pack, and read which members it has: none if it does not exist."""
    try:
        file: IO[bytes] = pack.open("rb")
    except FileNotFoundError:
        yield io.BytesIO(), {}
        return
    with file:
        yield file, read_index(file, str(pack))


def _files(store: FolderStore, day: date) -> List[str]:
    """Return the keys of a day's raw objects that are files of their own."""
    items = (item for hour in hours_of_day(day) for item in store.unpacked(hour_prefix("raw", hour)))
    return [item.key for item in items if raw_time(item.key)]


def _compare(store: FolderStore, pack: Path, files: Collection[str]) -> Tuple[List[str], bool]:
    """Return the files that differ from the pack's objects, and whether all others are sound in the pack."""
    differing, is_complete = [], True
    with _opened(pack) as (file, index):
        for key in files:
            if key not in index:
                is_complete = False
            elif store.fetch(key)[0] != index[key].sha256:
                differing.append(key)
            elif hashlib.sha256(read_member(file, index[key])).hexdigest() != index[key].sha256:
                is_complete = False
    return differing, is_complete


def _joined(store: FolderStore, pack: Path, files: Collection[str]) -> Iterator[PackMember]:
    """Yield these files and the other objects of the pack, sorted by key."""
    with _opened(pack) as (file, index):
        for key in sorted({*index, *files}):
            if key in files:
                sha256, data = store.fetch(key)
                yield key, data, sha256
            else:
                yield key, verified_member(file, key, index[key], str(pack)), index[key].sha256


def _identity(path: Path) -> Tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _result(store: FolderStore, day: date, pack: Path, before: int, differing: Sequence[str]) -> PackedDay:
    left, keys = _files(store, day), [item.key for item in store.walk(day_prefix("raw", day))]
    snapshots = sum(raw_time(key) is not None and key_hour(key) is not None for key in keys)
    size = pack.stat().st_size if pack.exists() else 0
    problems = tuple(
        f"{store.address(key)} differs from the snapshot of that name in {pack}. Both stay, and the file is "
        "used. If it is wrong, remove it with `velib discard`; the pack's is then used again"
        for key in differing
    )
    size += sum((store.root / key).stat().st_size for key in left)
    return PackedDay(day, snapshots, before, len(left) + pack.exists(), size, problems)
