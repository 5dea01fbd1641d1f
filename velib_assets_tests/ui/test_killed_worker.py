"""The process of a run is killed: the alert says so, and the retry, not healing, does its work."""

import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import SLOT, clean_key, hour_of, raw_key
from velib_assets_tests.defs.test_graph import EXPORT
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, raw, records
from velib_assets_tests.ui.servers import Server, dagster_dev
from velib_assets_tests.ui.test_dev_servers import launch_tick
from velib_assets_tests.waiting import wait_for_room

UNTIL_RETRIED = timedelta(minutes=3)


@pytest.fixture
def portal() -> Iterator[LocalServer]:
    with LocalServer() as server:
        server.queue(EXPORT, Reply(body=body(records()), fault="held"), Reply(body=body(records())))
        yield server


@pytest.fixture
def server(lake: Path, tmp_path: Path, portal: LocalServer) -> Iterator[Server]:
    environ = {"VELIB_LAKE": str(lake), "VELIB_OPENDATA_URL": portal.url}
    environ["VELIB_ALERTS"] = f"file:{tmp_path / 'alerts.log'}"
    with dagster_dev(tmp_path / "home", environ, "-m", "velib_assets.definitions") as running:
        yield running


def process_of(home: Path, run_id: str) -> int:
    """Return the process that executes a run, from the run's events."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        messages = " ".join(entry.message for entry in instance.all_logs(run_id))
    (process, *_) = re.findall(r"Started process for run \(pid: (\d+)\)", messages)
    return int(process)


@pytest.mark.daemon
@pytest.mark.timeout(900)
def test_killed_run_is_alerted_and_retried(
    lake: Path, tmp_path: Path, server: Server, portal: LocalServer
) -> None:
    hour = hour_of(wait_for_room(SLOT, UNTIL_RETRIED))  # a retry takes no snapshot for a slot that is over
    launch_tick(server)
    server.wait("the run waits for the feed", lambda: EXPORT in portal.paths(), 60)
    (run,) = server.runs()
    # Raw that is not clean: without the retry, healing would request the hour.
    FolderStore(lake).create(raw_key(hour), raw(records()).data)
    os.kill(process_of(tmp_path / "home", run["id"]), signal.SIGKILL)
    alerts = tmp_path / "alerts.log"
    server.wait("the alert is sent", alerts.exists, 90)

    def retry_is_over() -> bool:
        return [run["status"] for run in server.runs()] == ["FAILURE", "SUCCESS"]

    server.wait("the retry succeeds", retry_is_over, 120)
    lines = alerts.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if f"[{run['id']}:" in line]  # the retry may fail checks of old records
    assert f"[{run['id']}:run]" in line
    assert "The run's process ended without an error; it may have been killed." in line
    assert "terminated by signal 9 (SIGKILL)" in line
    assert line.endswith("Dagster retries it.")
    retry = server.runs()[1]
    assert retry["tags"]["dagster/parent_run_id"] == run["id"]
    assert "velib/healing" not in retry["tags"]
    assert (lake / clean_key(hour)).exists()
