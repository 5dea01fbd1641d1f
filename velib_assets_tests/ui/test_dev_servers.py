"""`make dev` prints the address of the UI, then alerts and errors, and ends with Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.defs.jobs import QUIET
from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import SCHEDULED_AT
from velib_assets.lake.keys import SLOT, hour_of
from velib_assets.settings import CHECKOUT
from velib_assets_tests.ports import free_port
from velib_assets_tests.ui.servers import Server
from velib_assets_tests.waiting import wait_for_room

ALERT = re.compile(r"(ERROR|WARN) \[\w[\w:.+-]*\] \w.*: .*")
LAUNCH = """mutation Run($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) { __typename } }"""


@contextmanager
def make_dev(tmp_path: Path, port: int, *options: str) -> Iterator[Server]:
    """Run `make dev` in a process group of its own, as a terminal does."""
    variables = {
        "DAGSTER_HOME": tmp_path / "home",
        "VELIB_SOURCE": "simulator",
        "VELIB_SIMULATOR_FAULTS": "html",
    }
    variables["VELIB_ALERTS"] = f"log,file:{tmp_path / 'alerts.log'}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VELIB_")}
    bin_folder = f"BIN={Path(sys.executable).parent}"
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [
                "make",
                "--no-print-directory",
                "-o",
                "setup",
                "dev",
                bin_folder,
                f"PORT={port}",
                f"LAKE={tmp_path / 'lake'}",
                *options,
            ],
            cwd=CHECKOUT,
            env=inherited | {name: str(value) for name, value in variables.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_reset_signals,  # noqa: PLW1509 - there are no threads
        )
    try:
        yield Server(process, f"http://127.0.0.1:{port}", tmp_path / "output")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _reset_signals() -> None:
    """Let Ctrl-C work also if the tests were started in the background."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def launch_tick(server: Server) -> None:
    """Launch what the schedule launches."""
    now = datetime.now(UTC)
    tags = {"dagster/partition": key_of(hour_of(now)), SCHEDULED_AT: now.isoformat()}
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "velib_assets.definitions",
        "pipelineName": "velib_pipeline",
    }
    metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
    params = {"selector": selector, "mode": "default", "runConfigData": QUIET, "executionMetadata": metadata}
    response = server.ask(LAUNCH, params=params)["launchPipelineExecution"]
    assert response["__typename"] == "LaunchRunSuccess"


@pytest.mark.daemon
@pytest.mark.timeout(600)
def test_make_dev_prints_its_address_and_then_only_alerts(tmp_path: Path) -> None:
    port = free_port()
    wait_for_room(SLOT, timedelta(minutes=2))  # the schedule makes no tick beside that of the test
    with make_dev(tmp_path, port, "SCHEDULE=on") as server:
        server.wait("the address is printed", lambda: "is ready" in server.text(), 90)
        assert server.up()
        launch_tick(server)
        server.wait("the alert is in the file", (tmp_path / "alerts.log").exists, 90)
        server.wait("the alert is printed", lambda: "usable_snapshot" in server.text(), 60)
        os.killpg(server.process.pid, signal.SIGINT)
        server.process.wait(60)
    starting, ready, lake, *alerts = server.text().splitlines()
    assert f"http://127.0.0.1:{port}" in starting
    assert ready.endswith(f"http://127.0.0.1:{port}")
    assert str(tmp_path / "lake") in lake
    assert "Schedule: on" in lake
    assert [line for line in alerts if not ALERT.fullmatch(line)] == []
    lines = (tmp_path / "alerts.log").read_text().splitlines()
    assert [line.partition(" ")[2] for line in lines] == alerts


def test_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with make_dev(tmp_path, port) as server:
            assert server.process.wait(60) != 0
    assert f"velib: port {port} is in use" in server.text()
    assert "Traceback" not in server.text()


def test_wrong_setting_is_reported_before_the_servers_start(tmp_path: Path) -> None:
    with make_dev(tmp_path, free_port(), "SCHEDULE=maybe") as server:
        assert server.process.wait(60) != 0
    assert "velib: VELIB_SCHEDULE: 'maybe' is not one of on, off" in server.text()
