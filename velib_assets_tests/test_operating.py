"""docs/operating.md leads to a running service: its commands, files and settings fit together."""

import configparser
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from velib_assets.cli.commands import main
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests.simulated_lake import simulated_lake

TEXT = (CHECKOUT / "docs" / "operating.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.partition(" #")[0].strip() for kind, body in FENCES if kind == "sh" for line in body.splitlines()
]
HOUR = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def unit() -> configparser.SectionProxy:
    """Return the service's section of the unit file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(CHECKOUT / "deploy" / "velib.service", encoding="utf-8")
    assert {*parser} == {"DEFAULT", "Unit", "Service", "Install"}
    return parser["Service"]


def test_service_runs_what_was_installed(unit: configparser.SectionProxy) -> None:
    folder = unit["WorkingDirectory"]
    assert f"sudo git clone <this repository> {folder}" in COMMANDS
    assert f"sudo -u {unit['User']} make -C {folder} setup" in COMMANDS
    assert any(command.startswith("sudo useradd ") and command.endswith(unit["User"]) for command in COMMANDS)
    assert f"sudo cp {folder}/deploy/velib.service /etc/systemd/system/" in COMMANDS
    assert f"Write the settings into `{unit['EnvironmentFile']}`" in TEXT


def test_service_starts_the_ui_with_the_schedule_on(unit: configparser.SectionProxy) -> None:
    program, *arguments = unit["ExecStart"].split()
    assert (program, unit["Restart"]) == ("/usr/bin/make", "always")
    make = ["make", "--dry-run", "--assume-old=setup", *arguments]
    output = subprocess.run(make, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert "VELIB_SCHEDULE=on" in output


def test_documented_settings_are_valid() -> None:
    (body,) = [body for kind, body in FENCES if kind == "ini"]
    settings = Settings.from_env(dict(line.split("=", 1) for line in body.splitlines()))
    assert len(settings.alerts) == 2
    assert f"sudo mkdir -p {settings.lake}" in COMMANDS


def test_settings_file_is_ignored_by_git() -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "velib.env"], cwd=CHECKOUT, check=False)
    assert ignored.returncode == 0


def test_lake_is_restored_from_the_folders_that_are_backed_up(tmp_path: Path) -> None:
    (command,) = [command for command in COMMANDS if command.endswith("backup-host:/backup/velib/")]
    folders = [Path(word).name for word in command.split() if word.startswith("/")]
    simulated_lake(tmp_path / "lake", HOUR, 2)
    for name in folders:
        if (tmp_path / "lake" / name).exists():
            shutil.copytree(tmp_path / "lake" / name, tmp_path / "restored" / name)
    environ = {"DAGSTER_HOME": str(tmp_path / "home"), "VELIB_SOURCE": "opendata", "VELIB_ARCHIVE": None}
    hours = ["2026-03-03T10", "2026-03-03T11"]
    restored = {**environ, "VELIB_LAKE": str(tmp_path / "restored")}
    assert CliRunner().invoke(main, ["backfill", *hours], env=restored).exit_code == 0
    sql = "SELECT hour, count(*) AS n, sum(bikes) AS bikes FROM source_velib GROUP BY hour ORDER BY hour"
    rows = [
        CliRunner().invoke(main, ["query", sql, "--format", "csv"], env=environ | {"VELIB_LAKE": str(lake)})
        for lake in (tmp_path / "lake", tmp_path / "restored")
    ]
    assert rows[0].stdout == rows[1].stdout
    assert len(rows[0].stdout.splitlines()) == 3
