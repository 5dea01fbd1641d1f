"""The form of a pack: the raw objects of a closed UTC day in one ZIP file, each as it is, under its key.

Members are not compressed again, so any of them is read without the others. The comment of a member is the
SHA-256 of its bytes. The same members give the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zipfile
from typing import IO, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

from velib_assets.lake.network import KEY

FORM = b"velib pack 1"
_KEY = re.compile(r"(raw/source=[^/]+/date=(\d{4})-(\d\d)-(\d\d)/)(?:hour=\d\d/[^/]*)?")
_MEMBER = re.compile(r"raw/source=[^/]+/date=\d{4}-\d\d-\d\d/hour=\d\d/[^/]+")
_FILE_NAME = re.compile(KEY + r"_\d{8}\.zip")
_HASH = re.compile(r"[0-9a-f]{64}")
_NAME_LENGTHS, _LOCAL_HEADER = 26, 30  # offset and length in a local file header, section 4.3.7 of APPNOTE
_UNIX = 3


class DamagedPackError(OSError):
    """A pack cannot be read. The message names it and says what to do."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"the pack {path} is damaged: {problem}. Nothing was changed. Replace it from a backup"
        )
        self.path, self.problem = path, problem


class Member(NamedTuple):
    """A raw object in a pack: its size in bytes, its SHA-256 and where its local file header starts."""

    size: int
    sha256: str
    offset: int


Index = Mapping[str, Member]
"""The members of a pack by key, sorted."""


def pack_of(key: str) -> Optional[str]:
    """Return the key of the pack for a raw object, its hour's or its day's prefix; None for other keys."""
    match = _KEY.fullmatch(key)
    return f"{match[1]}{KEY}_{match[2]}{match[3]}{match[4]}.zip" if match else None


def is_pack(path: str) -> bool:
    """Whether a path is named as a pack is."""
    return bool(_FILE_NAME.fullmatch(path.rpartition("/")[2]))


def read_index(file: IO[bytes], path: str) -> Index:
    """Read which members a pack has, from its end.

    Args:
        file: the pack, seekable.
        path: what a message calls it.

    Raises:
        DamagedPackError: if the file is no complete pack.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries, form = archive.infolist(), archive.comment
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error, ValueError) as error:
        raise DamagedPackError(path, f"it is no complete ZIP file ({error})") from None
    if form != FORM:
        raise DamagedPackError(path, "`velib pack` did not write it")
    index: Dict[str, Member] = {}
    for entry in entries:
        sha256, key = entry.comment.decode("ascii", "replace"), entry.filename
        is_stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
        if not (is_stored and _HASH.fullmatch(sha256) and _MEMBER.fullmatch(key)) or key in index:
            raise DamagedPackError(path, f"its member {key!r} is not one that `velib pack` writes")
        index[key] = Member(entry.file_size, sha256, entry.header_offset)
    return dict(sorted(index.items()))


def read_member(file: IO[bytes], member: Member) -> bytes:
    """Read the bytes of a member, which may be damaged: fewer if the file ends too early."""
    file.seek(member.offset + _NAME_LENGTHS)
    lengths = file.read(_LOCAL_HEADER - _NAME_LENGTHS)
    if len(lengths) < _LOCAL_HEADER - _NAME_LENGTHS:
        return b""
    file.seek(sum(struct.unpack("<HH", lengths)), os.SEEK_CUR)
    return file.read(member.size)


def verified_member(file: IO[bytes], key: str, member: Member, path: str) -> bytes:
    """Read the bytes of a member and compare them with its hash.

    Raises:
        DamagedPackError: if they differ.
    """
    data = read_member(file, member)
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise DamagedPackError(path, f"the bytes of {key} have changed")
    return data


def write_pack(file: IO[bytes], members: Iterable[Tuple[str, bytes, str]]) -> None:
    """Write a pack.

    Args:
        file: an empty file, seekable.
        members: key, bytes and SHA-256 of each, sorted by key.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = FORM
        for key, data, sha256 in members:
            entry = zipfile.ZipInfo(key)  # its time is constant: a snapshot's own is in its key
            entry.create_system, entry.external_attr = _UNIX, (stat.S_IFREG | 0o644) << 16
            entry.comment = sha256.encode("ascii")
            archive.writestr(entry, data)
