"""Interrupted and waiting steps: reported with the service's reason, nothing half-written, healed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from velib_assets.aws.api import AwsError
from velib_assets.aws.names import PIPES_PREFIX
from velib_assets.clean import glue_client
from velib_assets.clean.glue_client import GlueRun
from velib_assets.cli.runs import run_hours, run_tick
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR, clean_key, hour_text, hours_between, raw_key
from velib_assets.resources import build_resources
from velib_assets_tests.aws.calls import ACTIVE
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import (
    FUNCTION,
    JOB,
    hour,
    interrupt,
    invoke,
    job_runs,
    pipes_messages,
    script,
    serve,
    slow_at,
    snapshot,
    steady_now,
    until,
)
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import raw, records
from velib_assets_tests.waiting import wait_for

HOURS = list(hours_between(hour(4, 0), hour(4, 0) + 5 * HOUR))
_READ_ONLY = ("Name", "CreatedOn", "LastModifiedOn", "AllocatedCapacity", "ProfileName", "JobMode")


@contextmanager
def impatient() -> Iterator[None]:
    """Do not wait ten seconds for the last message of a step, which does not come here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 1)
        yield


@contextmanager
def timeout(cloud: Cloud, minutes: int) -> Iterator[None]:
    """Set the timeout of the job; on this emulator a minute lasts two seconds."""
    glue = cloud.root("glue")
    whole = glue.get_job(JobName=JOB)["Job"]
    ours = {name: value for name, value in whole.items() if name not in _READ_ONLY}
    glue.update_job(JobName=JOB, JobUpdate={**ours, "Timeout": minutes})
    try:
        yield
    finally:
        glue.update_job(JobName=JOB, JobUpdate=ours)


def count(cloud: Cloud) -> int:
    """Count the rows in Athena."""
    frame = build_resources(cloud.settings()).query_engine.query("SELECT count(*) AS n FROM source_velib")
    return int(frame["n"].item())


def test_lambda_timeout_is_reported_and_the_next_tick_works(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    functions = cloud.root("lambda")
    city.queue(f"/silent{EXPORT_PATH}", Reply(fault="hang"))
    functions.update_function_configuration(FunctionName=FUNCTION, Timeout=1)
    try:
        steady_now()
        with impatient():
            report = run_tick(cloud.defs(VELIB_OPENDATA_URL=f"{city.url}/silent"), instance)
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Timeout=120)
    (messages,) = report.failures[report.requested[0]]
    assert f"{FUNCTION} failed" in messages
    assert "timed out after 1.00 seconds" in messages
    assert "console.aws.amazon.com/lambda" in messages
    assert (report.errors, lake.walk("raw/") + lake.walk("clean/")) == ([], [])
    serve(city, snapshot(steady_now()))
    assert invoke(cloud.emulator)[1]["state"] == "stored"


@pytest.mark.promise("readers")
def test_glue_timeout_leaves_old_hours_unchanged(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """Athena returns the same rows as before until the next run."""
    for h in HOURS:
        lake.create(raw_key(h), raw(records()).data)
    assert run_hours(cloud.defs(), instance, HOURS).ok
    before = {key: lake.read(key) for key in cloud.keys("clean/")}
    for h in HOURS:
        lake.create(raw_key(h + HOUR / 4), raw(records(50), 15).data)
    with script(cloud, "import time; time.sleep(60)"), timeout(cloud, 1), impatient():
        report = run_hours(cloud.defs(), instance, HOURS)
    assert sorted(report.failures) == HOURS
    for messages in report.failures.values():
        assert "ended TIMEOUT: Job run timed out (https://" in messages[0]
        assert f"#/job/{JOB}/run/jr_" in messages[0]
    assert {key: lake.read(key) for key in cloud.keys("clean/")} == before
    assert count(cloud) == len(HOURS) * 40
    assert run_hours(cloud.defs(), instance, HOURS).ok
    assert count(cloud) == len(HOURS) * 90


@pytest.mark.promise("readers")
def test_killed_glue_run_keeps_the_hours_that_it_reported(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """It is killed after it has written more hours than it has reported."""
    for h in HOURS:
        lake.create(raw_key(h), raw(records()).data)
    flag, before = tmp_path / "reported", cloud.keys(PIPES_PREFIX)

    def kill_after_report() -> None:
        wait_for(lambda: hour_text(HOURS[2]) in pipes_messages(cloud, before), 120)
        flag.touch()

    thread = threading.Thread(target=kill_after_report)
    thread.start()
    with script(cloud, slow_at(cloud, HOURS[3], f"{until(flag)}os._exit(137)")):
        report = run_hours(cloud.defs(), instance, HOURS)
    thread.join()
    assert set(report.rows) >= set(HOURS[:3])
    assert sorted(report.failures) == HOURS[3:]
    assert all("exit code 137" in messages[0] for messages in report.failures.values())
    assert set(cloud.keys("clean/")) <= {clean_key(h) for h in HOURS}
    assert count(cloud) == 40 * len(cloud.keys("clean/"))  # each hour completely, or not at all


@pytest.fixture
def release_runs(cloud: Cloud, tmp_path: Path) -> Iterator[Path]:
    """Keep all three concurrent runs of the job active until the test creates this file."""
    flag = tmp_path / "release"
    with script(cloud, until(flag)):
        try:
            for _ in range(3):
                cloud.root("glue").start_job_run(JobName=JOB)
            wait_for(lambda: all(run["JobRunState"] == "RUNNING" for run in job_runs(cloud.emulator)[:3]))
            yield flag
        finally:
            flag.touch()
            wait_for(lambda: not any(run["JobRunState"] in ACTIVE for run in job_runs(cloud.emulator)))


def test_run_waits_for_a_free_job(cloud: Cloud, release_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three runs end once it waits."""

    def slept(seconds: float) -> None:
        release_runs.touch()
        time.sleep(seconds)

    monkeypatch.setattr(glue_client, "time", SimpleNamespace(monotonic=time.monotonic, sleep=slept))
    with GlueRun(cloud.settings().names, {}, poll=0.1) as run:
        assert release_runs.exists()
        list(run.poll())
    assert "ended SUCCEEDED" in run.outcome()


@pytest.mark.usefixtures("release_runs")
def test_wait_for_a_free_job_is_limited(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glue_client, "_BUSY_FOR", 0.5)
    message = f"glue:StartJobRun on the job {JOB} was refused: ConcurrentRunsExceededException"
    with pytest.raises(AwsError, match=message), GlueRun(cloud.settings().names, {}, poll=0.1):
        pass


def test_cancelling_the_dagster_run_stops_the_glue_run(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster cancels with an interrupt inside the waiting op."""
    lake.create(raw_key(HOURS[0]), raw(records()).data)
    interrupt(monkeypatch, dg.DagsterExecutionInterruptedError)
    with script(cloud, "import time; time.sleep(900)"), impatient(), pytest.raises(KeyboardInterrupt):
        run_hours(cloud.defs(), instance, HOURS[:1])
    wait_for(lambda: job_runs(cloud.emulator)[0]["JobRunState"] == "STOPPED")
    assert cloud.keys("clean/") == []
