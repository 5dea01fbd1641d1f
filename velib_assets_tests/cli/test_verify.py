"""`velib verify`: the exit status, the list of what is damaged, and commands that repair it."""

import shutil
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import DAMAGED, Partition
from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR as ONE_HOUR
from velib_assets.lake.keys import clean_key, hour_text, raw_key
from velib_assets_tests.cli.test_commands import HERE, Terminal
from velib_assets_tests.samples import HOUR, raw, records

HOURS = [HOUR, HOUR + ONE_HOUR]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose lake has two sound hours."""
    terminal = Terminal(tmp_path)
    store = FolderStore(terminal.lake)
    for hour in HOURS:
        store.create(raw_key(hour), raw(records()).data)
    assert [result.error for result in LocalCleanJob(store).run(HOURS)] == ["", ""]
    LocalCatalog(terminal.lake).register([hashed_partition_of(store, hour) for hour in HOURS])
    return terminal


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.rindex(b"parquet-cpp") + 3] ^= 1
    path.write_bytes(bytes(data))


def test_sound_lake_exits_with_0(terminal: Terminal) -> None:
    result = terminal.velib("verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "2 hours verified: raw, clean, rejects, catalog, stations, history, daily KPIs\n"


def test_damage_is_listed_with_its_command_and_exits_with_1(terminal: Terminal) -> None:
    path = terminal.lake / clean_key(HOUR)
    flip(path)
    result = terminal.velib("verify")
    assert (result.exit_code, result.stdout) == (1, "")
    line, total = result.stderr.splitlines()
    assert line.startswith(f"velib: clean: {path}: its bytes are not those that were registered")
    assert line.endswith(f". Run `velib backfill {HERE} {HERE}`")
    assert total == "1 object damaged or missing in 2 hours"
    assert [part.sha256 for part in LocalCatalog(terminal.lake).partitions([HOUR])] == [DAMAGED]
    assert terminal.velib("verify").exit_code == 1


def test_listed_command_repairs_the_hour(terminal: Terminal) -> None:
    good = (terminal.lake / clean_key(HOUR)).read_bytes()
    flip(terminal.lake / clean_key(HOUR))
    command = terminal.velib("verify").stderr.partition("`velib ")[2].partition("`")[0]
    assert terminal.velib(*command.split()).exit_code == 0
    assert terminal.velib("verify").exit_code == 0
    assert (terminal.lake / clean_key(HOUR)).read_bytes() == good


def test_damage_of_several_hours_has_one_command_for_all(terminal: Terminal) -> None:
    for hour in HOURS:
        flip(terminal.lake / clean_key(hour))
    terminal.env["VELIB_SOURCE"] = "opendata"  # it has no past, so that only raw is cleaned
    last = terminal.velib("verify").stderr.splitlines()[-1]
    command = f"velib backfill {HERE} {hour_text(HOURS[-1])}"
    assert last == f"`{command}` rebuilds the 2 hours, and those between them, at once"
    assert terminal.velib(*command.split()[1:]).exit_code == 0
    assert terminal.velib("verify").exit_code == 0


def test_only_the_given_hours_are_verified(terminal: Terminal) -> None:
    flip(terminal.lake / clean_key(HOURS[1]))
    result = terminal.velib("verify", HERE, HERE)
    assert (result.exit_code, result.stdout.split()[0]) == (0, "1")
    assert terminal.velib("verify", "2022-06-04").exit_code == 1
    assert terminal.velib("verify", "2022-06-05", HERE).exit_code == 2


def test_range_without_hours_is_not_a_sound_one(terminal: Terminal) -> None:
    result = terminal.velib("verify", "2021-06-05", "2021-06-06")
    assert (result.exit_code, result.stdout) == (1, "")
    message = "velib: The lake has no hour from 2021-06-05T00 to 2021-06-06T23: nothing to verify.\n"
    assert result.stderr == message


def test_catalog_of_an_older_version_gets_its_hashes(terminal: Terminal) -> None:
    with sqlite3.connect(terminal.lake / "catalog.sqlite") as db:
        db.execute("ALTER TABLE partitions DROP COLUMN sha256")
    assert [part.sha256 for part in LocalCatalog(terminal.lake).partitions()] == ["", ""]
    assert terminal.velib("verify").exit_code == 0
    store = FolderStore(terminal.lake)
    assert LocalCatalog(terminal.lake).partitions() == [hashed_partition_of(store, hour) for hour in HOURS]


def test_missing_lake_is_not_a_sound_one(terminal: Terminal) -> None:
    shutil.rmtree(terminal.lake)
    result = terminal.velib("verify")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"There is no lake at {terminal.lake}" in result.stderr
    assert not terminal.lake.exists()


@pytest.mark.parametrize("layer", ["clean", "raw"])
def test_lost_layer_is_found(terminal: Terminal, layer: str) -> None:
    """Without raw, a sound clean file is no damage."""
    shutil.rmtree(terminal.lake / layer)
    result = terminal.velib("verify")
    assert result.exit_code == (1 if layer == "clean" else 0)
    assert result.stderr.count("it does not exist") == (2 if layer == "clean" else 0)


def test_hour_that_a_tick_rewrites_meanwhile_is_not_damaged(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog is read first, and a large lake takes minutes."""
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    before, read = catalog.partitions([HOUR]), LocalCatalog.partitions
    store.create(raw_key(HOUR + ONE_HOUR / 4), raw(records()).data)
    assert [result.error for result in LocalCleanJob(store).run(HOURS)] == ["", ""]
    after = [hashed_partition_of(store, hour) for hour in HOURS]
    catalog.register(after)
    assert after[0] != before[0]

    def partitions(self: LocalCatalog, hours: Iterable[datetime] | None = None) -> list[Partition]:
        return before if hours is None else read(self, hours)

    monkeypatch.setattr(LocalCatalog, "partitions", partitions)
    result = terminal.velib("verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert catalog.partitions(HOURS) == after
