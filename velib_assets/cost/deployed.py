"""The bill's inputs as they are deployed: settings, durations and sizes, read from AWS.

Belongs here: asking AWS, and going on with what is assumed where it refuses. Does not: that (inputs).
"""

import re
import statistics
from datetime import timedelta
from typing import Any

from velib_assets.aws.api import AwsError, account_of, call, client
from velib_assets.aws.names import Names
from velib_assets.cost.inputs import Inputs
from velib_assets.cost.sizes import with_sizes
from velib_assets.cost.usage import LEAST_CRAWL
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.listing import utc_now

SCHEDULE = "velib_pipeline_schedule"
LOOK_BACK = timedelta(days=14)
RUNS, CRAWLS = 100, 20  # the last ones are looked at
_WORKERS = {"G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}  # DPU
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\([0*]/(\d+) \* ")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def deployed(names: Names, catalog_mode: str) -> tuple[Inputs, list[str]]:
    """The inputs, and what AWS refused to tell, a line each.

    Raises:
        AwsError: where no credentials are there, or AWS is not.
    """
    inputs = Inputs().known("set: VELIB_CATALOG_MODE", catalog_mode=catalog_mode)
    store, refused = BucketStore(names.bucket, account_of(names.region), names.region), []
    steps = (
        _function,
        _calls,
        _job,
        _runs,
        _schedule,
        _crawls,
        lambda inputs, _: with_sizes(inputs, store),
    )
    for step in steps:
        try:
            inputs = step(inputs, names)
        except AwsError as error:
            if not error.code:
                raise
            refused.append(str(error))
    return inputs, refused


def _function(inputs: Inputs, names: Names) -> Inputs:
    found = _ask("lambda", "get_function_configuration", names, names.function, FunctionName=names.function)
    return inputs.known(f"measured: the function {names.function}", memory=found["MemorySize"])


def _calls(inputs: Inputs, names: Names) -> Inputs:
    """How long the function takes; its cold starts, which CloudWatch counts apart, are left out."""
    points = _ask(
        "cloudwatch",
        "get_metric_statistics",
        names,
        f"the durations of {names.function}",
        Namespace="AWS/Lambda",
        MetricName="Duration",
        Dimensions=[{"Name": "FunctionName", "Value": names.function}],
        StartTime=utc_now() - LOOK_BACK,
        EndTime=utc_now(),
        Period=int(LOOK_BACK.total_seconds()),
        Statistics=["Average"],
    )["Datapoints"]
    if not points:
        return inputs
    seconds = statistics.mean(point["Average"] for point in points) / 1000
    basis = f"measured: CloudWatch, {LOOK_BACK.days} days of {names.function}, without cold starts"
    return inputs.known(basis, lambda_seconds=seconds)


def _job(inputs: Inputs, names: Names) -> Inputs:
    job = _ask("glue", "get_job", names, names.job, JobName=names.job)["Job"]
    kind, basis = job["Command"]["Name"], f"measured: the job {names.job}"
    inputs = inputs.known(basis, job_type=kind)
    if kind == "pythonshell":
        return inputs.known(basis, shell_dpu=job.get("MaxCapacity") or inputs.shell_dpu)
    dpu = _WORKERS.get(job.get("WorkerType", ""), 1) * job.get("NumberOfWorkers", inputs.spark_dpu)
    return inputs.known(f"{basis}, at most", spark_dpu=dpu)


def _runs(inputs: Inputs, names: Names) -> Inputs:
    """The median of the last runs: a backfill among them counts as one."""
    runs = _ask("glue", "get_job_runs", names, names.job, JobName=names.job, MaxResults=RUNS)["JobRuns"]
    spark = inputs.job_type == "glueetl"
    done = [r for r in runs if r["JobRunState"] == "SUCCEEDED" and bool(r.get("WorkerType")) == spark]
    if not done:
        return inputs
    basis = f"measured: the last {len(done)} runs of {names.job}"
    seconds = statistics.median(float(run["ExecutionTime"]) for run in done)
    if not spark:
        return inputs.known(basis, shell_seconds=seconds)
    paid = [
        run["DPUSeconds"] / run["ExecutionTime"]
        for run in done
        if run.get("DPUSeconds") and run["ExecutionTime"]
    ]
    inputs = inputs.known(basis, spark_seconds=seconds)
    return inputs.known(basis, spark_dpu=statistics.median(paid)) if paid else inputs


def _schedule(inputs: Inputs, names: Names) -> Inputs:
    """Who keeps the clock; only where the schedule fires does it also say how often."""
    schedule = _ask("scheduler", "get_schedule", names, f"the schedule {SCHEDULE}", Name=SCHEDULE)
    on, basis = schedule["State"] == "ENABLED", f"measured: the schedule {SCHEDULE}"
    inputs = inputs.known(basis, orchestrator="step_functions" if on else "dagster")
    minutes = minutes_of(schedule["ScheduleExpression"])
    return inputs.known(basis, every=minutes) if on and minutes else inputs


def _crawls(inputs: Inputs, names: Names) -> Inputs:
    if inputs.catalog_mode != "crawler":
        return inputs
    found = _ask("glue", "list_crawls", names, names.crawler, CrawlerName=names.crawler, MaxResults=CRAWLS)[
        "Crawls"
    ]
    done = [crawl for crawl in found if crawl.get("State") == "COMPLETED" and crawl.get("DPUHour")]
    if not done:
        return inputs
    seconds = statistics.median((crawl["EndTime"] - crawl["StartTime"]).total_seconds() for crawl in done)
    hours = statistics.median(crawl["DPUHour"] for crawl in done)
    basis = f"measured: the last {len(done)} crawls of {names.crawler}"
    return inputs.known(basis, crawl_seconds=seconds, crawl_dpu=hours * 3600 / max(LEAST_CRAWL, seconds))


def minutes_of(expression: str) -> float | None:
    """Minutes between two starts of a Scheduler expression; None where it is not even."""
    if rate := _RATE.fullmatch(expression):
        return float(rate[1]) * _MINUTES[rate[2]]
    cron = _CRON.match(expression)
    return float(cron[1]) if cron else None


def _ask(service: str, method: str, names: Names, resource: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
    return call(client(service, names.region), method, resource, **arguments)
