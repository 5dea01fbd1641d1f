"""Where the lake's objects lie: one interface over a folder and, on AWS, a bucket.

Belongs here: bytes under keys, and the two ways of writing them safely. Does not: what keys mean.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Callable, Dict, Iterator, List, NamedTuple, Optional, Protocol, Sequence, Tuple

_REMEMBERED = 50_000
_ABANDONED = 3600.0  # seconds after which an unfinished write has lost its writer


class Stored(NamedTuple):
    """An object in a listing: its key, its size in bytes, and in a bucket its ETag."""

    key: str
    size: int
    etag: str = ""


class Change(NamedTuple):
    """A replacement: the object's new bytes, or None to delete it."""

    key: str
    data: Optional[bytes]


class LakeStore(Protocol):
    """Objects under keys with `/`. Listings are sorted by key; a missing prefix lists nothing."""

    def list(self, prefix: str) -> List[Stored]:
        """The objects right below a prefix that ends in `/`."""
        ...

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """The objects at any depth below a prefix that ends in `/`; in a bucket one request a thousand.

        With `first` and `last` only what lies in the folders of these names, and between them.
        """
        ...

    def folders(self, prefix: str) -> List[str]:
        """The names of the folders right below a prefix that ends in `/`, sorted."""
        ...

    def hash(self, stored: Stored) -> str:
        """The content hash of a listed object: the same for the same bytes.

        Raises:
            FileNotFoundError: where the object is gone.
        """
        ...

    def fetch(self, stored: Stored) -> Tuple[str, bytes]:
        """The content hash and the bytes of a listed object, of one and the same state of it.

        Raises:
            FileNotFoundError: where the object is gone.
        """
        ...

    def read(self, key: str) -> bytes:
        """An object's bytes.

        Raises:
            FileNotFoundError: where there is none.
        """
        ...

    def open(self, key: str) -> IO[bytes]:
        """An object as a seekable stream, for reading a part of it."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Store an object unless the key is taken; never overwrites. False where it was taken."""
        ...

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """Replace objects, each atomically and in order, if `precondition()` holds under the lock.

        Writers that name the same last key exclude each other. False where `precondition()` did not hold.
        """
        ...

    def address(self, key: str) -> str:
        """Where a person finds the object: a path or an s3:// address."""
        ...


class FolderStore:
    """A lake in a local folder. Readers see an object whole or not at all; writers never share one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hashes: Dict[str, Tuple[Tuple[int, ...], str]] = {}

    def list(self, prefix: str) -> List[Stored]:
        """See LakeStore. Left out: hidden names (unfinished writes) and links (they could lead out)."""
        found = []
        for entry in self._entries(prefix):
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                with suppress(FileNotFoundError):  # rejects that are none any more, a stray that was removed
                    found.append(Stored(prefix + entry.name, entry.stat().st_size))
        return sorted(found)

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """See LakeStore."""
        names = [name for name in self.folders(prefix) if first <= name and (not last or name <= last)]
        below = [item for name in names for item in self.walk(f"{prefix}{name}/")]
        return sorted([*([] if first or last else self.list(prefix)), *below])

    def folders(self, prefix: str) -> List[str]:
        """See LakeStore."""
        return sorted(entry.name for entry in self._entries(prefix) if entry.is_dir())

    def hash(self, stored: Stored) -> str:
        """The SHA-256 of the stored bytes; remembered while the file's identity, size and time stay."""
        seen, known = self._identity(stored.key), self._hashes.get(stored.key)
        return known[1] if known and known[0] == seen else self.fetch(stored)[0]

    def fetch(self, stored: Stored) -> Tuple[str, bytes]:
        """See LakeStore."""
        seen, data = self._identity(stored.key), self.read(stored.key)
        found = hashlib.sha256(data).hexdigest()
        if len(self._hashes) >= _REMEMBERED:
            self._hashes.clear()
        self._hashes[stored.key] = (seen, found)
        return found, data

    def _identity(self, key: str) -> Tuple[int, ...]:
        about = self._path(key).stat()
        return about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns

    def read(self, key: str) -> bytes:
        """See LakeStore."""
        return self._path(key).read_bytes()

    def open(self, key: str) -> IO[bytes]:
        """See LakeStore."""
        return self._path(key).open("rb")

    def create(self, key: str, data: bytes) -> bool:
        """See LakeStore. A hard link is the exclusive create that also shows only finished bytes."""
        path, temporary = self._path(key), self._write_aside(key, data, sync=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        _sync_folder(path.parent)
        return True

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """See LakeStore. The lock is the last key's own folder, so it leaves no file behind.

        Nothing is synced to disk here: what is published is made of raw, and is made again where a
        power cut left it damaged.
        """
        aside = [
            (self._path(c.key), self._write_aside(c.key, c.data, sync=False) if c.data is not None else None)
            for c in changes
        ]
        lock = os.open(aside[-1][0].parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not precondition():
                return False
            for path, temporary in aside:
                temporary.replace(path) if temporary else path.unlink(missing_ok=True)
        finally:
            os.close(lock)
            for _, temporary in aside:
                if temporary:
                    temporary.unlink(missing_ok=True)
        return True

    def address(self, key: str) -> str:
        """See LakeStore."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self.root / key

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / prefix) as entries:
                yield from entries
        except (FileNotFoundError, NotADirectoryError):
            return

    def _write_aside(self, key: str, data: bytes, *, sync: bool) -> Path:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary = Path(name)
        temporary.chmod(0o644)
        return temporary


def _sweep(folder: Path) -> None:
    """Remove what killed writers left in a folder, as far as that can be done."""
    oldest = time.time() - _ABANDONED
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                with suppress(OSError):
                    if entry.stat().st_mtime < oldest:
                        Path(entry.path).unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
