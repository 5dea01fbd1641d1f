"""The values that the bill depends on, each with its basis: assumed, or as deployed and measured."""

import re
import tomllib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

from velib_assets.aws.api import AwsError, account_of, call, client
from velib_assets.aws.names import Names
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import raw_time, source_prefix
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import KEY
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_kpis import DAILY_KPIS

FOLDER = Path(__file__).parent
WORK_FILE = FOLDER / "work.toml"  # written by benchmarks/bench_aws_requests.py
DAYS, HOURS = 30, 720  # of a month
GB = 1e9
_NEVER = 1_000_000  # days
SCHEDULE = f"{KEY}_pipeline_schedule"
_EVERY = re.compile(r"(?:rate\(|cron\([0*]/)(\d+) (minute|hour|day|\* )")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "* ": 1}


class Inputs:
    """The values of inputs.toml, read as attributes (`inputs.memory`), the prices and the measured counts."""

    def __init__(self) -> None:
        texts = [(FOLDER / f"{name}.toml").read_text("utf-8") for name in ("inputs", "prices", "work")]
        self.table, self.prices, self.counts = map(tomllib.loads, texts)
        self.warnings: list[str] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a number or a text, depending on the name
        return self.table[name]["value"]

    def set(self, basis: str, **values: float | str | None) -> None:
        """Replace values, which get this basis; None leaves a value as it is."""
        for name, value in values.items():
            if value is not None:
                self.table[name] |= {"value": value, "basis": basis}

    def set_sizes(self, lake: LakeStore) -> None:
        """Replace the file sizes by the means of the lake's newest but one day, or of its only day."""
        for date in lake.folders(source_prefix("clean"))[-2:][:1]:
            for layer in ("raw", "clean"):
                files = lake.walk(f"{source_prefix(layer)}{date}/")
                sizes = [file.size for file in files if raw_time(file.key) or file.key.endswith(".parquet")]
                if sizes:
                    basis = f"measured: {date} in {lake.address('')}, files: {len(sizes)}"
                    self.set(basis, **{f"{layer}_bytes": mean(sizes)})
        self._set_daily_sizes(lake)

    def _set_daily_sizes(self, lake: LakeStore) -> None:
        """Replace the sizes of the daily layer by those of the newest but one day, or of its only day."""
        history = source_prefix("history")
        months = [name for name in lake.folders(history) if name.startswith("month=")][-2:]
        files = [file for month in months for file in lake.walk(f"{history}{month}/")]
        for file in [file for file in files if file.key.endswith(".parquet")][-2:][:1]:
            self.set(f"measured: {lake.address(file.key)}", history_bytes=file.size)
        kpis = [f"{source_prefix('kpi')}{kpi.name}/" for kpi in DAILY_KPIS]
        for date in lake.folders(kpis[-1])[-2:][:1]:  # the last one completes the day
            sizes = [file.size for folder in kpis for file in lake.list(f"{folder}{date}/")]
            basis = f"measured: {date} in {lake.address(source_prefix('kpi'))}, files: {len(sizes)}"
            self.set(basis, daily_kpi_bytes=sum(sizes))

    @property
    def by_dagster(self) -> bool:
        """Whether Dagster starts the ticks."""
        return bool(self.orchestrator == "dagster")

    @property
    def ticks(self) -> float:
        """Ticks per month."""
        return HOURS * 60 / float(self.every)

    @property
    def per_day(self) -> float:
        """Ticks per day."""
        return 1440 / float(self.every)

    def monthly(self, name: str) -> float:
        """Add up a count of work.toml, such as `put`, over a month's ticks, days and sensor evaluations."""
        total = self.ticks * self.counts["tick"][self.orchestrator].get(name, 0)
        total += DAYS * self.counts["daily"][self.orchestrator].get(name, 0)
        for sensor in ("healing", "staleness", "daily_healing") if self.by_dagster else ():
            evaluations = HOURS * 3600 / self.table[f"{sensor}_seconds"]["value"]
            total += evaluations * self.counts[sensor].get(name, 0)
        return float(total)


class DeployedInputs(Inputs):
    """Inputs of the deployed stack. What AWS refuses to show stays assumed, with a message in `warnings`.

    Raises:
        AwsError: there are no credentials, or AWS cannot be reached.
    """

    def __init__(self, names: Names, catalog_mode: str, clean_runtime: str = "glue_shell") -> None:
        super().__init__()
        self.names = names
        self.set("set: VELIB_CATALOG_MODE", catalog_mode=catalog_mode)
        by_function = clean_runtime == "lambda"
        self.account = account_of(names.region)
        lake = BucketStore(names.bucket, self.account, names.region)
        steps: list[Callable[[], None]] = [self._function, self._durations]
        steps += [self._clean_function, self._clean_durations] if by_function else [self._job, self._runs]
        steps += [
            self._schedule,
            self._crawls,
            self._encryption,
            self._lifecycle,
            partial(self.set_sizes, lake),
        ]
        for step in steps:
            try:
                step()
            except AwsError as error:
                if not error.code:
                    raise
                self.warnings.append(str(error))

    def _get(self, service: str, method: str, resource: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
        return call(client(service, self.names.region), method, resource, **arguments)

    def _function(self) -> None:
        name = self.names.function
        function = self._get("lambda", "get_function_configuration", name, FunctionName=name)
        self.set(f"measured: the function {name}", memory=function["MemorySize"])

    def _durations(self) -> None:
        name = self.names.function
        if points := self._duration(name, Statistics=["Average"]):
            basis = f"measured: CloudWatch, 14 days of {name}, without cold starts"
            self.set(basis, lambda_seconds=mean(point["Average"] for point in points) / 1000)

    def _clean_function(self) -> None:
        name = self.names.clean_function
        function = self._get("lambda", "get_function_configuration", name, FunctionName=name)
        self.set(f"measured: the function {name}", clean_memory=function["MemorySize"])

    def _clean_durations(self) -> None:
        """Take the median of the calls, in which a long backfill does not count."""
        name = self.names.clean_function
        if points := self._duration(name, ExtendedStatistics=["p50"]):
            seconds = mean(point["ExtendedStatistics"]["p50"] for point in points) / 1000
            self.set(f"measured: CloudWatch, 14 days of {name}, the median", clean_seconds=seconds)

    def _duration(self, name: str, **statistics: list[str]) -> Any:  # noqa: ANN401 - boto3's
        now, function = utc_now(), [{"Name": "FunctionName", "Value": name}]
        metric = {"Namespace": "AWS/Lambda", "MetricName": "Duration", **statistics}
        period = {"StartTime": now - timedelta(days=14), "EndTime": now, "Period": 14 * 86400}
        arguments = {"Dimensions": function, **metric, **period}
        resource = f"the durations of {name}"
        return self._get("cloudwatch", "get_metric_statistics", resource, **arguments)["Datapoints"]

    def _job(self) -> None:
        name = self.names.job
        job = self._get("glue", "get_job", name, JobName=name)["Job"]
        basis = f"measured: the job {name}"
        self.set(basis, job_type=job["Command"]["Name"], shell_dpu=job.get("MaxCapacity"))
        self.set(basis, spark_dpu=job.get("NumberOfWorkers"))  # of type G.1X, which is one DPU

    def _runs(self) -> None:
        """Take the median of the last runs, in which a long backfill does not count."""
        name, spark = self.names.job, self.job_type == "glueetl"
        runs = self._get("glue", "get_job_runs", name, JobName=name, MaxResults=100)["JobRuns"]
        runs = [r for r in runs if r["JobRunState"] == "SUCCEEDED" and bool(r.get("WorkerType")) == spark]
        basis = f"measured: the last {len(runs)} runs of {name}"
        if runs:
            seconds = median(run["ExecutionTime"] for run in runs)
            self.set(basis, **{"spark_seconds" if spark else "shell_seconds": seconds})
        billed = [run["DPUSeconds"] / run["ExecutionTime"] for run in runs if run.get("DPUSeconds")]
        if spark and billed:  # auto-scaling bills fewer workers than the job may have
            self.set(basis, spark_dpu=median(billed))

    def _schedule(self) -> None:
        """Find the orchestrator: the schedule in AWS is enabled only with step_functions."""
        schedule = self._get("scheduler", "get_schedule", f"the schedule {SCHEDULE}", Name=SCHEDULE)
        basis, enabled = f"measured: the schedule {SCHEDULE}", schedule["State"] == "ENABLED"
        self.set(basis, orchestrator="step_functions" if enabled else "dagster")
        if enabled and (every := _EVERY.match(schedule["ScheduleExpression"])):
            self.set(basis, every=float(every[1]) * _MINUTES[every[2]])

    def _crawls(self) -> None:
        name = self.names.crawler
        if self.catalog_mode != "crawler":
            return
        crawls = self._get("glue", "list_crawls", name, CrawlerName=name, MaxResults=20)["Crawls"]
        if crawls := [c for c in crawls if c.get("State") == "COMPLETED" and c.get("DPUHour")]:
            seconds = median((crawl["EndTime"] - crawl["StartTime"]).total_seconds() for crawl in crawls)
            hours = median(crawl["DPUHour"] for crawl in crawls)
            dpu = hours * 3600 / max(self.min_crawl_seconds, seconds)
            self.set(
                f"measured: the last {len(crawls)} crawls of {name}", crawl_seconds=seconds, crawl_dpu=dpu
            )

    def _encryption(self) -> None:
        settings = self._bucket("get_bucket_encryption")["ServerSideEncryptionConfiguration"]["Rules"][0]
        with_key = settings["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"].startswith("aws:kms")
        basis = f"measured: the bucket {self.names.bucket}"
        self.set(basis, encryption="sse_kms" if with_key else "sse_s3")
        if with_key and not settings.get("BucketKeyEnabled"):
            self.set(f"{basis}, without a bucket key", kms_share=1)

    def _lifecycle(self) -> None:
        """Find when raw moves to the colder class; without a rule, never."""
        days = [_NEVER]
        for rule in self._bucket("get_bucket_lifecycle_configuration")["Rules"]:
            scope = rule.get("Filter", {})
            if rule["Status"] == "Enabled" and scope.get("And", scope).get("Prefix") == "raw/":
                moves = rule.get("Transitions", [])
                days += [move["Days"] for move in moves if move.get("StorageClass") == "GLACIER_IR"]
        self.set(f"measured: the bucket {self.names.bucket}", raw_cold_after=min(days))

    def _bucket(self, method: str) -> Any:  # noqa: ANN401 - boto3's
        name = self.names.bucket
        return self._get("s3", method, f"s3://{name}", Bucket=name, ExpectedBucketOwner=self.account)
