"""Decompressing raw objects."""

from __future__ import annotations

import gzip

import pytest

from velib_assets.ingest.raw_object import gunzip
from velib_assets.ingest.response import UnusableError

ONE = gzip.compress(b"one " * 1000)


@pytest.mark.parametrize(
    ("stored", "unpacked"),
    [
        (ONE, b"one " * 1000),
        (gzip.compress(b""), b""),
        (gzip.compress(b"a") + ONE, b"a" + b"one " * 1000),
        (ONE + ONE, b"one " * 2000),
        (ONE + b"\0" * 512, b"one " * 1000),
        (gzip.compress(ONE, 0), ONE),
    ],
    ids=["one member", "nothing", "two members", "the same twice", "padded", "gzip in gzip"],
)
def test_all_gzip_members_are_decompressed(stored: bytes, unpacked: bytes) -> None:
    """A single decompressor reads only one member."""
    assert gunzip(stored) == unpacked


@pytest.mark.parametrize(
    "stored",
    [ONE[:-1], ONE[:20], ONE + b"junk", b"\x1f\x8b", ONE[:-8] + b"\xff" * 8],
    ids=["a byte short", "cut", "junk behind", "two bytes", "another checksum"],
)
def test_damaged_gzip_is_refused(stored: bytes) -> None:
    with pytest.raises(UnusableError) as error:
        gunzip(stored)
    assert error.value.code == "not_gzip"
