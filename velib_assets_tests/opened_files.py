"""Which files below a folder are opened, by any process and library: the kernel's inotify says so."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPENED = 0x20
_EVENT = struct.Struct("iIII")
_BYTES = 1 << 20


@contextmanager
def opened_below(*folders: Path) -> Iterator[set[Path]]:
    """Watch folders that exist; the set has the opened files and folders when the block ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(os.O_NONBLOCK)
    watched: dict[int, Path] = {}
    opened: set[Path] = set()
    try:
        for folder in folders:
            for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
                number = libc.inotify_add_watch(queue, os.fsencode(path), _OPENED)
                assert number >= 0, os.strerror(ctypes.get_errno())
                watched[number] = path
        yield opened
        opened |= set(_read(queue, watched))
    finally:
        os.close(queue)


def _read(queue: int, watched: dict[int, Path]) -> Iterator[Path]:
    while True:
        try:
            data = os.read(queue, _BYTES)
        except BlockingIOError:
            return
        position = 0
        while position < len(data):
            number, _, _, length = _EVENT.unpack_from(data, position)
            position += _EVENT.size
            name = data[position : position + length].rstrip(b"\0").decode()
            position += length
            yield watched[number] / name
