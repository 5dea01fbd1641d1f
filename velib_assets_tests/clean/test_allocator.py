"""Keeping memory between hours: only where the allocator can, and without a change of results."""

from __future__ import annotations

import platform

from velib_assets.clean.allocator import keep_memory
from velib_assets.clean.clean_file import encode_clean
from velib_assets.clean.hour import clean_hour
from velib_assets_tests.samples import HOUR, raw, records


def test_allocator_of_glibc_keeps_memory() -> None:
    before = encode_clean(clean_hour(HOUR, [raw(records())]))
    assert keep_memory() is (platform.libc_ver()[0] == "glibc")
    assert encode_clean(clean_hour(HOUR, [raw(records())])) == before
