"""Backfills on AWS: one Glue run per range, an outcome per hour, and recovery from broken runs."""

import json
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.aws.names import PIPES_PREFIX
from velib_assets.clean.glue_client import GlueRun
from velib_assets.cli.runs import run_hours
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR, clean_key, hour_text, hours_between, raw_key
from velib_assets.lake.store import Change
from velib_assets.resources import build_resources
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.aws.calls import job_ended
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import (
    JOB,
    hour,
    interrupt,
    job_runs,
    local_twin,
    pipes_messages,
    rows_of,
    script,
    slow_at,
)
from velib_assets_tests.samples import raw, records
from velib_assets_tests.waiting import wait_for

FIRST, ROWS = hour(4, 0), 1500
DAY = list(hours_between(FIRST, FIRST + 23 * HOUR))


def archive(folder: Path, hours: Iterable[datetime], stations: int = 30) -> Path:
    """Write a folder of recorded snapshots, two per hour."""
    folder.mkdir()
    for moment in (h + timedelta(minutes=minutes) for h in hours for minutes in (5, 35)):
        body = Simulator(stations=stations).fetch(moment).bodies["body"]
        (folder / f"{moment:%Y%m%dT%H%M%SZ}.json").write_bytes(body)
    return folder


def test_day_is_one_glue_run_with_the_rows_of_local_mode(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    recorded = archive(tmp_path / "recorded", DAY)
    before = len(job_runs(cloud.emulator))
    defs = cloud.defs(VELIB_SOURCE="archive", VELIB_ARCHIVE=str(recorded))
    report = run_hours(defs, instance, DAY)
    assert report.ok, (report.failures, report.errors)
    assert len(job_runs(cloud.emulator)) == before + 1
    asset = dg.AssetKey("clean_stations")
    assert len(instance.get_materialized_partitions(asset)) == len(DAY)
    twin = local_twin(lake, cloud.keys("raw/"), tmp_path / "twin", DAY)
    for key in map(clean_key, DAY):
        assert rows_of(lake, key).equals(rows_of(twin.lake, key))
    count = build_resources(cloud.settings()).query_engine.query("SELECT count(*) AS n FROM source_velib")
    assert count["n"].item() == sum(report.rows.values()) == len(DAY) * 2 * 30


def test_archive_in_a_bucket_restores_the_same_as_a_folder(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The archive is in the lake's bucket, under a prefix that the host may read."""
    hours = DAY[:2]
    for file in archive(tmp_path / "recorded", hours).iterdir():
        key = f"athena-results/recorded/deep/{file.name}"
        cloud.root("s3").put_object(Bucket=cloud.bucket, Key=key, Body=file.read_bytes())
    address = f"s3://{cloud.bucket}/athena-results/recorded"
    report = run_hours(cloud.defs(VELIB_SOURCE="archive", VELIB_ARCHIVE=address), instance, hours)
    assert report.ok, (report.failures, report.errors)
    assert report.rows == dict.fromkeys(hours, 60)
    assert len(lake.walk("raw/")) == 4


def test_bad_hour_stops_no_other_and_stray_files_are_deleted(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """Athena would read a file that the first version appended together with the right one."""
    for h in DAY[:3]:
        lake.create(raw_key(h), raw(records()).data if h != DAY[1] else b"not a snapshot")
    stray = f"{clean_key(DAY[0]).rpartition('/')[0]}/part-00000.snappy.parquet"
    cloud.root("s3").put_object(Bucket=cloud.bucket, Key=stray, Body=b"PAR1")
    report = run_hours(cloud.defs(), instance, DAY[:3])
    assert sorted(report.rows) == [DAY[0], DAY[2]]
    (messages,) = report.failures[DAY[1]]
    assert f"s3://{cloud.bucket}/{raw_key(DAY[1])}" in messages
    assert cloud.keys("clean/") == [clean_key(DAY[0]), clean_key(DAY[2])]


@pytest.mark.usefixtures("lake")
def test_stopped_run_keeps_its_hours_and_is_repeated(cloud: Cloud, instance: dg.DagsterInstance) -> None:
    """The run is stopped in the console after it has reported half of its hours."""
    hours = list(hours_between(FIRST, FIRST + 47 * HOUR))
    data = raw(records(ROWS)).data
    for h in hours:
        cloud.root("s3").put_object(Bucket=cloud.bucket, Key=raw_key(h), Body=data)

    half, before = len(hours) // 2, cloud.keys(PIPES_PREFIX)

    def stop() -> None:
        wait_for(lambda: hour_text(hours[half - 1]) in pipes_messages(cloud, before), 200)
        run = job_runs(cloud.emulator)[0]["Id"]
        cloud.root("glue").batch_stop_job_run(JobName=JOB, JobRunIds=[run])

    thread = threading.Thread(target=stop)
    thread.start()
    with script(cloud, slow_at(cloud, hours[half], "time.sleep(900)")):
        report = run_hours(cloud.defs(), instance, hours)
    thread.join()
    assert not report.ok
    assert set(report.rows) >= set(hours[:half])  # hours that it wrote but did not report are registered too
    assert sorted(report.failures) == hours[half:]
    assert all(
        "STOPPED" in messages[0] and "gluestudio" in messages[0] for messages in report.failures.values()
    )
    assert all(key.endswith("/stations.parquet") for key in cloud.keys("clean/"))
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM source_velib")["n"].item() == ROWS * len(report.rows)
    again = run_hours(cloud.defs(), instance, hours)
    assert again.ok, (again.failures, again.errors)
    assert query("SELECT count(*) AS n FROM source_velib")["n"].item() == ROWS * len(hours)


@pytest.mark.promise("readers")
def test_writer_that_saw_more_raw_wins(lake: BucketStore) -> None:
    """In any order of reads and writes; `seen` is the number of existing raw objects."""
    key, raws = "raw/any", {"count": 1}  # where the host may write

    def write(count: int, meanwhile: object = None) -> bool:
        def still() -> bool:
            holds = raws["count"] == count
            if callable(meanwhile):
                meanwhile()  # between the check and the write
            return holds

        return lake.publish([Change(key, json.dumps(count).encode())], still)

    def overtake() -> None:
        if raws["count"] == 1:
            raws["count"] = 2
            assert write(2)

    assert not write(1, overtake)
    assert lake.read(key) == b"2"
    assert not write(1)
    assert write(2)
    assert lake.read(key) == b"2"


@pytest.mark.usefixtures("lake")
def test_glue_run_is_stopped_if_dagster_stops_waiting(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody terminates the Dagster run, which raises an exception in the wait."""
    before = {run["Id"] for run in job_runs(cloud.emulator)}
    interrupt(monkeypatch, KeyboardInterrupt)
    glue_run = GlueRun(cloud.settings().names, {}, poll=0.1)
    with script(cloud, "import time; time.sleep(900)"), pytest.raises(KeyboardInterrupt), glue_run as run:
        list(run.poll())
    assert run.id not in before
    assert job_ended(cloud.emulator, JOB, run.id)["JobRunState"] == "STOPPED"
