"""Reads an hour's partition from its clean file, and registers until the catalog matches the files."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Sequence

from velib_assets.catalog.catalog import Partition
from velib_assets.clean.clean_file import read_footer, schema_differences
from velib_assets.lake.keys import clean_key
from velib_assets.lake.store import LakeStore

_ATTEMPTS = 20


class NotCleanError(Exception):
    """A file under a clean file's key is damaged or has another schema."""


def partition_of(store: LakeStore, hour: datetime) -> Partition:
    """Read an hour's partition from its clean file.

    Raises:
        FileNotFoundError: if the hour has no clean file.
        NotCleanError: if the file is damaged or has another schema than the table.
    """
    key = clean_key(hour)
    with store.open(key) as source:
        differences = schema_differences(source)
        source.seek(0)
        footer = read_footer(source)
        size = source.seek(0, 2)
    if differences or footer is None:
        raise NotCleanError("; ".join(differences) or f"{store.address(key)} is not a clean file")
    return Partition(hour, key, footer.rows, size, footer.digest, bool(footer.missing))


def register_until_stable(
    store: LakeStore, parts: Sequence[Partition], register: Callable[[Sequence[Partition]], int]
) -> int:
    """Register partitions, again if their files were replaced in the meantime.

    The slower of two writers may register last what it read first, therefore it reads the files again.

    Returns:
        How many partitions are new or changed.

    Raises:
        FileNotFoundError, NotCleanError: if a clean file is missing or damaged by then.
    """
    changed, outdated = register(parts), parts
    for _ in range(_ATTEMPTS):
        outdated = [now for part in outdated if (now := partition_of(store, part.hour)) != part]
        if not outdated:
            break
        changed += register(outdated)
    return changed
