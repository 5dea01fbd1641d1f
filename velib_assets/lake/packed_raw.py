"""Reads the raw objects of a folder that are in packs, so that a reader need not know which are."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, Callable, Dict, List, Optional, Tuple, TypeVar

from velib_assets.lake.raw_pack import DamagedPackError, Index, Member, pack_of, read_index, read_member
from velib_assets.lake.store import Stored

_MAX_CACHED_PACKS = 64  # of some 96 members each

_T = TypeVar("_T")
Identity = Tuple[int, int, int, int]


class PackedRaw:
    """The packs of a lake in a folder. Every answer is of one state of a pack, also while it is replaced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._indexes: Dict[str, Tuple[Identity, Index]] = {}

    def find(self, key: str) -> Optional[Member]:
        """Return where a raw object is in its day's pack; None if it is not in one."""
        pack = pack_of(key)
        return self._load(pack)[1].get(key) if pack else None

    def read(self, key: str) -> Optional[bytes]:
        """Return the bytes of a packed raw object, also if they have changed; None if it is in no pack."""
        found = self._read(key)
        return found[1] if found else None

    def fetch(self, key: str) -> Optional[Tuple[str, bytes]]:
        """Return the SHA-256 and the bytes of a packed raw object; None if it is in no pack.

        Raises:
            DamagedPackError: if the bytes have changed.
        """
        found = self._read(key)
        if found is None:
            return None
        member, data = found
        if hashlib.sha256(data).hexdigest() != member.sha256:
            raise DamagedPackError(self._address(str(pack_of(key))), f"the bytes of {key} have changed")
        return member.sha256, data

    def beside(self, prefix: str, read: Callable[[], _T]) -> Tuple[_T, List[Stored]]:
        """Read files below a prefix, and list the packed objects that belong there at the same time.

        A pack is complete before the files that it holds are deleted, and is deleted after they exist again.
        So nothing is missed if the pack was the same before and after the files were read.
        """
        pack = pack_of(prefix)
        if pack is None:
            return read(), []
        while True:  # at most once more for each time that the pack is replaced
            before, index = self._load(pack)
            found = read()
            if self._identity(pack) == before:
                return found, [Stored(key, index[key].size) for key in index if key.startswith(prefix)]

    def _read(self, key: str) -> Optional[Tuple[Member, bytes]]:
        pack = pack_of(key)
        if pack is None:
            return None
        try:
            with (self._root / pack).open("rb") as file:
                index = self._index(pack, file)[1]
                return (index[key], read_member(file, index[key])) if key in index else None
        except FileNotFoundError:
            return None

    def _load(self, pack: str) -> Tuple[Optional[Identity], Index]:
        """Return the identity and the members of a pack; None and nothing if there is none."""
        identity, cached = self._identity(pack), self._indexes.get(pack)
        if identity is None or (cached and cached[0] == identity):
            return cached if identity and cached else (None, {})
        try:
            with (self._root / pack).open("rb") as file:
                return self._index(pack, file)
        except FileNotFoundError:
            return None, {}

    def _index(self, pack: str, file: IO[bytes]) -> Tuple[Identity, Index]:
        """Return the identity and the members of an open pack."""
        identity, cached = _identity_of(os.fstat(file.fileno())), self._indexes.get(pack)
        if cached and cached[0] == identity:
            return cached
        if len(self._indexes) >= _MAX_CACHED_PACKS:
            self._indexes.clear()
        self._indexes[pack] = loaded = (identity, read_index(file, self._address(pack)))
        return loaded

    def _identity(self, pack: str) -> Optional[Identity]:
        try:
            return _identity_of((self._root / pack).stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _address(self, pack: str) -> str:
        return str(self._root / pack)


def _identity_of(status: os.stat_result) -> Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
