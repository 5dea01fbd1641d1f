"""Compose reads deploy/compose.yaml as docs/deploy.md says, with what deploy/prepare.sh made.

podman-compose resolves the file, and an engine that does nothing stands in for the containers.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from velib_assets.settings import CHECKOUT
from velib_assets_tests.guarantees.storage.test_deploy import DEPLOY, OURS, TEXT

pytestmark = pytest.mark.promise("storage")

FENCES = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


class Server:
    """A copy of deploy/ on a machine whose container engine only records what it is told to do."""

    def __init__(self, folder: Path) -> None:
        self.deploy = folder / "deploy"
        shutil.copytree(DEPLOY, self.deploy, ignore=shutil.ignore_patterns(".env", "velib.env"))
        self.calls = folder / "calls"
        engine = folder / "bin" / "podman"
        engine.parent.mkdir()
        engine.write_text(f'#!/bin/sh\necho "podman version 5.0.0"\necho "$@" >> {self.calls}\n')
        engine.chmod(0o755)
        path = f"{engine.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environ = {"PATH": path, "HOME": str(folder)}  # as after a new log-in

    def prepare(self) -> None:
        """Run the documented command."""
        assert "sh deploy/prepare.sh" in [line for block in FENCES for line in block.splitlines()]
        subprocess.run(
            ["sh", "deploy/prepare.sh"],
            cwd=self.deploy.parent,
            env=self.environ,
            check=True,
            capture_output=True,
        )

    def set(self, name: str, value: str) -> None:
        """Set a variable in deploy/.env, in the place of its commented line."""
        file = self.deploy / ".env"
        text, count = re.subn(rf"^# {name}=.*$", f"{name}={value}", file.read_text(), flags=re.MULTILINE)
        assert count == 1
        file.write_text(text)

    def variables(self) -> dict[str, str]:
        """Return the variables of deploy/.env."""
        lines = (self.deploy / ".env").read_text().splitlines()
        pairs = [line.split("=", 1) for line in lines if not line.startswith("#")]
        return {name: value.strip("'") for name, value in pairs}

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Compose as the documentation does."""
        command = ["podman-compose", "-f", "deploy/compose.yaml", *arguments]
        return subprocess.run(
            command, cwd=self.deploy.parent, env=self.environ, capture_output=True, text=True, check=False
        )

    def config(self) -> dict[str, Any]:
        """Return the services as Compose resolves them."""
        done = self.compose("config")
        assert done.returncode == 0, done.stderr
        resolved: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
        return resolved


@pytest.fixture
def server_files(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_without_preparation_compose_says_what_to_run(server_files: Server) -> None:
    done = server_files.compose("config")
    assert done.returncode != 0
    assert "run deploy/prepare.sh" in done.stderr


def test_exec_and_stop_need_no_password_after_a_new_log_in(server_files: Server) -> None:
    server_files.prepare()
    password = server_files.variables()["DAGSTER_POSTGRES_PASSWORD"]
    assert re.fullmatch(r"[0-9a-f]{48}", password)
    for arguments in (("stop", "webserver", "daemon", "code"), ("exec", "-T", "code", "velib", "status")):
        done = server_files.compose(*arguments)
        assert done.returncode == 0, done.stderr
    assert "velib status" in server_files.calls.read_text()
    environments = [part["environment"] for part in server_files.config().values()]
    given = [str(e.get("DAGSTER_POSTGRES_PASSWORD", e.get("POSTGRES_PASSWORD"))) for e in environments]
    assert given == [password] * 4


def test_preparing_again_changes_nothing(server_files: Server) -> None:
    """PostgreSQL keeps the password that its volume was made with."""
    server_files.prepare()
    files = [server_files.deploy / name for name in (".env", "velib.env")]
    (before, settings), mode = (file.read_text() for file in files), files[0].stat().st_mode
    server_files.prepare()
    assert [file.read_text() for file in files] == [before, settings]
    assert mode & 0o077 == 0
    assert settings == (DEPLOY / "velib.env.example").read_text()


def test_password_of_an_earlier_version_is_taken_over(server_files: Server) -> None:
    """It was exported at each log-in. A `$` in it is no variable."""
    environ = server_files.environ
    server_files.environ = environ | {"DAGSTER_POSTGRES_PASSWORD": "ol$d word"}
    server_files.prepare()
    server_files.environ = environ
    environment = server_files.config()["postgres"]["environment"]
    assert "ol$d word" in environment.values()


def test_secrets_of_a_server_are_ignored_by_git_and_by_the_image() -> None:
    for name in ("deploy/.env", "deploy/velib.env"):
        assert (
            subprocess.run(["git", "check-ignore", "--quiet", name], cwd=CHECKOUT, check=False).returncode
            == 0
        )
        assert name in (CHECKOUT / ".dockerignore").read_text().splitlines()


def test_port_of_postgresql_is_a_variable(server_files: Server) -> None:
    server_files.prepare()
    server_files.set("DAGSTER_POSTGRES_PORT", "6543")
    services = server_files.config()
    assert str(services["postgres"]["environment"]["PGPORT"]) == "6543"
    assert {str(services[name]["environment"]["DAGSTER_POSTGRES_PORT"]) for name in OURS} == {"6543"}


def test_archive_of_the_server_is_mounted(server_files: Server) -> None:
    server_files.prepare()
    mounts = {name: mounted(part) for name, part in server_files.config().items() if name in OURS}
    assert all(part["/archive"] == ("archive", "ro") for part in mounts.values())
    server_files.set("ARCHIVE_FOLDER", "/srv/recordings")
    services = server_files.config()
    for name in OURS:
        assert mounted(services[name])["/archive"] == ("/srv/recordings", "ro")
        assert services[name]["environment"]["VELIB_ARCHIVE"] == "/archive"


def mounted(service: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return source and mode of each volume, by its path in the container."""
    parts = [volume.split(":") for volume in service["volumes"]]
    return {part[1]: (part[0], part[2] if len(part) > 2 else "rw") for part in parts}


def test_image_builds_the_chart_library_once() -> None:
    """As the user of the containers, whose cache folder it is then in."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (build,) = [number for number, line in enumerate(lines) if "velib_assets.report.page.vega" in line]
    (user,) = [number for number, line in enumerate(lines) if line.startswith("USER ")]
    assert build > user
    module = lines[build].removeprefix("RUN python -m ")
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run([sys.executable, "-m", module], env={"XDG_CACHE_HOME": cache}, check=True)
        assert list(Path(cache).rglob("vega-*.js"))
