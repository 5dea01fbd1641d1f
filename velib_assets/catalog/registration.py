"""Reads an hour's partition from its clean file, and registers until the catalog matches the files."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from typing import IO, Callable, Sequence

from velib_assets.catalog.catalog import Partition
from velib_assets.clean.clean_file import read_footer, schema_differences
from velib_assets.lake.keys import clean_key
from velib_assets.lake.store import LakeStore

_ATTEMPTS = 20


class NotCleanError(Exception):
    """A file under a clean file's key is damaged or has another schema."""


def partition_of(store: LakeStore, hour: datetime) -> Partition:
    """Read an hour's partition from its clean file, without the hash of its bytes.

    Raises:
        FileNotFoundError: if the hour has no clean file.
        NotCleanError: if the file is damaged or has another schema than the table.
    """
    with store.open(clean_key(hour)) as source:
        return _partition_in(source, store, hour)


def hashed_partition_of(store: LakeStore, hour: datetime) -> Partition:
    """Read an hour's partition from its clean file, with the hash of its bytes, which must be as written.

    Raises:
        FileNotFoundError, NotCleanError: see `partition_of`.
    """
    data = store.read(clean_key(hour))
    part = _partition_in(io.BytesIO(data), store, hour)
    return part._replace(sha256=hashlib.sha256(data).hexdigest())


def _read_again(store: LakeStore, part: Partition) -> Partition:
    return (hashed_partition_of if part.sha256 else partition_of)(store, part.hour)


def _partition_in(source: IO[bytes], store: LakeStore, hour: datetime) -> Partition:
    differences = schema_differences(source)
    source.seek(0)
    footer = read_footer(source)
    size = source.seek(0, 2)
    key = clean_key(hour)
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
        outdated = [now for part in outdated if (now := _read_again(store, part)) != part]
        if not outdated:
            break
        changed += register(outdated)
    return changed
