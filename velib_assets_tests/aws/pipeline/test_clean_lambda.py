"""`clean_runtime = "lambda"`: the Glue job's code in a function, with the job's results and limits."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.aws.package import CLEAN_ZIP
from velib_assets.clean import lambda_clean_client
from velib_assets.cli.runs import run_hours, run_tick
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import (
    clean_key,
    day_text,
    history_day_key,
    hour_text,
    hours_between,
    iso_utc,
    raw_key,
)
from velib_assets_tests.aws.calls import run_job
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.rights import CALLS
from velib_assets_tests.aws.pipeline.steps import JOB, hour, job_runs, serve, snapshot, steady_now
from velib_assets_tests.aws.pipeline.test_rights import MAY, allowed_calls, others
from velib_assets_tests.aws.pipeline.test_state_machines import TABLES, execute, tables
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.samples import raw, records

__all__ = ["others"]  # a fixture
FUNCTION, ROLE = "velib_clean_lambda", "velib_clean_lambda_role"
DAY = list(hours_between(hour(4, 0), hour(4, 23)))


@pytest.fixture(scope="module", autouse=True)
def runtime(cloud: Cloud, city: LocalServer) -> Iterator[None]:
    """Deploy the function, and the job again afterwards."""
    cloud.empty()
    cloud.terraform.apply(opendata_url=city.url, clean_runtime="lambda")
    yield
    cloud.terraform.apply(opendata_url=city.url)


def invoke(cloud: Cloud, **event: Any) -> dict[str, Any]:
    """Call the function as the state machine does; return its response."""
    response = cloud.root("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(response["Payload"].read())
    return payload


def fill(cloud: Cloud, hours: list[Any], stations: int = 40) -> None:
    """Store a snapshot per hour."""
    for each in hours:
        cloud.root("s3").put_object(Bucket=cloud.bucket, Key=raw_key(each), Body=raw(records(stations)).data)


def test_second_plan_has_no_changes_either(cloud: Cloud) -> None:
    assert cloud.terraform.changes() == {}


def test_bytes_are_those_of_the_glue_job(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    fill(cloud, DAY)
    runs = len(job_runs(cloud.emulator))
    report = run_hours(cloud.defs(), instance, DAY)
    assert report.ok, (report.failures, report.errors)
    assert report.rows == dict.fromkeys(DAY, 40)
    assert len(job_runs(cloud.emulator)) == runs
    by_function = [lake.read(clean_key(each)) for each in DAY]
    for each in DAY:
        cloud.root("s3").delete_object(Bucket=cloud.bucket, Key=clean_key(each))
    ended = run_job(cloud.emulator, JOB, 120, hours=_range(DAY))  # it stays deployed
    assert ended["JobRunState"] == "SUCCEEDED", ended
    assert [lake.read(clean_key(each)) for each in DAY] == by_function


def _range(hours: list[Any]) -> str:
    return f"{hour_text(hours[0])}..{hour_text(hours[-1])}"


def test_tick_runs_through_the_function(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    serve(city, snapshot(steady_now()))
    report = run_tick(cloud.defs(), instance)
    assert report.ok, (report.failures, report.errors)
    assert len(lake.walk("clean/")) == 1


def test_range_longer_than_a_call_is_cleaned_in_several(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call whose time is over begins no more hours: here, none after the first."""
    monkeypatch.setattr(lambda_clean_client, "_SECONDS", 0.001)
    fill(cloud, DAY[:3])
    report = run_hours(cloud.defs(), instance, DAY[:3])
    assert report.ok, (report.failures, report.errors)
    assert len(lake.walk("clean/")) == 3


@contextmanager
def stuck_with_ranges(cloud: Cloud, artefacts: Path) -> Iterator[None]:
    """Let calls with more than one hour take longer than the function may."""
    lines = """
_ours = handler
def handler(event, context=None):
    first, _, last = event["hours"].partition("..")
    if first != last:
        time.sleep(60)
    return _ours(event, context)
"""
    buffer = io.BytesIO()
    with zipfile.ZipFile(artefacts / CLEAN_ZIP) as ours, zipfile.ZipFile(buffer, "w") as slow:
        for name in ours.namelist():
            more = lines.encode() if name.endswith("clean_handler.py") else b""
            slow.writestr(name, ours.read(name) + more)
    function = cloud.root("lambda")
    function.update_function_configuration(FunctionName=FUNCTION, Timeout=6)
    function.update_function_code(FunctionName=FUNCTION, ZipFile=buffer.getvalue())
    try:
        yield
    finally:
        function.update_function_code(FunctionName=FUNCTION, ZipFile=(artefacts / CLEAN_ZIP).read_bytes())
        function.update_function_configuration(FunctionName=FUNCTION, Timeout=900)


def test_hours_of_a_call_that_lambda_stops_are_halved(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, artefacts: Path
) -> None:
    fill(cloud, DAY[:3])
    with stuck_with_ranges(cloud, artefacts):
        report = run_hours(cloud.defs(), instance, DAY[:3])
    assert report.ok, (report.failures, report.errors)
    assert len(lake.walk("clean/")) == 3


def test_bad_hour_fails_alone_and_a_missing_function_fails_all(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    fill(cloud, DAY[:1])
    lake.create(raw_key(DAY[1]), b"not a snapshot")
    report = run_hours(cloud.defs(), instance, DAY[:2])
    assert list(report.rows) == DAY[:1]
    assert list(report.failures) == DAY[1:2]
    missing = run_hours(cloud.defs(VELIB_CLEAN_LAMBDA="absent"), instance, DAY[:1])
    assert "lambda:Invoke on the function absent was refused" in missing.failures[DAY[0]][0]


@pytest.mark.usefixtures("lake")
def test_state_machine_calls_the_function(cloud: Cloud, city: LocalServer) -> None:
    now = steady_now()
    serve(city, snapshot(now))
    done = execute(cloud, "velib_pipeline", scheduled_at=iso_utc(now))
    assert done["status"] == "SUCCEEDED", done
    assert tables(cloud) == TABLES
    assert len(cloud.keys("clean/")) == 1


def test_unfinished_and_invalid_calls_end_with_an_error_of_their_own(cloud: Cloud, lake: BucketStore) -> None:
    fill(cloud, DAY[:2])
    unfinished = invoke(cloud, hours=_range(DAY[:2]), seconds=0.001)
    assert (unfinished["errorType"], unfinished["errorMessage"]) == ("UnfinishedError", "1 of 2 hours remain")
    assert invoke(cloud, hours=_range(DAY[:2])) == {"cleaned": 2}
    assert invoke(cloud, register="maybe")["errorType"] == "ValueError"
    assert len(lake.walk("clean/")) == 2


def test_history_of_the_function_has_the_bytes_of_the_glue_job(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """A call whose time is over says that days remain; a call by Dagster reports each day."""
    day = DAY[0].date()
    fill(cloud, DAY[:2])
    assert invoke(cloud, hours=_range(DAY[:2]), register="true") == {"cleaned": 2}
    job = cloud.defs().resolve_job_def("velib_daily")
    runs = len(job_runs(cloud.emulator))
    assert job.execute_in_process(instance=instance, partition_key=day_text(day)).success
    assert len(job_runs(cloud.emulator)) == runs
    by_function = lake.read(history_day_key(day))
    ended = run_job(cloud.emulator, JOB, 240, history=day_text(day))
    assert ended["JobRunState"] == "SUCCEEDED", ended
    assert lake.read(history_day_key(day)) == by_function
    unfinished = invoke(cloud, history="2022-06-04,2022-06", seconds=0.001)
    assert unfinished["errorMessage"] == "1 of 2 days and months remain"
    assert invoke(cloud, history="2022-06-04..2022-06-04,2022-06", register="true") == {"built": 2}


@pytest.mark.usefixtures("others", "lake")
def test_role_has_the_limits_of_the_job_without_its_scripts(cloud: Cloud) -> None:
    job = {name for name in MAY["velib_clean_job_role"] if "glue/scripts" not in name}
    assert allowed_calls(cloud, ROLE) == job
    assert job < set(CALLS)


@pytest.mark.usefixtures("others", "lake")
def test_host_and_state_machine_may_call_the_function_in_place_of_the_job(cloud: Cloud) -> None:
    for who in ("dagster-host", "velib_pipeline_role", "velib_daily_role"):
        assert allowed_calls(cloud, who) == MAY[who] - {"start the job", "stop the job"} | {
            "invoke the cleaner"
        }
