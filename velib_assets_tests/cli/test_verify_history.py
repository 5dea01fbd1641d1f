"""`velib verify` on the history: damaged, missing and unregistered files, and what repairs each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from velib_assets.catalog.catalog import DAMAGED
from velib_assets.catalog.registration import hashed_partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.history.day import rebuild_day
from velib_assets.history.history_verification import verify_history
from velib_assets.history.month import rebuild_month
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import history_day_key, history_month_key, raw_key
from velib_assets.lake.months import month_of
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.samples import HOUR, raw, records

DAY, MONTH = HOUR.date(), month_of(HOUR.date())
REPAIR = "Run `velib backfill 2022-06-04T10 2022-06-04T10`; the sensor velib_healing builds it again too"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose lake has an hour, its day and its month."""
    terminal = Terminal(tmp_path)
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    store.create(raw_key(HOUR), raw(records()).data)
    assert [result.error for result in LocalCleanJob(store).run([HOUR])] == [""]
    catalog.register([hashed_partition_of(store, HOUR)])
    catalog.register_history([rebuild_day(store, DAY).file()])
    catalog.register_history([rebuild_month(store, MONTH).file()])
    return terminal


def flip(path: Path) -> None:
    """Change one bit that leaves the file readable."""
    data = bytearray(path.read_bytes())
    data[data.rindex(b"parquet-cpp") + 3] ^= 1
    path.write_bytes(bytes(data))


def test_sound_history_exits_with_0(terminal: Terminal) -> None:
    result = terminal.velib("verify")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("key", [history_day_key(DAY), history_month_key(MONTH)])
def test_damaged_file_is_listed_and_marked_for_healing(terminal: Terminal, key: str) -> None:
    path = terminal.lake / key
    flip(path)
    result = terminal.velib("verify")
    assert result.exit_code == 1
    line = result.stderr.splitlines()[0]
    assert line.startswith(f"velib: history: {path}: its bytes are not those that were registered")
    assert line.endswith(REPAIR)
    (file,) = [file for file in LocalCatalog(terminal.lake).history() if file.key == key]
    assert file.sha256 == DAMAGED
    assert terminal.velib("verify").exit_code == 1


@pytest.mark.parametrize("key", [history_day_key(DAY), history_month_key(MONTH)])
def test_listed_command_repairs_the_file(terminal: Terminal, key: str) -> None:
    good = (terminal.lake / key).read_bytes()
    flip(terminal.lake / key)
    found = terminal.velib("verify")
    command = REPAIR.split("`")[1]
    assert (found.exit_code, command in found.stderr) == (1, True)
    assert terminal.velib(*command.split()[1:]).exit_code == 0
    assert (terminal.lake / key).read_bytes() == good
    assert terminal.velib("verify").exit_code == 0


@pytest.mark.parametrize("key", [history_day_key(DAY), history_month_key(MONTH)])
@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_report_names_the_damaged_file_in_the_words_of_verify(
    terminal: Terminal, key: str, damage: Callable[[Path], None]
) -> None:
    """The page is written: its numbers come from the hours and from what was stored before."""
    assert terminal.velib("report").exit_code == 0
    damage(terminal.lake / key)
    result = terminal.velib("report")
    assert (result.exit_code, Path(result.stdout.strip()).is_file()) == (1, True)
    assert result.stderr.splitlines() == terminal.velib("verify").stderr.splitlines()[:-1]
    assert f"velib: history: {terminal.lake / key}: it" in result.stderr
    assert terminal.velib(*REPAIR.split("`")[1].split()[1:]).exit_code == 0
    assert terminal.velib("report").exit_code == 0


def test_missing_file_is_listed(terminal: Terminal) -> None:
    path = terminal.lake / history_day_key(DAY)
    path.unlink()
    result = terminal.velib("verify")
    assert result.exit_code == 1
    assert f"velib: history: {path}: it does not exist. {REPAIR}" in result.stderr


def test_unregistered_file_is_listed(terminal: Terminal) -> None:
    LocalCatalog(terminal.lake).unregister_history(["2022-06-04"])
    result = terminal.velib("verify")
    path = terminal.lake / history_day_key(DAY)
    assert result.exit_code == 1
    assert f"velib: catalog: {path}: the file is not registered. {REPAIR}" in result.stderr


def test_file_without_a_hash_gets_one(terminal: Terminal) -> None:
    catalog = LocalCatalog(terminal.lake)
    before = catalog.history()
    catalog.register_history([file._replace(sha256="") for file in before])
    assert terminal.velib("verify").exit_code == 0
    assert catalog.history() == before


def test_file_that_is_built_again_while_others_are_verified_stays_as_registered(terminal: Terminal) -> None:
    """Verification of a year takes minutes; healing works at the same time."""
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    flip(terminal.lake / history_day_key(DAY))
    month, day = sorted(catalog.history(), key=lambda file: len(file.period))
    findings = verify_history(store, catalog, [day, month])
    assert "its bytes are not those that were registered" in next(findings).problem
    assert DAMAGED in [file.sha256 for file in catalog.history()]  # so that healing builds it
    catalog.register_history([rebuild_day(store, DAY).file()])
    assert list(findings) == []
    assert catalog.history() == sorted([day, month])
