"""Without Dagster: the two state machines, started by hand and by the schedule, in both catalog modes."""

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

TABLES = {"source_velib", *(kpi.name for kpi in VIEWS)}


def machine(cloud: Cloud, name: str) -> str:
    """A state machine's ARN."""
    arn: str = cloud.terraform.output("state_machine_arns")[name]
    return arn


def execute(cloud: Cloud, name: str, **given: Any) -> dict[str, Any]:
    """Run a state machine to its end."""
    states = cloud.root("stepfunctions")
    started = states.start_execution(stateMachineArn=machine(cloud, name), input=json.dumps(given))
    return wait_for(lambda: ended(cloud, started["executionArn"]), 120) or {}


def ended(cloud: Cloud, execution: str) -> dict[str, Any] | None:
    """An execution's description, when it has ended."""
    found: dict[str, Any] = cloud.root("stepfunctions").describe_execution(executionArn=execution)
    return None if found["status"] == "RUNNING" else found


def tables(cloud: Cloud) -> set[str]:
    """What the catalog holds."""
    found = cloud.root("glue").get_tables(DatabaseName="velib_db_tf")["TableList"]
    return {table["Name"] for table in found}


def ends_on_spark(cloud: Cloud) -> set[str]:
    """How the Glue job's runs on Spark have ended, when none is under way."""
    states = {run["JobRunState"] for run in job_runs(cloud.emulator) if run.get("WorkerType") == "G.1X"}
    return states if states.isdisjoint(ACTIVE) else set()


def disable_schedule(cloud: Cloud) -> None:
    """It fires no more: more Spark at once would hold up the execution that is waited for."""
    scheduler, name = cloud.root("scheduler"), "velib_pipeline_schedule"
    found = scheduler.get_schedule(Name=name)
    kept = {key: found[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(Name=name, State="DISABLED", **kept)


@pytest.mark.usefixtures("lake")
def test_a_tick_and_the_views_need_no_dagster(cloud: Cloud, city: LocalServer) -> None:
    now = steady_now()
    serve(city, snapshot(now))
    for _ in range(2):  # the second meets a key that is taken, and changes nothing
        done = execute(cloud, "velib_pipeline", scheduled_at=iso_utc(now))
        assert done["status"] == "SUCCEEDED", done
    views = execute(cloud, "velib_kpi_views")
    assert views["status"] == "SUCCEEDED", views
    assert tables(cloud) == TABLES
    assert len(cloud.keys("raw/")) == len(cloud.keys("clean/")) == 1
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM kpi_taux_remplissage")["n"].item() > 100
    assert len(query("SELECT * FROM kpi_top10_2hour")) == 10


@pytest.mark.usefixtures("lake")
def test_an_unusable_answer_fails_the_execution_with_its_reason(cloud: Cloud, city: LocalServer) -> None:
    """What an alarm sees; the bytes are kept."""
    serve(city, b"[]")
    done = execute(cloud, "velib_pipeline", scheduled_at=iso_utc(steady_now()))
    assert done["status"] == "FAILED"
    assert done["error"] == "QuarantinedError"
    assert f"s3://{cloud.bucket}/quarantine/" in done["cause"]
    assert cloud.keys("clean/") == []


@pytest.fixture(scope="module")
def unattended(cloud: Cloud, city: LocalServer) -> Iterator[Cloud]:
    """The stack without Dagster: the schedule fires, the crawler keeps the catalog, Spark cleans."""
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


def test_the_schedule_fires_and_the_crawler_makes_the_table(unattended: Cloud) -> None:
    """Ten minutes last twenty seconds on this emulator; a crawl is waited for in steps of thirty."""
    states, arn = unattended.root("stepfunctions"), machine(unattended, "velib_pipeline")

    def fired() -> list[Any]:
        """Those that the schedule started, now that nobody else does."""
        return [
            found["executionArn"]
            for found in states.list_executions(stateMachineArn=arn)["executions"]
            if "scheduled_at" in states.describe_execution(executionArn=found["executionArn"])["input"]
            and found["startDate"].timestamp() > started
        ]

    steady_now()
    started = time.time()
    first = wait_for(fired, 60)[-1]
    disable_schedule(unattended)
    done = wait_for(lambda: ended(unattended, first), 240) or {}
    assert done["status"] == "SUCCEEDED", done
    given = json.loads(done["input"])["scheduled_at"]
    assert len(given) == len("2026-11-23T10:15:00Z")
    assert "source_velib" in tables(unattended)
    assert wait_for(lambda: ends_on_spark(unattended), 240) == {"SUCCEEDED"}


def test_dagster_takes_over_what_the_crawler_made(
    unattended: Cloud, city: LocalServer, instance: dg.DagsterInstance
) -> None:
    """Both ways write the same lake, so either may go on with the other's."""
    serve(city, snapshot(steady_now()))
    report = run_tick(unattended.defs(), instance)
    assert report.ok, (report.failures, report.errors)
