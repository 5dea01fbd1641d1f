"""What breaks half-way, or has to wait: told with the service's own reason, nothing half-written, healed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest

from velib_assets.console.runs import run_hours, run_tick
from velib_assets.core.layout import HOUR, clean_key, hours_between, raw_key
from velib_assets.feeds.opendata import EXPORT_PATH
from velib_assets.resources.aws import glue_run
from velib_assets.resources.aws.glue_run import GlueRun
from velib_assets.resources.stack import stack_of
from velib_assets.runtime.aws_call import AwsError
from velib_assets.runtime.bucket_store import BucketStore
from velib_assets_tests.aws.calls import ACTIVE, wait_for
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import (
    FUNCTION,
    JOB,
    hour,
    invoke,
    job_runs,
    script,
    serve,
    slow_at,
    snapshot,
    steady_now,
)
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import raw, records

HOURS = list(hours_between(hour(4, 0), hour(4, 0) + 5 * HOUR))
_READ_ONLY = ("Name", "CreatedOn", "LastModifiedOn", "AllocatedCapacity", "ProfileName", "JobMode")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster waits ten seconds for the last word of a step that cannot speak any more."""
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 1)


@contextmanager
def timeout(cloud: Cloud, minutes: int) -> Iterator[None]:
    """Another time-out of the job; on this emulator a minute lasts two seconds."""
    glue = cloud.root("glue")
    whole = glue.get_job(JobName=JOB)["Job"]
    ours = {name: value for name, value in whole.items() if name not in _READ_ONLY}
    glue.update_job(JobName=JOB, JobUpdate={**ours, "Timeout": minutes})
    try:
        yield
    finally:
        glue.update_job(JobName=JOB, JobUpdate=ours)


def count(cloud: Cloud) -> int:
    """The rows that Athena sees."""
    frame = stack_of(cloud.settings()).query_engine.query("SELECT count(*) AS n FROM source_velib")
    return int(frame["n"].item())


def test_a_lambda_that_runs_out_of_time_is_told_and_the_next_one_works(
    cloud: Cloud, city: LocalServer, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    functions = cloud.root("lambda")
    city.queue(f"/silent{EXPORT_PATH}", Reply(fault="hang"))
    functions.update_function_configuration(FunctionName=FUNCTION, Timeout=1)
    try:
        steady_now()
        report = run_tick(cloud.defs(VELIB_OPENDATA_URL=f"{city.url}/silent"), instance)
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Timeout=120)
    (words,) = report.failures[report.asked[0]]
    assert f"{FUNCTION} failed" in words
    assert "timed out after 1.00 seconds" in words
    assert "console.aws.amazon.com/lambda" in words
    assert (report.broken, lake.walk("raw/") + lake.walk("clean/")) == ([], [])
    serve(city, snapshot(steady_now()))
    assert invoke(cloud.emulator)[1]["state"] == "stored"


@pytest.mark.promise("readers")
def test_a_glue_run_that_runs_out_of_time_leaves_old_hours_as_they_were(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """Their rows stay what Athena saw before, until the next run."""
    for h in HOURS:
        lake.create(raw_key(h), raw(records()).data)
    assert run_hours(cloud.defs(), instance, HOURS).ok
    before = {key: lake.read(key) for key in cloud.keys("clean/")}
    for h in HOURS:
        lake.create(raw_key(h + HOUR / 4), raw(records(50), 15).data)
    with script(cloud, "import time; time.sleep(60)"), timeout(cloud, 1):
        report = run_hours(cloud.defs(), instance, HOURS)
    assert sorted(report.failures) == HOURS
    for words in report.failures.values():
        assert "ended TIMEOUT: Job run timed out (https://" in words[0]
        assert f"#/job/{JOB}/run/jr_" in words[0]
    assert {key: lake.read(key) for key in cloud.keys("clean/")} == before
    assert count(cloud) == len(HOURS) * 40
    assert run_hours(cloud.defs(), instance, HOURS).ok
    assert count(cloud) == len(HOURS) * 90


@pytest.mark.promise("readers")
def test_a_glue_run_that_dies_between_two_hours_keeps_those_that_it_told_of(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """Killed by the system, without a last word, when it had written more than it had told of."""
    for h in HOURS:
        lake.create(raw_key(h), raw(records()).data)
    with script(cloud, slow_at(cloud, HOURS[3], "time.sleep(4); os._exit(137)")):  # told of by then
        report = run_hours(cloud.defs(), instance, HOURS)
    assert set(report.rows) >= set(HOURS[:3])
    assert sorted(report.failures) == HOURS[3:]
    assert all("exit code 137" in words[0] for words in report.failures.values())
    assert set(cloud.keys("clean/")) <= {clean_key(h) for h in HOURS}
    assert count(cloud) == 40 * len(cloud.keys("clean/"))  # each hour whole, or not at all


@pytest.fixture
def busy(cloud: Cloud) -> Iterator[list[str]]:
    """All three runs that the job may have at once, under way for some seconds."""
    with script(cloud, "import time; time.sleep(4)"):
        runs = [cloud.root("glue").start_job_run(JobName=JOB)["JobRunId"] for _ in range(3)]
        wait_for(lambda: all(run["JobRunState"] == "RUNNING" for run in job_runs(cloud.emulator)[:3]))
        yield runs
    wait_for(lambda: not any(run["JobRunState"] in ACTIVE for run in job_runs(cloud.emulator)))


@pytest.mark.usefixtures("busy")
def test_a_job_with_no_run_free_is_waited_for(cloud: Cloud, lake: BucketStore) -> None:
    lake.create(raw_key(HOURS[0]), raw(records()).data)
    arguments = {"--hours": f"{HOURS[0]:%Y-%m-%dT%H}", "--register": "false"}
    with GlueRun(cloud.settings().names, arguments, poll=0.1) as run:
        list(run.looks())
    assert "ended SUCCEEDED" in run.ending()


@pytest.mark.usefixtures("busy")
def test_but_not_for_ever(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glue_run, "_BUSY_FOR", 0.5)
    words = f"glue:StartJobRun on the job {JOB} was refused: ConcurrentRunsExceededException"
    with pytest.raises(AwsError, match=words), GlueRun(cloud.settings().names, {}, poll=0.1):
        pass


def test_cancelling_the_dagster_run_stops_the_glue_run(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Dagster does it: an interrupt inside the op that waits."""
    lake.create(raw_key(HOURS[0]), raw(records()).data)
    looks = GlueRun.looks

    def interrupted(run: GlueRun) -> Iterator[Any]:
        for number, look in enumerate(looks(run)):
            if number == 1:
                raise dg.DagsterExecutionInterruptedError
            yield look

    monkeypatch.setattr(GlueRun, "looks", interrupted)
    with script(cloud, "import time; time.sleep(60)"), pytest.raises(KeyboardInterrupt):
        run_hours(cloud.defs(), instance, HOURS[:1])
    wait_for(lambda: job_runs(cloud.emulator)[0]["JobRunState"] == "STOPPED")
    assert cloud.keys("clean/") == []
