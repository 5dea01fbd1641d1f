"""Zips and wheels with the same bytes on every machine."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEVEL = 6  # 9 takes three times as long for one per cent


def write_zip(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a zip without times and owners, sorted by name, and replace the old one at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, data in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    shutil.move(temporary, path)
    return path


def write_wheel(path: Path, files: Iterable[tuple[str, bytes]], info: str) -> Path:
    """Write a wheel; `info` is its .dist-info folder, whose RECORD is written here."""
    contents = [(name, data) for name, data in files if name != f"{info}/RECORD"]
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in sorted(contents)]
    record = "".join([*lines, f"{info}/RECORD,,\n"])
    return write_zip(path, [*contents, (f"{info}/RECORD", record.encode())])


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
