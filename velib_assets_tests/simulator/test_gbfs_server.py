"""The server of the simulated city's GBFS feed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from velib_assets.simulator.gbfs_server import GbfsServer, main
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.simulated_feed import simulated_feed


@pytest.fixture
def server() -> Iterator[GbfsServer]:
    with simulated_feed(Simulator(stations=20, gbfs="2.3")) as running:
        yield running


def test_every_url_of_the_discovery_is_served(server: GbfsServer) -> None:
    discovery = requests.get(f"{server.base_url}/gbfs.json", timeout=30).json()
    for feed in discovery["data"]["fr"]["feeds"]:
        response = requests.get(feed["url"], timeout=30)
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
        assert response.json()["version"] == "2.3"


def test_state_is_that_of_the_current_minute(server: GbfsServer) -> None:
    status = requests.get(f"{server.base_url}/station_status.json?key=1", timeout=30).json()
    age = datetime.now(UTC) - datetime.fromtimestamp(status["last_updated"], UTC)
    assert timedelta(0) <= age < timedelta(minutes=2)
    assert len(status["data"]["stations"]) == 20


def test_unknown_file_is_404_with_the_names_of_all(server: GbfsServer) -> None:
    response = requests.get(f"{server.base_url}/free_bike_status.json", timeout=30)
    assert response.status_code == 404
    assert "/gbfs.json" in response.text
    assert "/station_status.json" in response.text


def test_command_prints_the_url_and_the_settings() -> None:
    command = [sys.executable, "-m", "velib_assets.simulator.gbfs_server", "--version", "3.1", "--port", "0"]
    with subprocess.Popen([*command, "--stations", "5"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            match = re.search(r"http://127\.0\.0\.1:\d+/gbfs\.json", process.stdout.readline())
            assert match
            document = json.loads(requests.get(match[0], timeout=30).content)
            settings = f"VELIB_NETWORK=simville VELIB_LAKE=lake-simville VELIB_GBFS_URL={match[0]}"
            assert settings in process.stdout.readline()
        finally:
            process.kill()  # the tests before can have left SIGTERM ignored, which a process inherits
    assert document["version"] == "3.1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stations", "0"], "stations must be 1 to 3,000"),
        (["--faults", "hiccup"], "'hiccup' is not a fault"),
        (["--port", "99999"], "port must be 0-65535"),
    ],
)
def test_wrong_argument_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_taken_port_is_one_line(server: GbfsServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(server.server_port)]) == 2
    assert f"port {server.server_port} cannot be used" in capsys.readouterr().err
