"""The example of several networks in one Dagster: two code locations, two lakes, one feed that is down."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.lake.keys import SOURCE
from velib_assets.settings import CHECKOUT
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ui.servers import Server, dagster_dev
from velib_assets_tests.ui.test_daemon import EXPORT

EXAMPLE = CHECKOUT / "examples" / "several_networks"
EVERY_MINUTE = "from velib_assets_tests.ui.every_minute import defs"
NODES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  location { name } assetNodes { assetKey { path } }
  schedules { name } sensors { name } jobs { name } } } } }"""


@pytest.fixture
def feeds() -> Iterator[LocalServer]:
    """The portal, which is down, and the receivers of the alerts of each network."""
    with LocalServer() as server:
        server.queue(EXPORT, Reply(404, b"gone"))
        server.queue("/velib", Reply())
        server.queue("/bay_wheels", Reply())
        yield server


@pytest.fixture
def server(tmp_path: Path, feeds: LocalServer) -> Iterator[Server]:
    """Start the example with a tick per minute, lakes of the test, a broken portal and a simulated feed."""
    shutil.copytree(EXAMPLE, tmp_path / "example")
    for name, key in (("paris", SOURCE), ("bay_wheels", "bay_wheels")):
        file = tmp_path / "example" / f"{name}.py"
        text = file.read_text(encoding="utf-8").replace("~/bikes", str(tmp_path))
        text = text.replace("from velib_assets.definitions import defs", EVERY_MINUTE)
        text = text.replace(
            'VELIB_SOURCE="gbfs"', 'VELIB_SOURCE="simulator",\n    VELIB_SIMULATOR_GBFS="3.0"'
        )
        text = text.replace(
            'VELIB_SCHEDULE="on"', f'VELIB_SCHEDULE="on",\n    VELIB_ALERTS="webhook:{feeds.url}/{key}"'
        )
        text = text.replace(
            'VELIB_SOURCE="opendata"', f'VELIB_SOURCE="opendata",\n    VELIB_OPENDATA_URL="{feeds.url}"'
        )
        file.write_text(text, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(EXAMPLE / "dagster.yaml", home / "dagster.yaml")
    with dagster_dev(
        home, {"PYTHONPATH": str(CHECKOUT)}, "-w", str(tmp_path / "example" / "workspace.yaml")
    ) as running:
        yield running


def locations(server: Server) -> dict[str, dict[str, Any]]:
    """Return the definitions of each code location that is loaded."""
    nodes = server.ask(NODES)["repositoriesOrError"]["nodes"]
    return {node["location"]["name"]: node for node in nodes}


def ticks(server: Server, schedule: str) -> list[dict[str, Any]]:
    """Return the runs of a schedule that have ended."""
    runs = [run for run in server.runs() if run["tags"].get("dagster/schedule_name") == schedule]
    return [run for run in runs if run["status"] in ("SUCCESS", "FAILURE", "CANCELED")]


@pytest.mark.daemon
@pytest.mark.timeout(900)
def test_outage_of_one_network_holds_up_no_other(tmp_path: Path, server: Server, feeds: LocalServer) -> None:
    server.wait("both locations are loaded", lambda: len(locations(server)) == 2, 120)
    loaded = locations(server)
    assets = {
        name: {"/".join(a["assetKey"]["path"]) for a in node["assetNodes"]} for name, node in loaded.items()
    }
    assert {"raw_snapshot", "source_velib", "velib_report"} <= assets["velib"]
    assert {f"bay_wheels/{key}" for key in ("raw_snapshot", "source_bay_wheels", "bay_wheels_report")} <= (
        assets["bay_wheels"]
    )
    for name, node in loaded.items():
        own = [part["name"] for kind in ("schedules", "sensors", "jobs") for part in node[kind]]
        assert [part for part in own if not part.startswith((f"{name}_", "__"))] == []

    server.wait("a tick of each", lambda: all(ticks(server, f"{n}_pipeline_schedule") for n in loaded), 300)
    server.wait("two ticks", lambda: len(ticks(server, "bay_wheels_pipeline_schedule")) > 1, 200)
    server.wait("the alert of the portal", lambda: "/velib" in feeds.paths(), 120)

    assert list((tmp_path / "bay_wheels" / "raw" / "source=bay_wheels").rglob("bay_wheels_*.json.gz"))
    assert list((tmp_path / "bay_wheels" / "clean" / "source=bay_wheels").rglob("stations.parquet"))
    assert (tmp_path / "bay_wheels" / "reports" / "bay_wheels_report.html").is_file()
    assert not (tmp_path / "velib" / "raw").exists()
    assert "/bay_wheels" not in feeds.paths()
    tags = {run["tags"].get("velib/network") for run in ticks(server, "bay_wheels_pipeline_schedule")}
    assert tags == {"bay_wheels"}
    of_velib = {run["id"] for run in ticks(server, "velib_pipeline_schedule")}
    alerts = [json.loads(request.body) for request in feeds.requests if request.path == "/velib"]
    assert {alert["id"].partition(":")[0] for alert in alerts} <= of_velib
    assert all(alert["title"].startswith("raw_snapshot: check usable_snapshot failed") for alert in alerts)
    assert "Traceback" not in server.text()


@pytest.mark.parametrize("name", ["paris", "bay_wheels"])
def test_file_of_a_network_loads_as_it_is(name: str, tmp_path: Path) -> None:
    """Whatever network the shell has set; nothing is called, and no lake is created."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / f"{name}.py")],
        env={**os.environ, "HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path), "VELIB_NETWORK": "lyon"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["lakes.json"]


def test_settings_of_dagster_are_the_usual_ones_with_threads() -> None:
    example, usual = (
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (EXAMPLE / "dagster.yaml", SHIPPED)
    )
    threads = {name: example.pop(name) for name in ("schedules", "sensors")}
    assert example == usual
    assert all(part["use_threads"] for part in threads.values())
