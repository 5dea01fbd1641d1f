"""The two state machines without Dagster, started by hand and by schedule, in both catalog modes."""

import json
import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from velib_assets.cli.runs import run_tick
from velib_assets.lake.keys import iso_utc
from velib_assets.query.kpis import VIEWS
from velib_assets.resources import build_resources
from velib_assets_tests.aws.calls import ACTIVE
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import job_runs, serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.waiting import wait_for

TABLES = {"source_velib", "stations", "rejects_velib", "velib_history"}
NAMES = {*TABLES, "station_events", *(kpi.name for kpi in VIEWS)}


def machine(cloud: Cloud, name: str) -> str:
    """Return the ARN of a state machine."""
    arn: str = cloud.terraform.output("state_machine_arns")[name]
    return arn


def execute(cloud: Cloud, name: str, **event: Any) -> dict[str, Any]:
    """Run a state machine to its end."""
    states = cloud.root("stepfunctions")
    started = states.start_execution(stateMachineArn=machine(cloud, name), input=json.dumps(event))
    return wait_for(lambda: ended(cloud, started["executionArn"]), 120) or {}


def ended(cloud: Cloud, execution: str) -> dict[str, Any] | None:
    """Wait for the end of an execution; return its description."""
    description: dict[str, Any] = cloud.root("stepfunctions").describe_execution(executionArn=execution)
    return None if description["status"] == "RUNNING" else description


def tables(cloud: Cloud) -> set[str]:
    """Read the catalog."""
    table_list = cloud.root("glue").get_tables(DatabaseName="velib_db_tf")["TableList"]
    return {table["Name"] for table in table_list}


def ends_on_spark(cloud: Cloud) -> set[str]:
    """Wait until no Spark run is active; return the states of all."""
    states = {run["JobRunState"] for run in job_runs(cloud.emulator) if run.get("WorkerType") == "G.1X"}
    return states if states.isdisjoint(ACTIVE) else set()


def disable_schedule(cloud: Cloud) -> None:
    """Disable the schedule: more Spark runs would delay the execution under test."""
    scheduler, name = cloud.root("scheduler"), "velib_pipeline_schedule"
    schedule = scheduler.get_schedule(Name=name)
    settings = {key: schedule[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(Name=name, State="DISABLED", **settings)


@pytest.mark.usefixtures("lake")
def test_tick_and_views_need_no_dagster(cloud: Cloud, city: LocalServer) -> None:
    now = steady_now()
    serve(city, snapshot(now))
    for _ in range(2):  # the second finds an existing key and changes nothing
        done = execute(cloud, "velib_pipeline", scheduled_at=iso_utc(now))
        assert done["status"] == "SUCCEEDED", done
    assert tables(cloud) == TABLES
    views = execute(cloud, "velib_kpi_views")
    assert views["status"] == "SUCCEEDED", views
    assert tables(cloud) == NAMES
    assert len(cloud.keys("raw/")) == len(cloud.keys("clean/")) == 1
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM kpi_taux_remplissage")["n"].item() > 100
    assert len(query("SELECT * FROM kpi_top10_2hour")) == 10
    assert query("SELECT count(*) AS n FROM stations WHERE valid_to IS NULL")["n"].item() == 120
    assert len(query("SELECT * FROM station_events")) == 0


@pytest.mark.usefixtures("lake")
def test_unusable_response_fails_the_execution_with_its_reason(cloud: Cloud, city: LocalServer) -> None:
    """The alarm fires on it, and the bytes are in quarantine."""
    serve(city, b"[]")
    done = execute(cloud, "velib_pipeline", scheduled_at=iso_utc(steady_now()))
    assert done["status"] == "FAILED"
    assert done["error"] == "QuarantinedError"
    assert f"s3://{cloud.bucket}/quarantine/" in done["cause"]
    assert cloud.keys("clean/") == []


@pytest.fixture(scope="module")
def unattended(cloud: Cloud, city: LocalServer) -> Iterator[Cloud]:
    """Deploy the stack without Dagster: with the schedule, the crawler and Spark."""
    modes = {"orchestrator": "step_functions", "catalog_mode": "crawler", "glue_job_type": "glueetl"}
    cloud.empty()
    serve(city, snapshot(steady_now()))
    cloud.terraform.apply(opendata_url=city.url, schedule_expression="rate(10 minutes)", **modes)
    yield cloud
    disable_schedule(cloud)
    states, arn = cloud.root("stepfunctions"), machine(cloud, "velib_pipeline")
    running = {"stateMachineArn": arn, "statusFilter": "RUNNING"}
    wait_for(lambda: not states.list_executions(**running)["executions"], 240)
    cloud.terraform.apply(opendata_url=city.url)


def test_schedule_fires_and_the_crawler_creates_the_table(unattended: Cloud) -> None:
    """Ten minutes last twenty seconds on this emulator; the crawler is polled every thirty."""
    states, arn = unattended.root("stepfunctions"), machine(unattended, "velib_pipeline")

    def fired() -> list[Any]:
        """List the executions that the schedule started."""
        return [
            execution["executionArn"]
            for execution in states.list_executions(stateMachineArn=arn)["executions"]
            if "scheduled_at" in states.describe_execution(executionArn=execution["executionArn"])["input"]
            and execution["startDate"].timestamp() > started
        ]

    steady_now()
    started = time.time()
    first = wait_for(fired, 60)[-1]
    disable_schedule(unattended)
    done = wait_for(lambda: ended(unattended, first), 240) or {}
    assert done["status"] == "SUCCEEDED", done
    scheduled_at = json.loads(done["input"])["scheduled_at"]
    assert len(scheduled_at) == len("2026-11-23T10:15:00Z")
    assert tables(unattended) >= TABLES
    assert wait_for(lambda: ends_on_spark(unattended), 240) == {"SUCCEEDED"}


def test_dagster_takes_over_the_table_of_the_crawler(
    unattended: Cloud, city: LocalServer, instance: dg.DagsterInstance
) -> None:
    """Both write the same lake, so each can continue the work of the other."""
    serve(city, snapshot(steady_now()))
    report = run_tick(unattended.defs(), instance)
    assert report.ok, (report.failures, report.errors)
