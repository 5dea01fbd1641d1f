"""The commands and the workspaces of docs/operating.md about several networks, as they are printed."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml

from velib_assets.defs.own_runs import is_own_run
from velib_assets.settings import CHECKOUT
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.simulated_feed import simulated_feed
from velib_assets_tests.ports import free_port
from velib_assets_tests.test_docs import FENCE, section
from velib_assets_tests.ui.servers import READY_SECONDS, Server, dagster_dev, serving
from velib_assets_tests.ui.test_queue import LAUNCH_RUN
from velib_assets_tests.waiting import wait_for

SECTION = section("docs/operating.md", "## Several networks")
BLOCKS = [body for language, body in FENCE.findall(SECTION) if language == "sh"]
VIEW = "kpi_taux_remplissage"
FEED = "https://gbfs.lyft.com/gbfs/2.3/bay/gbfs.json"
LOCATIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name }
  schedules { name scheduleState { status } } jobs { name } } } } }"""
pytestmark = [pytest.mark.daemon, pytest.mark.timeout(900)]


@pytest.fixture
def feed() -> Iterator[str]:
    """Yield the URL of a simulated network's discovery document."""
    with simulated_feed(Simulator(stations=60, gbfs="2.3")) as server:
        yield f"{server.base_url}/gbfs.json"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a shell in the test's home folder, whose requests reach this machine only."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("VELIB_", "DAGSTER_"))
    }
    return {
        **inherited,
        "HOME": str(tmp_path),
        "PATH": f"{CHECKOUT}/.venv/bin:{os.environ['PATH']}",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",  # gRPC reads this one only
    }


def shell(block: str, environ: Mapping[str, str]) -> str:
    """Run a block in the checkout, and return its standard output."""
    done = subprocess.run(
        ["bash", "-e", "-c", block], cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def locations(server: Server) -> dict[str, dict[str, str]]:
    """Return the state of each schedule per code location."""
    nodes = server.ask(LOCATIONS)["repositoriesOrError"]["nodes"]
    return {
        node["location"]["name"]: {
            schedule["name"]: schedule["scheduleState"]["status"] for schedule in node["schedules"]
        }
        for node in nodes
    }


def launch(server: Server, network: str, job: str, *assets: str) -> str:
    """Launch a run in the UI, of a job or of chosen assets, and wait for its end; return its id."""
    known = {run["id"] for run in server.runs()}
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": network,
        "pipelineName": job,
        "assetSelection": [{"path": asset.split("/")} for asset in assets] or None,
    }
    params = {"selector": selector, "mode": "default", "runConfigData": {}}
    answer = server.ask(LAUNCH_RUN, params=params)["launchPipelineExecution"]
    assert answer["__typename"] == "LaunchRunSuccess"

    def ended() -> str:
        [run] = [run for run in server.runs() if run["id"] not in known]
        return str(run["id"]) if run["status"] in ("SUCCESS", "FAILURE") else ""

    return server.wait(f"the end of {job}", ended, 180)


def test_workspace_of_the_document_is_valid(environ: dict[str, str], tmp_path: Path) -> None:
    [workspace] = re.findall(r"dagster dev -w (\S+)", SECTION)
    done = subprocess.run(
        [CHECKOUT / ".venv/bin/dagster", "definitions", "validate", "-w", workspace],
        cwd=CHECKOUT,
        env={**environ, "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for name in ("velib", "bay_wheels"):
        assert re.search(rf"Validation successful for code location {name}\b", said), said


def test_commands_start_both_networks_and_show_runs_in_one_ui(
    environ: dict[str, str], feed: str, tmp_path: Path
) -> None:
    start, command = BLOCKS[0], BLOCKS[1]
    (tmp_path / "bikes").mkdir()
    port = free_port()
    served = {**environ, "DAGSTER_WEBSERVER_PORT": str(port)}
    block = start.replace(".venv/bin/dagster dev", "exec .venv/bin/dagster dev")
    assert block != start
    with serving(["bash", "-e", "-c", block], port, served, tmp_path / "servers.log") as server:
        server.wait("both locations are loaded", lambda: len(locations(server)) == 2, 180)
        assert {name: states[f"{name}_pipeline_schedule"] for name, states in locations(server).items()} == {
            "velib": "RUNNING",
            "bay_wheels": "RUNNING",
        }
        shared = {**environ, "DAGSTER_HOME": str(tmp_path / "bikes" / "dagster")}
        tick = command.replace("velib status", "velib tick").replace(FEED, feed)
        assert (FEED in command, tick.count("velib tick")) == (True, 1)
        shell(tick, shared)
        assert "stored" in shell(command, shared)
        by_daemon = {"dagster/schedule_name", "dagster/sensor_name"}
        runs = [run for run in server.runs() if by_daemon.isdisjoint(run["tags"])]
        assert {(run["tags"].get("velib/network"), run["status"]) for run in runs} == {
            ("bay_wheels", "SUCCESS")
        }
        assert "Traceback" not in server.text()


@contextmanager
def code_server(network: str, port: int, environ: Mapping[str, str]) -> Iterator[None]:
    """Run the document's code server for a network on a port, without a schedule; begin when it is loaded.

    Otherwise the webserver may find it before the daemon does. The daemon fails a run that it cannot start.
    """
    block = BLOCKS[2].replace("-p 4002", f"-p {port}").replace("VELIB_SCHEDULE=on", "VELIB_SCHEDULE=off")
    if network == "velib":
        block = block.replace("bay_wheels", "velib").replace("SOURCE=gbfs", "SOURCE=opendata")
    block = block.replace(".venv/bin/dagster", "exec .venv/bin/dagster")
    process = subprocess.Popen(["bash", "-e", "-c", block], cwd=CHECKOUT, env=environ)
    try:
        wait_for(lambda: listens(port) or process.poll() is not None, READY_SECONDS)
        assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    """Whether a server accepts connections. A code server opens its port when its code is loaded."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_workspace_of_code_servers_runs_each_network_in_its_own(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """Also runs that are launched in the UI, of a job or of an asset: Vélib' knows its own."""
    [workspace] = [body for language, body in FENCE.findall(SECTION) if language == "yaml"]
    servers = [part["grpc_server"] for part in yaml.safe_load(workspace)["load_from"]]
    ports = {part["location_name"]: part["port"] for part in servers}
    assert list(ports) == ["velib", "bay_wheels"]
    assert f"-p {ports['bay_wheels']}" in BLOCKS[2]
    home = tmp_path / "bikes" / "dagster"
    home.mkdir(parents=True)
    with ExitStack() as stack:
        for network, printed in ports.items():
            port = free_port()
            workspace = workspace.replace(f"port: {printed}\n", f"port: {port}\n")
            stack.enter_context(code_server(network, port, environ))
        (tmp_path / "workspace.yaml").write_text(workspace, encoding="utf-8")
        server = stack.enter_context(dagster_dev(home, environ, "-w", str(tmp_path / "workspace.yaml")))
        server.wait("both locations are loaded", lambda: len(locations(server)) == 2, 180)
        launched = {
            launch(server, network, job, *assets): network
            for network, prefix in (("velib", ""), ("bay_wheels", "bay_wheels/"))
            for job, assets in ((f"{network}_maintenance", ()), ("__ASSET_JOB", (f"{prefix}{VIEW}",)))
        }
    assert len(launched) == 4
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = {run.run_id: run for run in instance.get_runs() if run.run_id in launched}
    assert {run: is_own_run(runs[run]) for run in launched} == {
        run: network == "velib" for run, network in launched.items()
    }
    assert {run.status.value for run in runs.values() if run.job_name.endswith("_maintenance")} == {"SUCCESS"}
