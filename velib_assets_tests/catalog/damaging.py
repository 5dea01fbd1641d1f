"""Flips bits and cuts files, in each part of a Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq


def footer_start(data: bytes) -> int:
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def in_first_page(path: Path) -> int:
    column = pq.read_metadata(path).row_group(0).column(0)
    return int(column.dictionary_page_offset or column.data_page_offset)


def in_page_data(path: Path) -> int:
    column = pq.read_metadata(path).row_group(0).column(11)  # bikes
    return int(column.data_page_offset + column.total_compressed_size) - 3


def size(path: Path) -> int:
    return path.stat().st_size


PLACES: dict[str, Callable[[Path], int]] = {
    "the magic": lambda _: 1,
    "a page header": lambda path: in_first_page(path) + 2,
    "page data": in_page_data,
    "the schema": lambda path: footer_start(path.read_bytes()) + 12,
    "column metadata": lambda path: (
        footer_start(path.read_bytes()) + (size(path) - footer_start(path.read_bytes())) // 3
    ),
    "the footer velib": lambda path: path.read_bytes().index(b'"digest"') + 14,
    "the writer's name": lambda path: path.read_bytes().rindex(b"parquet-cpp") + 3,
    "the length": lambda path: size(path) - 7,
    "the last magic": lambda path: size(path) - 1,
}
CUTS: dict[str, Callable[[Path], int]] = {
    "nothing left": lambda _: 0,
    "one byte": lambda path: size(path) - 1,
    "the length gone": lambda path: size(path) - 8,
    "the footer gone": lambda path: footer_start(path.read_bytes()),
    "half": lambda path: size(path) // 2,
    "the magic left": lambda _: 4,
}


def flip(path: Path, position: int, bit: int = 4) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << bit
    path.write_bytes(bytes(data))


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
