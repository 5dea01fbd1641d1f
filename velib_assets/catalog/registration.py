"""What there is to register of an hour, and that what is registered is what lies there.

Belongs here: reading it from the clean file, before and after. Does not: the catalogs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Sequence

from velib_assets.catalog.partition import Partition
from velib_assets.clean.clean_file import read_footer
from velib_assets.clean.measure import schema_differences
from velib_assets.lake.keys import clean_key
from velib_assets.lake.store import LakeStore

_ATTEMPTS = 20


class NotCleanError(Exception):
    """A file that lies where a clean file should, and is none."""


def partition_of(store: LakeStore, hour: datetime) -> Partition:
    """What there is to register of an hour.

    Raises:
        FileNotFoundError: where it has no clean file.
        NotCleanError: where the file is damaged, or has another schema than the table's.
    """
    key = clean_key(hour)
    with store.open(key) as source:
        differences = schema_differences(source)
        source.seek(0)
        footer = read_footer(source)
        size = source.seek(0, 2)
    if differences or footer is None:
        raise NotCleanError("; ".join(differences) or f"{store.address(key)} is not a clean file")
    return Partition(hour, key, footer.rows, size, footer.digest)


def register_until_stable(
    store: LakeStore, parts: Sequence[Partition], register: Callable[[Sequence[Partition]], int]
) -> int:
    """Register partitions, and anew those whose file was replaced meanwhile; how many were new or changed.

    Of two writers of an hour the slower may register last what it read first; it looks again after that.

    Raises:
        FileNotFoundError, NotCleanError: where a clean file is gone or damaged by then.
    """
    changed, unsettled = register(parts), parts
    for _ in range(_ATTEMPTS):
        unsettled = [now for part in unsettled if (now := partition_of(store, part.hour)) != part]
        if not unsettled:
            break
        changed += register(unsettled)
    return changed
