"""docs/operating.md leads to a running service: its commands, files and settings fit together."""

import configparser
import re
import shlex
import subprocess

import pytest

from velib_assets.settings import CHECKOUT, Settings

TEXT = (CHECKOUT / "docs" / "operating.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.partition(" #")[0].strip() for kind, body in FENCES if kind == "sh" for line in body.splitlines()
]


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
    assert arguments == ["dev", "SCHEDULE=on"]  # test_make_dev.py shows what becomes of them


def test_documented_settings_are_valid() -> None:
    (body,) = [body for kind, body in FENCES if kind == "ini"]
    words = shlex.split(body)  # as a shell and systemd read the file
    settings = Settings.from_env(dict(word.split("=", 1) for word in words))
    assert len(settings.alerts) == 2
    assert f"sudo mkdir -p {settings.lake}" in COMMANDS


def test_settings_file_is_ignored_by_git() -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "velib.env"], cwd=CHECKOUT, check=False)
    assert ignored.returncode == 0
