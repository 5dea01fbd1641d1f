"""Steps that tests of the deployed stack share."""

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.aws.names import PIPES_PREFIX
from velib_assets.clean.glue_client import GlueRun
from velib_assets.cli.runs import RunSummary, run_hours
from velib_assets.defs.build import build_defs
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import SLOT
from velib_assets.resources import Resources, build_resources
from velib_assets.settings import Settings
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.waiting import wait_for_room

FUNCTION, JOB = "velib_ingest_lambda", "velib_clean_job"
SCRIPT = "glue/scripts/velib_clean_job.py"


def snapshot(at: datetime, stations: int = 120) -> bytes:
    """Return the portal's response for a simulated city."""
    return Simulator(stations=stations).fetch(at).bodies["body"]


def serve(city: LocalServer, *bodies: bytes, path: str = "") -> None:
    """Serve these responses to the Lambda from now on."""
    with city._lock:
        city._replies[path + EXPORT_PATH].clear()
    city.queue(path + EXPORT_PATH, *(Reply(body=body) for body in bodies))


def steady_now(seconds: float = 60) -> datetime:
    """Return the clock in whole seconds, at least so many before its slot ends."""
    return wait_for_room(SLOT, timedelta(seconds=seconds)).replace(microsecond=0)


def invoke(emulator: Emulator, **event: Any) -> tuple[str, dict[str, Any]]:
    """Invoke the function as its schedule does; return the error kind, if any, and the response."""
    response = emulator.client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    return response.get("FunctionError", ""), json.loads(response["Payload"].read())


def copied(store: Any, keys: Iterable[str], folder: Path) -> FolderStore:
    """Copy the objects to a local lake."""
    twin = FolderStore(folder)
    for key in keys:
        twin.create(key, store.read(key))
    return twin


def local_twin(store: Any, keys: Iterable[str], folder: Path, hours: Iterable[datetime]) -> Resources:
    """Copy the raw objects to a local lake and run the same graph."""
    copied(store, keys, folder)
    settings = Settings(lake=folder)
    with dg.DagsterInstance.local_temp(overrides={"telemetry": {"enabled": False}}) as instance:
        report: RunSummary = run_hours(build_defs(settings), instance, hours)
    assert report.ok, report
    return build_resources(settings)


def rows_of(store: Any, key: str) -> pa.Table:
    """Read the rows of a Parquet object, without its metadata."""
    return pq.read_table(io.BytesIO(store.read(key))).replace_schema_metadata(None)


def facts_of(instance: dg.DagsterInstance, asset: str) -> dict[str, Any]:
    """Return the metadata of an asset's newest materialization."""
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event
    assert event.asset_materialization
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def hour(day: int, hh: int) -> datetime:
    """Return an hour of June 2022, UTC."""
    return datetime(2022, 6, day, hh, tzinfo=UTC)


def job_runs(emulator: Emulator) -> list[dict[str, Any]]:
    """List all runs of the Glue job, newest first."""
    runs: list[dict[str, Any]] = emulator.client("glue").get_job_runs(JobName=JOB)["JobRuns"]
    return runs


def interrupt(patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """Raise this exception in the waiting code at the second poll of a Glue run."""
    poll = GlueRun.poll

    def interrupted(run: GlueRun) -> Iterator[None]:
        for number, polled in enumerate(poll(run)):
            if number == 1:
                raise error
            yield polled

    patch.setattr(GlueRun, "poll", interrupted)


@contextmanager
def script(cloud: Cloud, lines: str) -> Iterator[None]:
    """Use another script for runs of the job that start meanwhile."""
    s3 = cloud.root("s3")
    ours = s3.get_object(Bucket=cloud.bucket, Key=SCRIPT)["Body"].read()
    s3.put_object(Bucket=cloud.bucket, Key=SCRIPT, Body=lines.encode())
    try:
        yield
    finally:
        s3.put_object(Bucket=cloud.bucket, Key=SCRIPT, Body=ours)


def until(flag: Path) -> str:
    """Return lines of a script that wait until the test creates this file."""
    return f"import os, time\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.05)\n"


def pipes_messages(cloud: Cloud, before: Iterable[str]) -> str:
    """Read the Pipes messages of runs that did not exist `before`."""
    s3 = cloud.root("s3")
    keys = sorted({*cloud.keys(PIPES_PREFIX)} - {*before})
    objects = (s3.get_object(Bucket=cloud.bucket, Key=key) for key in keys)
    return "".join(response["Body"].read().decode() for response in objects)


def slow_at(cloud: Cloud, hour: datetime, then: str) -> str:
    """Return the job's script, which runs the lines of `then` instead of reporting an hour."""
    lines = f"""
import os, time
from velib_assets.clean.hour_result import HourResult
ours = HourResult.message
def message(result):
    if result.hour.isoformat() == {hour.isoformat()!r}:
{indent(then, " " * 8)}
    return ours(result)
HourResult.message = message
"""
    own: str = cloud.root("s3").get_object(Bucket=cloud.bucket, Key=SCRIPT)["Body"].read().decode()
    return own.replace("\nrun()", f"{lines}\nrun()")
