"""The real daemon: backfills and a run launched in the UI do not hold up a tick."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.defs.partitions import key_of
from velib_assets.lake.keys import parse_hour
from velib_assets_tests.ui.servers import Server, dagster_dev

BACKFILLS = 4
BUSY = ["QUEUED", "QUEUED", "STARTED", "STARTED"]
MAX_SECONDS = 3
FIRST = parse_hour("2024-01-01T00")
SLEEPING = "velib_assets_tests.ui.sleeping"

LAUNCH_BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename } }"""
LAUNCH_RUN = """mutation Run($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) { __typename } }"""


@pytest.fixture
def server(lake: Path, tmp_path: Path) -> Iterator[Server]:
    """Start Dagster with the simulator, a tick every minute, and an asset whose runs do not end."""
    environ = {"VELIB_LAKE": str(lake), "VELIB_SOURCE": "simulator", "VELIB_SCHEDULE": "on"}
    modules = ("-m", "velib_assets_tests.ui.every_minute", "-m", SLEEPING)
    with dagster_dev(tmp_path / "home", environ, *modules) as running:
        yield running


def launch_backfill(server: Server, number: int) -> None:
    """Backfill two days, each time others."""
    first = FIRST + timedelta(days=2 * number)
    keys = [key_of(first + timedelta(hours=n)) for n in range(48)]
    params = {"assetSelection": [{"path": ["sleeping"]}], "partitionNames": keys}
    response = server.ask(LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]
    assert response["__typename"] == "LaunchBackfillSuccess"


def launch_run(server: Server) -> None:
    """Materialize one hour, as the asset's page does."""
    tags = {"dagster/partition": key_of(FIRST - timedelta(hours=1)), "dagster/from_ui": "true"}
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": SLEEPING,
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": ["sleeping"]}],
    }
    metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
    params = {
        "selector": selector,
        "mode": "default",
        "runConfigData": {},
        "executionMetadata": metadata,
    }
    response = server.ask(LAUNCH_RUN, params=params)["launchPipelineExecution"]
    assert response["__typename"] == "LaunchRunSuccess"


def statuses(server: Server, tag: str) -> list[str]:
    return sorted(run["status"] for run in server.runs() if tag in run["tags"])


def next_tick(server: Server, before: set[str]) -> dict[str, Any] | None:
    """Return a tick that is not one of `before`, once it has ended."""
    ticks = [run for run in server.runs() if "dagster/schedule_name" in run["tags"]]
    new = [run for run in ticks if run["id"] not in before]
    return new[0] if new and new[0]["status"] in ("SUCCESS", "FAILURE") else None


@pytest.mark.daemon
@pytest.mark.promise("together")
@pytest.mark.timeout(600)
def test_backfills_and_a_run_from_the_ui_do_not_hold_up_a_tick(server: Server, tmp_path: Path) -> None:
    for number in range(BACKFILLS):
        launch_backfill(server, number)
    launch_run(server)
    server.wait("two backfills run", lambda: statuses(server, "dagster/backfill") == BUSY, 120)
    server.wait("the UI's run starts", lambda: statuses(server, "dagster/from_ui") == ["STARTED"], 60)
    before = {run["id"] for run in server.runs()}
    tick = server.wait("a tick ends", lambda: next_tick(server, before), 180, pause=2)
    assert tick["status"] == "SUCCESS"
    assert statuses(server, "dagster/backfill") == BUSY
    assert statuses(server, "dagster/from_ui") == ["STARTED"]
    assert seconds_in_queue(tmp_path / "home", tick["id"]) <= MAX_SECONDS


def seconds_in_queue(home: Path, run_id: str) -> float:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        enqueued, starting = (
            instance.get_records_for_run(run_id, of_type=kind).records[0].timestamp
            for kind in (dg.DagsterEventType.RUN_ENQUEUED, dg.DagsterEventType.RUN_STARTING)
        )
    return starting - enqueued
