"""The packs of an archive: their raw objects are listed as files in a folder with the pack's name."""

from __future__ import annotations

import re
from typing import IO, Callable, List, Optional, Sequence, Tuple

from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.lake.network import KEY
from velib_assets.lake.raw_pack import DamagedPackError, Index, is_pack, read_index, verified_member

_IN_PACK = re.compile(rf"(?P<pack>(?:.*/)?{KEY}_\d{{8}}\.zip)/(?P<key>raw/.+)")
_FILE = re.compile(r"(?P<day>(?:.*/)?date=(\d{4})-(\d\d)-(\d\d)/)hour=\d\d/[^/]+")


class ArchivePacks:
    """Lists and reads the members of an archive's packs.

    Args:
        open_file: opens a path of the archive; raises FileNotFoundError if it does not exist.
        address: returns what a message calls a path.
    """

    def __init__(self, open_file: Callable[[str], IO[bytes]], address: Callable[[str], str]) -> None:
        self._open, self._address = open_file, address
        self._last: Tuple[str, Index] = ("", {})  # snapshots are read in order

    def expand(self, paths: Sequence[str]) -> List[str]:
        """Return these paths with the members of each pack instead of it; a damaged pack stays.

        A member is left out if a file of the same name is beside the pack.
        """
        found: List[str] = []
        files = set(paths)
        for path in paths:
            if not is_pack(path):
                found.append(path)
                continue
            try:
                with self._open(path) as file:
                    index = read_index(file, self._address(path))
            except DamagedPackError:
                found.append(path)
                continue
            found += [f"{path}/{key}" for key in index if _beside(path, key) not in files]
        return found

    def read(self, path: str) -> Optional[bytes]:
        """Return the bytes of a member; None if this is not the path of one.

        Raises:
            FeedError: if the pack or the member is damaged.
        """
        match = _IN_PACK.fullmatch(path)
        return self._member(match["pack"], match["key"]) if match else None

    def file_of(self, path: str) -> str:
        """Return where a member is if its pack has been unpacked since; other paths as they are."""
        match = _IN_PACK.fullmatch(path)
        return _beside(match["pack"], match["key"]) if match else path

    def read_packed_since(self, path: str) -> Optional[bytes]:
        """Return the bytes of a file that has been packed since it was listed; None if it has not.

        Raises:
            FeedError: if the pack or the member is damaged.
        """
        match = _FILE.fullmatch(path)
        if match is None:
            return None
        pack = f"{match['day']}{KEY}_{match[2]}{match[3]}{match[4]}.zip"
        return self._member(pack, path[len(match["day"]) :])

    def _member(self, pack: str, ending: str) -> Optional[bytes]:
        try:
            if self._last[0] == pack:
                try:
                    return self._read_member(pack, self._last[1], ending)
                except DamagedPackError:  # perhaps only because it was replaced since
                    pass
            return self._read_member(pack, None, ending)
        except FileNotFoundError:
            return None
        except DamagedPackError as error:
            raise FeedError(str(error)) from None

    def _read_member(self, pack: str, known: Optional[Index], ending: str) -> Optional[bytes]:
        address = self._address(pack)
        with self._open(pack) as file:
            index = read_index(file, address) if known is None else known
            self._last = (pack, index)
            key = next((key for key in index if key.endswith(ending)), None)
            return verified_member(file, key, index[key], address) if key else None


def _beside(pack: str, key: str) -> str:
    """Return the path that a member has as a file."""
    hour, name = key.split("/")[-2:]
    return f"{pack.rpartition('/')[0]}/{hour}/{name}".lstrip("/")
