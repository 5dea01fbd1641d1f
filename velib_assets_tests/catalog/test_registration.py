"""Registered partitions match the clean files, even if these are replaced at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.registration import partition_of, register_until_stable
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.lake.folder_store import FolderStore
from velib_assets_tests.samples import HOUR, raw, records


def test_file_replaced_during_registration_is_registered_again(tmp_path: Path) -> None:
    """A slower writer registered what it had read before a faster one replaced the file."""
    store, registered = FolderStore(tmp_path), list[Partition]()
    store.create(raw(records()).key, raw(records()).data)
    assert rebuild_hour(store, HOUR).cleaned

    def register(parts: Sequence[Partition]) -> int:
        if not registered:
            store.create(raw(records(), 15).key, raw(records(), 15).data)
            assert rebuild_hour(store, HOUR).cleaned
        registered.extend(parts)
        return len(parts)

    assert register_until_stable(store, [partition_of(store, HOUR)], register) == 2
    assert [part.rows for part in registered] == [40, 80]


def test_unchanged_file_is_registered_once(tmp_path: Path) -> None:
    store, registered = FolderStore(tmp_path), list[Partition]()
    store.create(raw(records()).key, raw(records()).data)
    assert rebuild_hour(store, HOUR).cleaned

    def register(parts: Sequence[Partition]) -> int:
        registered.extend(parts)
        return len(parts)

    assert register_until_stable(store, [partition_of(store, HOUR)], register) == 1
    assert registered == [partition_of(store, HOUR)]
