"""Counts the AWS requests of a tick, a day and each sensor evaluation, for velib_assets/cost/work.toml.

    PYTHONPATH=. python benchmarks/bench_aws_requests.py [--ticks 4] [--write]

It runs the real stack on the emulator: Terraform's deployment, the packaged Lambda and Glue job, and the
Dagster graph in this process. All S3 requests are counted in the emulator's log; other calls of the Dagster
host, and the bytes that it receives, by botocore's events. The lake has the two weeks that the report lists,
and an hour of two months ago, so that healing has a past to check. Athena's own S3 requests are not included:
the emulator reads files without requests. A tick does more in the first quarter of an hour; the bill counts
that by itself, so the ticks wait until it is over.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import dagster as dg

from velib_assets.aws import package
from velib_assets.aws.names import PIPES_PREFIX
from velib_assets.clean import glue_job
from velib_assets.cli.runs import run_tick
from velib_assets.cost.inputs import WORK_FILE
from velib_assets.defs.build import build_defs
from velib_assets.history.currency import newest_closed_day
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.response import OPENDATA, FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import HOUR, SLOT, day_text, history_day_key, hour_of, hour_text, iso_utc, slot_of
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY
from velib_assets.report.report_data import LEDGER_DAYS
from velib_assets.settings import Settings
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.aws.deployment import Deployment
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.http_server import LocalServer, Reply

S3_REQUEST = re.compile(r"(GET|HEAD|PUT|POST) (/\S*) -> service=s3 ")
QUARTER = 15  # minutes
KINDS = {"PUT": "put", "POST": "put", "GET": "get", "HEAD": "get"}
FILE_HEADER = """\
# Mean counts of one tick, of one day, and of one evaluation of each sensor. Measured, not written by hand:
#   PYTHONPATH=. python benchmarks/bench_aws_requests.py --write
# put, list, get: S3 requests by price class (HEAD is a GET, DELETE is free), without those of Athena itself.
# waiting: polls for messages from the Lambda and the Glue job, one per second of waiting; not part of `get`.
# queries, statements (DDL): Athena. catalog: Glue catalog requests. bytes: received by the Dagster host.
"""


class Counts:
    """Counts S3 requests of all processes and other requests of this process."""

    def __init__(self, emulator: Emulator) -> None:
        self._log = emulator.log
        self._own: Counter[str] = Counter()
        boto3.setup_default_session()
        events = boto3.DEFAULT_SESSION.events
        events.register("provide-client-params.*.*", self._before)
        events.register("after-call.*.*", self._after)

    @contextmanager
    def counting(self, turns: int = 1) -> Iterator[dict[str, float]]:
        """Yield a dict that is filled at the end with the mean counts of `turns`."""
        means: dict[str, float] = {}
        start = self._log.stat().st_size
        self._own.clear()
        yield means
        with self._log.open("rb") as log:
            log.seek(start)
            total = Counter(map(_kind, S3_REQUEST.findall(log.read().decode(errors="replace"))))
        total["get"] -= self._own["waiting"]
        means.update({name: round(count / turns, 1) for name, count in sorted((total | self._own).items())})

    def _before(self, params: dict[str, Any], model: Any, **_: Any) -> None:  # noqa: ANN401 - botocore's
        service, name = model.service_model.service_name, model.name
        if name == "StartQueryExecution":
            query = re.match(r"(\s|--.*\n)*(WITH|SELECT)", params["QueryString"])
            self._own["queries" if query else "statements"] += 1
        elif service == "glue" and re.search("Table|Partition|Database", name):
            self._own["catalog"] += 1
        elif service == "s3" and name in ("GetObject", "HeadObject") and _waits(params["Key"]):
            self._own["waiting"] += 1

    def _after(self, http_response: Any, model: Any, **_: Any) -> None:  # noqa: ANN401 - botocore's
        if model.name != "HeadObject":  # its length is that of a body that is not sent
            self._own["bytes"] += int(http_response.headers.get("content-length", 0))


def _kind(request: tuple[str, str]) -> str:
    method, path = request
    of_bucket = "/" not in path.split("?")[0].strip("/")
    return "list" if method == "GET" and of_bucket else KINDS[method]


def _waits(key: str) -> bool:
    return key.startswith(PIPES_PREFIX) and bool(re.search(r"/\d+\.json$", key))


def seed(bucket: str, database: str) -> None:
    """Store, clean and register two weeks up to the previous hour, and an hour of two months ago.

    The history has the days before yesterday, as when the daily job runs.
    """
    store, feed, now = BucketStore(bucket), Simulator(), hour_of(utc_now())
    hours = [now - timedelta(days=60), *(now - n * HOUR for n in range(24 * LEDGER_DAYS, 0, -1))]
    for hour in hours:
        for snapshot in feed.recorded(hour):
            store_or_quarantine(
                store, FeedResponse(OPENDATA, snapshot.response.bodies), snapshot.taken_at, hour
            )
    hour_list = ",".join(map(hour_text, hours))
    job = ["--bucket", bucket, "--database", database, "--register", "true"]
    glue_job.main([*job, f"--hours={hour_list}"])
    last = newest_closed_day() - DAY
    glue_job.main([*job, f"--history={day_text(hours[1].date())}..{day_text(last)}"])


def by_dagster(counts: Counts, settings: Settings, ticks: int) -> dict[str, dict[str, float]]:
    """Count ticks and one evaluation of each sensor."""
    defs = build_defs(settings)
    requests = {}
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        _tick(defs, instance)  # creates the views, which later ticks do not change
        with counts.counting(ticks) as requests["tick.dagster"]:
            for _ in range(ticks):
                _tick(defs, instance)
        with counts.counting() as requests["daily.dagster"]:
            _day(defs, instance)
        cursor = None
        for name in ("healing", "staleness", "daily_healing"):
            sensor = defs.get_sensor_def(f"velib_{name}")
            for _ in range(2):  # the first evaluation of healing only finds its start
                with counts.counting() as requests[name]:
                    context = dg.build_sensor_context(instance, cursor, definitions=defs)
                    result = sensor.evaluate_tick(context)
                cursor = result.cursor
                print(f"{name}: {result.skip_message or result.run_requests}")
            cursor = None
    return requests


def _tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    report = run_tick(defs, instance)
    if not report.ok:
        raise SystemExit(f"the tick failed: {report.failures} {report.errors}")


def _day(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """Build the history and the daily KPIs of yesterday."""
    key = day_text(newest_closed_day())
    job = defs.resolve_job_def("velib_daily")
    if not job.execute_in_process(instance=instance, partition_key=key).success:
        raise SystemExit(f"the daily job failed for {key}")


def by_state_machine(
    counts: Counts, emulator: Emulator, machines: dict[str, str]
) -> dict[str, dict[str, float]]:
    """Count one tick and one day of the state machines, with their transitions."""
    requests = {}
    for name, machine in (("tick", "velib_pipeline"), ("daily", "velib_daily")):
        with counts.counting() as requests[f"{name}.step_functions"]:
            events = _execute(emulator, machines[machine])
        transitions = sum(event["type"].endswith("StateEntered") for event in events)
        requests[f"{name}.step_functions"]["transitions"] = float(transitions)
    return requests


def _execute(emulator: Emulator, machine: str) -> list[dict[str, Any]]:
    """Run a state machine to its end; return its history."""
    states = emulator.client("stepfunctions")
    about = json.dumps({"scheduled_at": iso_utc(utc_now())})
    arn = states.start_execution(stateMachineArn=machine, input=about)["executionArn"]
    while (state := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        time.sleep(0.2)
    if state != "SUCCEEDED":
        raise SystemExit(f"the state machine {machine} ended {state}")
    events: list[dict[str, Any]] = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return events


def text_of(requests_by_case: dict[str, dict[str, float]]) -> str:
    """Format work.toml."""
    parts = [f'{FILE_HEADER}measured = "{utc_now():%Y-%m-%d}, on the emulator"\n']
    for name, numbers in requests_by_case.items():
        parts.append(f"\n[{name}]\n" + "".join(f"{key} = {value:g}\n" for key, value in numbers.items()))
    return "".join(parts)


def main() -> None:
    """Deploy, seed, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ticks", type=int, default=4)
    parser.add_argument("--write", action="store_true", help=f"write {WORK_FILE.name}")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # no real account is ever used
    with tempfile.TemporaryDirectory() as folder, LocalServer() as city:
        root = Path(folder)
        package.build(root / "build")
        with Emulator(settings={"LOG_LEVEL": "DEBUG"}) as emulator:
            stack = Deployment(root / "terraform", emulator.env(), root / "build")
            stack.init()
            stack.apply(opendata_url=city.url)
            os.environ.update(emulator.env())
            settings = stack.settings(VELIB_SCHEDULE="on")
            seed(settings.names.bucket, settings.names.database)
            counts = Counts(emulator)
            while utc_now() - slot_of(utc_now()) > SLOT - timedelta(minutes=5) or utc_now().minute < QUARTER:
                time.sleep(5)  # a tick must end within its slot
            moments = [utc_now() + n * SLOT for n in range(options.ticks + 2)]  # each tick is different
            bodies = [Simulator().fetch(at).bodies["body"] for at in moments]
            city.queue(EXPORT_PATH, *(Reply(body=body) for body in bodies))
            requests = by_dagster(counts, settings, options.ticks)
            yesterday = history_day_key(newest_closed_day())  # the state machine builds it again
            emulator.client("s3").delete_object(Bucket=settings.names.bucket, Key=yesterday)
            requests |= by_state_machine(counts, emulator, stack.output("state_machine_arns"))
    text = text_of(requests)
    print(text)
    if options.write:
        WORK_FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
