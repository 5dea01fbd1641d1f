"""What docs/operating.md says of a daemon that dies: the servers end, and the check for a live one fails."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.ui.servers import Server, dagster_dev

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(400)]


def daemon_of(server: Server) -> int | None:
    """Return the process of a server's daemon, once it runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            group = int(stat.read_text().rpartition(")")[2].split()[2])
            command = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if group == server.process.pid and b"dagster._daemon" in command:
            return int(stat.parent.name)
    return None


def alive(home: Path) -> bool:
    """Return what the documented command says."""
    program = Path(sys.executable).parent / "dagster-daemon"
    environ = os.environ | {"DAGSTER_HOME": str(home), "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": "30"}
    done = subprocess.run(
        [program, "liveness-check"], env=environ, capture_output=True, check=False, cwd=home.parent
    )
    return done.returncode == 0


def test_servers_end_when_the_daemon_dies(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = {"VELIB_LAKE": str(tmp_path / "lake"), "VELIB_SOURCE": "simulator"}
    with dagster_dev(home, environ, "-w", str(CHECKOUT / "workspace.yaml")) as server:
        server.wait("the daemon is alive", lambda: alive(home), 60)
        daemon = server.wait("the daemon runs", lambda: daemon_of(server), 30)
        os.kill(daemon, signal.SIGKILL)
        server.process.wait(60)
        assert "dagster-daemon process shut down unexpectedly" in server.text()


def test_without_a_daemon_the_check_fails(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    assert not alive(tmp_path / "home")
