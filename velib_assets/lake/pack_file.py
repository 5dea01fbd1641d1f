"""Replaces the pack of a day in a folder, atomically. The caller has locked the day's folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, Dict, Iterable, Iterator, Tuple

from velib_assets.lake.disk_errors import explained
from velib_assets.lake.folder_files import sync_folder, temporary_file
from velib_assets.lake.raw_pack import DamagedPackError, pack_of, read_index, read_member, write_pack

PackMember = Tuple[str, bytes, str]
"""Key, bytes and SHA-256."""


def replace_pack(path: Path, members: Iterable[PackMember]) -> int:
    """Write a pack, read it back, and put it in place if every byte is as it was given. Returns its size.

    Args:
        path: the pack.
        members: key, bytes and SHA-256, sorted by key. The hash is stored as it is given, so that a member
            whose bytes have changed can still be told.

    Raises:
        DamagedPackError: if what was read back differs; the pack in place is unchanged.
        OSError: if it cannot be written.
    """
    with explained(path):
        handle, name = temporary_file(path)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                size = _write_verified(file, members, str(path))
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    return size


def _write_verified(file: IO[bytes], members: Iterable[PackMember], path: str) -> int:
    given: Dict[str, Tuple[str, str]] = {}

    def noted() -> Iterator[PackMember]:
        for key, data, sha256 in members:
            given[key] = (sha256, hashlib.sha256(data).hexdigest())
            yield key, data, sha256

    write_pack(file, noted())
    file.flush()
    os.fsync(file.fileno())
    read = {
        key: (member.sha256, hashlib.sha256(read_member(file, member)).hexdigest())
        for key, member in read_index(file, path).items()
    }
    if read != given:
        raise DamagedPackError(path, "what was written differs from what is read back")
    return file.seek(0, os.SEEK_END)


def remove_from_pack(root: Path, key: str) -> None:
    """Remove a raw object from its day's pack, if it is there. All others stay, also damaged ones.

    If a file with the same key has other bytes, that file is what the key means, and the pack stays.
    """
    pack = pack_of(key)
    if pack is None:
        return
    try:
        file = (root / pack).open("rb")
    except FileNotFoundError:
        return
    with file:
        index = dict(read_index(file, str(root / pack)))
        if key not in index or _differs(root / key, index[key].sha256):
            return
        del index[key]
        if index:
            others = ((name, read_member(file, member), member.sha256) for name, member in index.items())
            replace_pack(root / pack, others)
            return
    (root / pack).unlink()
    sync_folder((root / pack).parent)


def remove_unfinished(path: Path) -> None:
    """Remove what killed writers of a pack have left beside it."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink(missing_ok=True)


def _differs(path: Path, sha256: str) -> bool:
    """Whether a file exists and has another hash."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() != sha256
    except FileNotFoundError:
        return False
