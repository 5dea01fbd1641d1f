"""Commands on a full or read-only disk: exit status 1 and one message, without a traceback."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from velib_assets_tests.cli.test_commands import HERE, Terminal
from velib_assets_tests.defs.test_graph import archive
from velib_assets_tests.disks import full, left_over, read_only, small_disk
from velib_assets_tests.samples import at, body, records

SAID = re.compile(r"cannot be written: [\w /()-]+ \([\d.]+ \w+ of [\d.]+ \w+ are free\)")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", kilobytes=30_000) as disk:
        yield disk


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    folder = archive(tmp_path / "archive", {at(0): body(records())})
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(folder)}
    return terminal


def check(terminal: Terminal, disk: Path, *command: str) -> str:
    result = terminal.velib(*command)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert SAID.search(result.stderr), result.stderr
    assert left_over(disk / "lake") == []
    return result.stderr


def test_lake_on_a_full_disk(terminal: Terminal, disk: Path) -> None:
    terminal.env["VELIB_LAKE"] = str(disk / "lake")
    with full(disk):
        said = check(terminal, disk, "backfill", HERE, HERE)
    assert (f"{disk}/lake/raw/" if disk.is_mount() else "DAGSTER_HOME") in said
    assert terminal.velib("backfill", HERE, HERE).exit_code == 0
    with full(disk):
        said = check(terminal, disk, "report")
    assert f"{disk}/lake/reports/" in said


def test_lake_with_its_home_on_a_read_only_disk_is_named(terminal: Terminal, disk: Path) -> None:
    """Another DAGSTER_HOME would not help. What the lake has can still be read."""
    terminal.env |= {"VELIB_LAKE": str(disk / "lake"), "DAGSTER_HOME": None}
    assert terminal.velib("backfill", HERE, HERE).exit_code == 0
    with read_only(disk):
        said = terminal.velib("backfill", HERE, HERE)
        found = terminal.velib("query", "SELECT count(*) AS n FROM source_velib", "--format", "json")
    assert (found.exit_code, json.loads(found.stdout)) == (0, [{"n": 40}])
    if disk.is_mount() or os.geteuid():  # root may write a folder without the right to
        assert said.exit_code == 2
        assert said.stderr.startswith(f"velib: VELIB_LAKE: {disk}/lake is not a writable folder")


def test_home_on_a_full_disk(terminal: Terminal, disk: Path) -> None:
    """Dagster's storage is SQLite files in DAGSTER_HOME."""
    terminal.env["DAGSTER_HOME"] = str(disk / "home")
    with full(disk):
        said = check(terminal, disk, "backfill", HERE, HERE)
    assert f"DAGSTER_HOME: {disk}/home" in said


def test_home_that_fills_up_during_the_run(terminal: Terminal, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", kilobytes=500) as disk:
        terminal.env["DAGSTER_HOME"] = str(disk / "home")
        if not disk.is_mount():  # without rights to mount, the limit is in force from the start
            with full(disk):
                check(terminal, disk, "backfill", HERE, HERE)
            return
        assert f"DAGSTER_HOME: {disk}/home" in check(terminal, disk, "backfill", HERE, HERE)


def test_home_on_a_read_only_disk(terminal: Terminal, disk: Path) -> None:
    terminal.env["DAGSTER_HOME"] = str(disk / "home")
    assert terminal.velib("backfill", HERE, HERE).exit_code == 0
    with read_only(disk):
        result = terminal.velib("backfill", HERE, HERE)
    assert result.exit_code in (1, 2), result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert f"DAGSTER_HOME: {disk}/home" in result.stderr
