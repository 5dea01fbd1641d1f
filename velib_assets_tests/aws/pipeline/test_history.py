"""The daily layer on AWS: history built by the Glue job, registered, and read by Athena."""

import io
import subprocess
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from velib_assets.cli.day_runs import run_days
from velib_assets.cli.runs import run_hours
from velib_assets.defs.build import build_defs
from velib_assets.defs.partitions import day_range_tags
from velib_assets.history.currency import outdated_days
from velib_assets.ingest.response import OPENDATA, FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    clean_key,
    day_text,
    history_day_key,
    history_month_key,
    hour_text,
    hours_of_day,
)
from velib_assets.lake.listing import utc_now
from velib_assets.lake.months import month_text
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.resources import Resources, build_resources
from velib_assets.settings import CHECKOUT, Settings
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.aws.calls import run_job
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import JOB, copied, job_runs, local_twin
from velib_assets_tests.aws.pipeline.test_state_machines import execute

DAYS = [date(2022, 5, 30), date(2022, 5, 31), date(2022, 6, 1)]
STATIONS, HOURS_PER_DAY = 30, 3
ROWS = STATIONS * HOURS_PER_DAY
ROWS_OF = 'SELECT station_id, ingested_ts, bikes, "date", "hour" FROM {} ORDER BY station_id, ingested_ts'
LOCALLY = """
import sys
from datetime import date
from pathlib import Path
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
job = LocalHistoryJob(FolderStore(Path(sys.argv[1])))
days = [date.fromisoformat(day) for day in sys.argv[2].split(",")]
results = [*job.run(days), *job.compact([date(2022, 5, 1), date(2022, 6, 1)])]
assert not any(result.error for result in results), results
"""


def hours_with_raw(days: Iterable[date]) -> list[datetime]:
    """Return three hours of each day."""
    return [hour for day in days for hour in hours_of_day(day)[::8]]


def fill(lake: BucketStore, days: Iterable[date], minute: int = 5) -> None:
    """Store a snapshot in three hours of each day."""
    for hour in hours_with_raw(days):
        taken = hour + timedelta(minutes=minute)
        response = FeedResponse(OPENDATA, Simulator(stations=STATIONS).fetch(taken).bodies)
        store_or_quarantine(lake, response, taken, hour)


def clean(cloud: Cloud, days: Iterable[date]) -> None:
    """Clean and register the hours as the state machine does, without history."""
    hours = ",".join(map(hour_text, hours_with_raw(days)))
    ended = run_job(cloud.emulator, JOB, 240, register="true", hours=hours)
    assert ended["JobRunState"] == "SUCCEEDED", ended


def run_daily(cloud: Cloud, instance: dg.DagsterInstance, days: Sequence[date]) -> None:
    """Run the daily job over a range of days."""
    job = cloud.defs().resolve_job_def("velib_daily")
    done = job.execute_in_process(instance=instance, tags=day_range_tags(days[0], days[-1]))
    assert done.success


def built_locally(environments: Environments, store: BucketStore, folder: Path) -> FolderStore:
    """Build the same days and the month from the same clean files, with the pyarrow of the Glue job."""
    twin = copied(store, map(clean_key, hours_with_raw(DAYS)), folder)
    arguments = [str(environments.python39), "-c", LOCALLY, str(folder), ",".join(map(day_text, DAYS))]
    environment = {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return twin


def built_with_kpis(store: BucketStore, keys: Iterable[str], folder: Path) -> Resources:
    """Run the same hours and days in local mode."""
    twin = local_twin(store, keys, folder, hours_with_raw(DAYS))
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as instance:
        built = run_days(build_defs(Settings(lake=folder)), instance, DAYS)
    assert not built.failures, built.failures
    return twin


def test_range_of_days_is_one_glue_run_with_the_bytes_of_the_local_form(
    cloud: Cloud,
    lake: BucketStore,
    instance: dg.DagsterInstance,
    environments: Environments,
    tmp_path: Path,
) -> None:
    """The backfill's days complete two months, which another run compacts; Athena reads all of it."""
    fill(lake, DAYS)
    before = {run["Id"] for run in job_runs(cloud.emulator)}
    resources = build_resources(cloud.settings())
    report = run_hours(cloud.defs(), instance, hours_with_raw(DAYS), resources)
    assert report.ok, (report.failures, report.errors)
    runs = [run["Arguments"] for run in job_runs(cloud.emulator) if run["Id"] not in before]
    assert sorted(arguments["--history"] for arguments in runs if "--history" in arguments) == [
        "2022-05-30..2022-06-01",
        "2022-05..2022-06",
    ]
    twin = built_locally(environments, lake, tmp_path / "twin")
    months = [date(2022, 5, 1), date(2022, 6, 1)]
    for key in (*map(history_day_key, DAYS), *map(history_month_key, months)):
        assert lake.read(key) == twin.read(key)
    done = instance.get_materialized_partitions(dg.AssetKey("station_history"))
    assert done == {*map(day_text, DAYS)}
    periods = {file.period for file in resources.catalog.history()}
    assert periods == {*map(day_text, DAYS), *map(month_text, months)}
    query = resources.query_engine.query
    history = query(ROWS_OF.format("velib_history"))
    assert len(history) == len(DAYS) * ROWS
    assert history.equals(query(ROWS_OF.format("source_velib")))
    one = query("SELECT count(*) AS n FROM velib_history WHERE date = '2022-05-31'")
    assert one["n"].item() == ROWS
    local = built_with_kpis(lake, cloud.keys("raw/"), tmp_path / "local").query_engine.query
    for kpi in DAILY_KPIS:
        first = kpi.schema[0].name
        rows = f'SELECT * FROM {kpi.name} ORDER BY "date", {first}'  # noqa: S608 - our own names
        on_aws = query(rows)
        assert len(on_aws) >= len(DAYS)
        pd.testing.assert_frame_equal(on_aws, local(rows))


def test_late_raw_reopens_the_day_and_its_month(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    day, month = DAYS[1], date(2022, 5, 1)
    fill(lake, [day])
    clean(cloud, [day])
    run_daily(cloud, instance, [day])
    catalog = build_resources(cloud.settings()).catalog
    assert outdated_days(lake, catalog, day, day) == {}
    fill(lake, [day], minute=35)
    clean(cloud, [day])
    assert list(outdated_days(lake, catalog, day, day)) == [day]
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM velib_history")["n"].item() == ROWS
    run_daily(cloud, instance, [day])
    assert outdated_days(lake, catalog, day, day) == {}
    assert query("SELECT count(*) AS n FROM velib_history")["n"].item() == 2 * ROWS
    assert len(pq.read_table(io.BytesIO(lake.read(history_month_key(month))))) == 2 * ROWS


def test_day_that_fails_has_the_reason_of_the_job(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    fill(lake, DAYS[:2])
    clean(cloud, DAYS[:2])
    damaged = clean_key(hours_of_day(DAYS[0])[0])
    cloud.root("s3").put_object(Bucket=cloud.bucket, Key=damaged, Body=b"PAR1")
    job = cloud.defs().resolve_job_def("velib_daily")
    done = job.execute_in_process(
        instance=instance, tags=day_range_tags(DAYS[0], DAYS[1]), raise_on_error=False
    )
    checks = [e for e in done.get_asset_check_evaluations() if e.asset_key == dg.AssetKey("station_history")]
    (failed,) = [e for e in checks if e.check_name == "readable_files" and not e.passed]
    assert damaged in str(failed.description)
    assert history_day_key(DAYS[0]) not in cloud.keys("history/")
    assert history_day_key(DAYS[1]) in cloud.keys("history/")


def test_run_without_dagster_builds_and_registers(cloud: Cloud, lake: BucketStore) -> None:
    """As somebody starts it in the console: days and a month in one run."""
    fill(lake, DAYS)
    clean(cloud, DAYS)
    periods = "2022-05-30..2022-06-01,2022-05"
    ended = run_job(cloud.emulator, JOB, 240, register="true", history=periods)
    assert ended["JobRunState"] == "SUCCEEDED", ended
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM velib_history")["n"].item() == len(DAYS) * ROWS
    assert len(pq.read_table(io.BytesIO(lake.read(history_month_key(date(2022, 5, 1)))))) == 2 * ROWS


def test_state_machine_builds_the_days_of_the_last_weeks(cloud: Cloud, lake: BucketStore) -> None:
    """A month is compacted when its last day has been built."""
    today = utc_now().date()
    days = [today - timedelta(days=number) for number in (1, 2, 40)]
    fill(lake, days)
    clean(cloud, days)
    for _ in range(2):  # the second finds every day current
        done = execute(cloud, "velib_daily")
        assert done["status"] == "SUCCEEDED", done
    built = {key for key in cloud.keys("history/") if "/closed/" not in key}
    assert built == {*map(history_day_key, days[:2])}
    query = build_resources(cloud.settings()).query_engine.query
    assert query("SELECT count(*) AS n FROM velib_history")["n"].item() == 2 * ROWS
