"""The register's file: two writers lose nothing, and damage is an empty register."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, STATIONS_KEY
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import (
    BusyRegisterError,
    LoadedRegister,
    encode_register,
    load_register,
    save_register,
    update_register,
)
from velib_assets_tests.stations.test_register import HERE, START, learned, sights


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "lake")


def test_two_writers_lose_nothing(store: FolderStore) -> None:
    hours = [sights(START + n * HOUR, {0: {"8003": (f"name {n}", *HERE)}}) for n in range(20)]
    by_hour = {hour.hour: hour for hour in hours}

    def write(part: slice) -> None:
        for hour in hours[part]:
            update_register(store, partial(Register.learn, sights=hour, later=by_hour.get))

    writers = [threading.Thread(target=write, args=(slice(n, None, 2),)) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.read(STATIONS_KEY) == encode_register(learned(hours))


def test_nothing_is_written_if_nothing_changed(store: FolderStore) -> None:
    update_register(store, lambda _: False)
    assert store.list("stations/source=velib/") == []


def test_a_register_that_was_replaced_meanwhile_is_not_overwritten(store: FolderStore) -> None:
    first = learned([sights(START, {0: {"8003": ("a", *HERE)}})])
    assert save_register(store, LoadedRegister(first, ""))
    assert save_register(store, LoadedRegister(Register(), "")) is None
    assert encode_register(load_register(store).register) == encode_register(first)


def test_a_register_that_keeps_changing_is_an_error(store: FolderStore) -> None:
    def interfere(_: Register) -> bool:
        other = load_register(store)
        hour = START + 2 * len(other.register.hours) * HOUR
        other.register.learn(sights(hour, {0: {"8003": ("a", *HERE)}}), lambda _: None)
        return save_register(store, other) is not None

    with pytest.raises(BusyRegisterError, match=r"stations\.parquet was replaced during each of 20 attempts"):
        update_register(store, interfere)


def test_a_damaged_file_is_an_empty_register(store: FolderStore) -> None:
    (store.root / STATIONS_KEY).parent.mkdir(parents=True)
    (store.root / STATIONS_KEY).write_bytes(b"PAR1 and no more")
    assert load_register(store).register.stations == {}
    update_register(store, lambda r: r.learn(sights(START, {0: {"8003": ("a", *HERE)}}), lambda _: None))
    assert list(load_register(store).register.stations) == ["8003"]
