"""The lake in a local folder."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from velib_assets.lake.disk_errors import explain, explained
from velib_assets.lake.folder_files import lock_folder, remove_empty_folders, sync_folder, temporary_file
from velib_assets.lake.pack_file import remove_from_pack
from velib_assets.lake.packed_raw import PackedRaw
from velib_assets.lake.raw_pack import pack_of
from velib_assets.lake.store import Change, Stored

_MAX_CACHED_HASHES = 50_000


class FolderStore:
    """A lake in a local folder. Readers never see a partly written object.

    Raw objects are found where they are: in files of their own, which are looked at first, or in the pack of
    their day (see `packed_raw`). Packs themselves are not listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._packs = PackedRaw(root)
        self._hashes: Dict[str, Tuple[Tuple[int, ...], str]] = {}

    def list(self, prefix: str) -> List[Stored]:
        """See LakeStore. Skips hidden files (unfinished writes) and links (they can leave the lake)."""
        files, packed = self._packs.beside(prefix, lambda: self._files(prefix))
        return _merged(files, [item for item in packed if "/" not in item.key[len(prefix) :]])

    def walk(self, prefix: str, first: str = "", last: str = "") -> List[Stored]:
        """See LakeStore."""

        def is_wanted(name: str) -> bool:
            return first <= name and (not last or name <= last)

        def files() -> List[Stored]:
            names = [entry.name for entry in self._entries(prefix) if entry.is_dir()]
            below = [item for name in names if is_wanted(name) for item in self.walk(f"{prefix}{name}/")]
            return [*([] if first or last else self._files(prefix)), *below]

        found, packed = self._packs.beside(prefix, files)
        return _merged(found, [item for item in packed if is_wanted(_first_part(item.key[len(prefix) :]))])

    def folders(self, prefix: str) -> List[str]:
        """See LakeStore."""
        names, packed = self._packs.beside(
            prefix, lambda: {entry.name for entry in self._entries(prefix) if entry.is_dir()}
        )
        below = (item.key[len(prefix) :] for item in packed)
        return sorted(names.union(_first_part(key) for key in below if "/" in key))

    def unpacked(self, prefix: str) -> List[Stored]:
        """List the objects directly below a prefix that are files of their own."""
        return sorted(self._files(prefix))

    def hash(self, stored: Stored) -> str:
        """Return the SHA-256 of the bytes, cached until the file's inode, size or times change."""
        try:
            identity, cached = self._identity(stored.key), self._hashes.get(stored.key)
        except FileNotFoundError:
            member = self._packs.find(stored.key)
            return member.sha256 if member else self.fetch(stored.key)[0]
        return cached[1] if cached and cached[0] == identity else self.fetch(stored.key)[0]

    def fetch(self, key: str) -> Tuple[str, bytes]:
        """See LakeStore.

        Raises:
            DamagedPackError: if the bytes in a pack are not those of the hash.
        """
        try:
            return self._fetch_file(key)
        except FileNotFoundError:
            return self._packs.fetch(key) or self._fetch_file(key)  # it may have been unpacked meanwhile

    def _fetch_file(self, key: str) -> Tuple[str, bytes]:
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
        """See LakeStore. Bytes in a pack are returned also if they have changed, as those of a file are."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            packed = self._packs.read(key)
            return (self.root / key).read_bytes() if packed is None else packed

    def open(self, key: str) -> IO[bytes]:
        """See LakeStore."""
        return (self.root / key).open("rb") if pack_of(key) is None else io.BytesIO(self.read(key))

    def create(self, key: str, data: bytes) -> bool:
        """See LakeStore. A key in a pack is taken; the day is locked, so that nobody packs it meanwhile."""
        pack = pack_of(key)
        if pack is None:
            return self.create_file(key, data)
        with explained(self.root / key):
            lock = lock_folder((self.root / pack).parent, shared=True)
        try:
            return not self._packs.find(key) and self.create_file(key, data)
        finally:
            os.close(lock)

    def create_file(self, key: str, data: bytes) -> bool:
        """Store an object as a file of its own, also if its key is in a pack. Returns False if it exists.

        A hard link fails if the key is taken, and shows only complete files.
        """
        path, temporary = self.root / key, self._write_temporary(key, data, sync=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            raise explain(error, path) from error
        finally:
            temporary.unlink()
        sync_folder(path.parent)
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
            pack = pack_of(changes[-1].key)
            lock = lock_folder((self.root / pack if pack else writes[-1][0]).parent)
            if not precondition():
                return False
            for change, (path, temporary) in zip(changes, writes):
                with explained(path):
                    if temporary is None:
                        remove_from_pack(self.root, change.key)
                    temporary.replace(path) if temporary else path.unlink(missing_ok=True)
        finally:
            for path, temporary in writes:
                if temporary:
                    temporary.unlink(missing_ok=True)
                else:
                    remove_empty_folders(path.parent, self.root)
            if lock >= 0:
                os.close(lock)
        return True

    def address(self, key: str) -> str:
        """See LakeStore."""
        return str(self.root / key)

    def _files(self, prefix: str) -> List[Stored]:
        objects, pack = [], pack_of(prefix)
        for entry in self._entries(prefix):
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                with suppress(FileNotFoundError):  # another process removed it
                    objects.append(Stored(prefix + entry.name, entry.stat().st_size))
        return [item for item in objects if item.key != pack]

    def _entries(self, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / prefix) as entries:
                yield from entries
        except (FileNotFoundError, NotADirectoryError):
            return

    def _write_temporary(self, key: str, data: bytes, *, sync: bool) -> Path:
        path = self.root / key
        with explained(path):
            handle, name = temporary_file(path)
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


def _merged(files: Sequence[Stored], packed: Sequence[Stored]) -> List[Stored]:
    """Return the objects sorted by key; of one key in both, the file."""
    return sorted({item.key: item for item in (*packed, *files)}.values()) if packed else sorted(files)


def _first_part(path: str) -> str:
    return path.partition("/")[0]
