"""The real daemon and webserver: the schedule ticks with a good, an empty and a good response.

Here it ticks every minute, and all ticks are in one hour, so that they share one Parquet file.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.defs.partitions import hour_of_key
from velib_assets.lake.keys import HOUR, clean_key
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, records
from velib_assets_tests.ui.servers import Server, dagster_dev
from velib_assets_tests.waiting import wait_for_room

EXPORT = "/api/explore/v2.1/catalog/datasets/velib-disponibilite-en-temps-reel/exports/json"
SCHEDULE = "velib_pipeline_schedule"
THREE_TICKS = timedelta(minutes=8)
DAILY_ASSETS = {"station_history", "station_history_months", *(kpi.name for kpi in DAILY_KPIS)}
"""The assets that no tick runs."""

CHECKS = (
    """{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks { name } } } } }"""
)
EXECUTIONS = """
query Executions($asset: AssetKeyInput!, $check: String!) {
  assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 20) {
    runId status partition evaluation { success description } } }
"""


@pytest.fixture
def portal() -> Iterator[LocalServer]:
    """The feed, and the receiver of the webhook."""
    with LocalServer() as server:
        yield server


def snapshot() -> bytes:
    """Return a response with forty stations that have just reported."""
    return body(records(duedate=datetime.now(UTC).isoformat(timespec="seconds")))


def ended(server: Server, number: int) -> dict[str, Any]:
    """Wait for the end of the `number`-th tick and return its run. It may take a minute to begin."""

    def over() -> dict[str, Any] | None:
        runs = [run for run in server.runs() if run["tags"].get("dagster/schedule_name") == SCHEDULE]
        runs = runs[number - 1 : number]
        return runs[0] if runs and runs[0]["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

    return server.wait(f"tick {number} ends", over, 180)


def executions(server: Server) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the executions of each check of the graph, newest first."""
    found = {}
    for node in server.ask(CHECKS)["assetNodes"]:
        asset = node["assetKey"]["path"]
        for check in node["assetChecksOrError"].get("checks", []):
            data = server.ask(EXECUTIONS, asset={"path": asset}, check=check["name"])
            found["/".join(asset), check["name"]] = data["assetCheckExecutions"]
    return found


def alert_rounds(server: Server, run: dict[str, Any]) -> int:
    """Count the evaluations of the alert sensor since the end of a run."""
    data = server.ask(
        """{ sensorsOrError(repositorySelector: {repositoryName: "__repository__",
        repositoryLocationName: "velib_assets_tests.ui.every_minute"}) {
        ... on Sensors { results { name sensorState { ticks(limit: 20) { timestamp } } } } } }"""
    )
    (ticks,) = [
        sensor["sensorState"]["ticks"]
        for sensor in data["sensorsOrError"]["results"]
        if sensor["name"] == "velib_alerts"
    ]
    return sum(tick["timestamp"] > float(run["endTime"]) for tick in ticks)


@pytest.fixture
def server(lake: Path, tmp_path: Path, portal: LocalServer) -> Iterator[Server]:
    """Start Dagster with a tick every minute."""
    wait_for_room(HOUR, THREE_TICKS)
    portal.queue(EXPORT, Reply(body=snapshot()), Reply(body=b"[]"), Reply(body=snapshot()))
    portal.queue("/hook", Reply())
    environ = {
        "VELIB_LAKE": str(lake),
        "VELIB_OPENDATA_URL": portal.url,
        "VELIB_ALERTS": f"log,webhook:{portal.url}/hook",
        "VELIB_SCHEDULE": "on",
    }
    with dagster_dev(tmp_path / "home", environ, "-m", "velib_assets_tests.ui.every_minute") as running:
        yield running


@pytest.mark.daemon
@pytest.mark.promise("together")
@pytest.mark.timeout(1200)
def test_ticks_through_good_empty_good(lake: Path, server: Server, portal: LocalServer) -> None:
    """An empty response fails one check and sends one alert; the data and the next tick are not affected."""
    first = ended(server, 1)
    parquet = lake / clean_key(hour_of_key(first["tags"]["dagster/partition"]))
    good = parquet.read_bytes()
    second = ended(server, 2)
    assert parquet.read_bytes() == good
    third = ended(server, 3)
    assert parquet.read_bytes() != good
    runs = [first, second, third]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS", "SUCCESS"]
    assert len({run["tags"]["dagster/partition"] for run in runs}) == 1

    found = executions(server)
    failed = {
        (check, entry["runId"]): entry["evaluation"]["description"]
        for check, entries in found.items()
        for entry in entries
        if entry["status"] == "FAILED"
    }
    ((where, message),) = failed.items()
    assert where == (("raw_snapshot", "usable_snapshot"), second["id"])
    assert "contains no stations" in message
    of_hours = {check: entries for check, entries in found.items() if check[0] not in DAILY_ASSETS}
    assert len(of_hours) > len(found) / 2
    for entries in of_hours.values():
        evaluations = [entry["evaluation"] for entry in entries if entry["runId"] == third["id"]]
        assert [evaluation["success"] for evaluation in evaluations if evaluation] == [True]

    server.wait("the alert arrives", lambda: "/hook" in portal.paths(), 60)
    server.wait("the sensor has seen the third run", lambda: alert_rounds(server, third) >= 2, 120)
    (call,) = [request for request in portal.requests if request.path == "/hook"]
    alert = json.loads(call.body)
    assert message in alert["text"]
    assert alert["id"].startswith(f"{second['id']}:")
    assert "Traceback" not in server.text()
