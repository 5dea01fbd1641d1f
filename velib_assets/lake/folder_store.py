"""The lake in a local folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, TypeVar

from velib_assets.lake.disk_errors import explain, explained
from velib_assets.lake.store import Change, Stored

_MAX_CACHED_HASHES = 50_000
_FOLDER_ATTEMPTS = 1000
_ABANDONED_AFTER = 3600.0  # seconds; an older temporary file has lost its writer

_T = TypeVar("_T")


class FolderStore:
    """A lake in a local folder. Readers never see a partly written object."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hashes: Dict[str, Tuple[Tuple[int, ...], str]] = {}

    def list(self, prefix: str) -> List[Stored]:
        """See LakeStore. Skips hidden files (unfinished writes) and links (they can leave the lake)."""
        objects = []
        for entry in self._entries(prefix):
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                with suppress(FileNotFoundError):  # another process removed it
                    objects.append(Stored(prefix + entry.name, entry.stat().st_size))
        return sorted(objects)

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """See LakeStore."""
        names = [name for name in self.folders(prefix) if first <= name and (not last or name <= last)]
        below = [item for name in names for item in self.walk(f"{prefix}{name}/")]
        return sorted([*([] if first or last else self.list(prefix)), *below])

    def folders(self, prefix: str) -> List[str]:
        """See LakeStore."""
        return sorted(entry.name for entry in self._entries(prefix) if entry.is_dir())

    def hash(self, stored: Stored) -> str:
        """Return the SHA-256 of the bytes, cached until the file's inode, size or times change."""
        identity, cached = self._identity(stored.key), self._hashes.get(stored.key)
        return cached[1] if cached and cached[0] == identity else self.fetch(stored.key)[0]

    def fetch(self, key: str) -> Tuple[str, bytes]:
        """See LakeStore."""
        identity, data = self._identity(key), self.read(key)
        digest = hashlib.sha256(data).hexdigest()
        if len(self._hashes) >= _MAX_CACHED_HASHES:
            self._hashes.clear()
        self._hashes[key] = (identity, digest)
        return digest, data

    def _identity(self, key: str) -> Tuple[int, ...]:
        stat = (self.root / key).stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns

    def read(self, key: str) -> bytes:
        """See LakeStore."""
        return (self.root / key).read_bytes()

    def open(self, key: str) -> IO[bytes]:
        """See LakeStore."""
        return (self.root / key).open("rb")

    def create(self, key: str, data: bytes) -> bool:
        """See LakeStore. A hard link fails if the key is taken, and shows only complete files."""
        path, temporary = self.root / key, self._write_temporary(key, data, sync=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            raise explain(error, path) from error
        finally:
            temporary.unlink()
        _sync_folder(path.parent)
        return True

    def publish(self, changes: Sequence[Change], precondition: Callable[[], bool]) -> bool:
        """See LakeStore. Locks the folder of the last key, so that no lock file remains.

        Folders that a deletion leaves empty are removed, as a bucket has none: an hour without objects would
        otherwise be listed.

        Nothing is synced to disk: published files are built from raw, and are rebuilt if a power failure
        damages them.
        """
        writes: List[Tuple[Path, Optional[Path]]] = []
        lock = -1
        try:
            for key, data in changes:
                temporary = None if data is None else self._write_temporary(key, data, sync=False)
                writes.append((self.root / key, temporary))
            lock = _lock(writes[-1][0].parent)
            if not precondition():
                return False
            for path, temporary in writes:
                with explained(path):
                    temporary.replace(path) if temporary else path.unlink(missing_ok=True)
        finally:
            for path, temporary in writes:
                if temporary:
                    temporary.unlink(missing_ok=True)
                else:
                    self._remove_empty_folders(path.parent)
            if lock >= 0:
                os.close(lock)
        return True

    def address(self, key: str) -> str:
        """See LakeStore."""
        return str(self.root / key)

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / prefix) as entries:
                yield from entries
        except (FileNotFoundError, NotADirectoryError):
            return

    def _remove_empty_folders(self, folder: Path) -> None:
        """Remove a folder and those above it as far as they are empty, but not the lake itself."""
        with suppress(OSError):  # it is not empty, or does not exist
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent

    def _write_temporary(self, key: str, data: bytes, *, sync: bool) -> Path:
        path = self.root / key
        with explained(path):
            handle, name = _temporary_file(path)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    if sync:
                        file.flush()
                        os.fsync(file.fileno())
                temporary.chmod(0o644)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return temporary


def _temporary_file(path: Path) -> Tuple[int, str]:
    """Create a temporary file beside a path."""

    def create(folder: Path) -> Tuple[int, str]:
        _remove_abandoned(folder)
        return tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=folder)

    return _in_folder(path.parent, create)


def _lock(folder: Path) -> int:
    """Lock a folder; the caller closes the returned descriptor."""

    def lock(folder: Path) -> int:
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)
        raise FileNotFoundError(f"{folder} was removed")

    return _in_folder(folder, lock)


def _in_folder(folder: Path, action: Callable[[Path], _T]) -> _T:
    """Create a folder and do something in it; again while other processes remove the empty folder."""
    for _ in range(_FOLDER_ATTEMPTS):
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return action(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return action(folder)


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files of killed writers; files that cannot be removed stay."""
    oldest = time.time() - _ABANDONED_AFTER
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
