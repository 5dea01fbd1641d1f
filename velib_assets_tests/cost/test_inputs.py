"""The inputs of the bill: defaults of infra/, sizes in the lake, the deployed stack."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from velib_assets.aws.api import AwsError
from velib_assets.aws.names import Names
from velib_assets.cost import inputs as module
from velib_assets.cost.bill import make_bill
from velib_assets.cost.inputs import DeployedInputs, Inputs
from velib_assets.defs.build import SENSOR_INTERVALS
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, daily_kpi_key, history_day_key, history_month_key, raw_key
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.settings import CHECKOUT

NAMES = Names("a-bucket")
HOUR = datetime(2026, 11, 23, 10, tzinfo=UTC)


def default_of(variable: str) -> str:
    text = "\n".join(file.read_text() for file in (CHECKOUT / "infra").glob("variables*.tf"))
    match = re.search(rf'variable "{variable}" {{.*?default\s*=\s*"?([^"\n]*)', text, re.DOTALL)
    assert match, variable
    return match[1]


def test_defaults_are_those_of_infra() -> None:
    inputs = Inputs()
    for variable, value in {
        "orchestrator": inputs.orchestrator,
        "catalog_mode": inputs.catalog_mode,
        "clean_runtime": {"pythonshell": "glue_shell"}[inputs.job_type],
        "clean_lambda_memory": inputs.clean_memory,
        "schedule_expression": f"cron(0/{inputs.every} * * * ? *)",
        "raw_cold_after_days": inputs.raw_cold_after,
        "temporary_days": inputs.temporary_days,
        "old_version_days": inputs.old_version_days,
        "log_retention_days": inputs.log_days,
    }.items():
        assert default_of(variable) == str(value)
    names = (CHECKOUT / "infra" / "variables_names.tf").read_text()
    assert (
        default_of("network") + re.findall(r'schedule_name, "\$\{var.network\}(\w+)"', names)[0]
        == module.SCHEDULE
    )
    assert (
        f"memory_size                    = {inputs.memory}\n"
        in (CHECKOUT / "infra" / "lambda.tf").read_text()
    )
    assert f": {inputs.shell_dpu}\n" in (CHECKOUT / "infra" / "glue.tf").read_text()
    intervals = (inputs.healing_seconds, inputs.staleness_seconds, inputs.daily_healing_seconds)
    assert intervals == SENSOR_INTERVALS["aws"]


def test_sizes_are_those_of_the_newest_complete_day(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    inputs = Inputs()
    inputs.set_sizes(store)
    assert inputs.table == Inputs().table
    day, today = HOUR - timedelta(days=1), HOUR
    for moment, size in ((day, 100), (day + timedelta(minutes=15), 200), (today, 999)):
        store.create(raw_key(moment), b"x" * size)
    store.create(clean_key(day), b"x" * 40)
    store.create(clean_key(today), b"x" * 999)
    inputs.set_sizes(store)
    assert (inputs.raw_bytes, inputs.clean_bytes) == (150, 40)
    basis = inputs.table["raw_bytes"]["basis"]
    assert basis == f"measured: date=2026-11-22 in {store.address('')}, files: 2"


def test_sizes_of_the_daily_layer_are_those_of_its_newest_but_one_day(tmp_path: Path) -> None:
    """The files of closed months do not count, and the day may be in the month before."""
    store, inputs = FolderStore(tmp_path), Inputs()
    days = [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
    for size, day in enumerate(days, 1):
        store.create(history_day_key(day), b"x" * size * 1000)
        for kpi in DAILY_KPIS:
            store.create(daily_kpi_key(kpi.name, day), b"x" * size * 10)
    store.create(history_month_key(days[0]), b"x" * 9999)
    inputs.set_sizes(store)
    assert (inputs.history_bytes, inputs.daily_kpi_bytes) == (2000, 60)
    address = store.address(history_day_key(days[1]))
    assert inputs.table["history_bytes"]["basis"] == f"measured: {address}"
    kpis = f"measured: date=2026-10-31 in {store.address('kpi/source=velib/')}, files: 3"
    assert inputs.table["daily_kpi_bytes"]["basis"] == kpis


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    """Clients with queued responses; any other call fails."""
    made: dict[str, Stubber] = {}
    clients: dict[str, Any] = {}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for service in ("lambda", "cloudwatch", "glue", "scheduler", "s3"):
        clients[service] = boto3.client(service, "us-east-1")
        made[service] = Stubber(clients[service])
        made[service].activate()
    monkeypatch.setattr(module, "client", lambda service, _region: clients[service])
    monkeypatch.setattr(module, "account_of", lambda _region: "000000000000")
    monkeypatch.setattr(Inputs, "set_sizes", lambda _self, _lake: None)
    yield made
    for stub in made.values():
        stub.assert_no_pending_responses()


def run(seconds: int, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    return {"JobRunState": state, "ExecutionTime": seconds, **more}


def stub_lambda(aws: dict[str, Stubber], *, memory: int, milliseconds: list[float]) -> None:
    points = [{"Average": value} for value in milliseconds]
    aws["lambda"].add_response("get_function_configuration", {"MemorySize": memory})
    aws["cloudwatch"].add_response("get_metric_statistics", {"Datapoints": points})


def stub_glue(aws: dict[str, Stubber], job: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    aws["glue"].add_response("get_job", {"Job": job})
    aws["glue"].add_response("get_job_runs", {"JobRuns": runs})


def stub_schedule(aws: dict[str, Stubber], state: str, expression: str) -> None:
    aws["scheduler"].add_response("get_schedule", {"State": state, "ScheduleExpression": expression})


def stub_bucket(
    aws: dict[str, Stubber],
    *,
    algorithm: str = "AES256",
    bucket_key: bool = False,
    cold_after: int | None = 90,
) -> None:
    expected = {"Bucket": NAMES.bucket, "ExpectedBucketOwner": "000000000000"}
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm},
        "BucketKeyEnabled": bucket_key,
    }
    aws["s3"].add_response(
        "get_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}, expected
    )
    raw_rule: dict[str, Any] = {
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "raw/", "ObjectSizeGreaterThan": 32768}},
        "Transitions": [{"Days": cold_after or 90, "StorageClass": "GLACIER_IR"}],
    }
    others = [
        {"Status": "Enabled", "Filter": {"Prefix": "quarantine/"}, "Expiration": {"Days": 180}},
        {"Status": "Disabled", **{name: raw_rule[name] for name in ("Filter", "Transitions")}},
    ]
    rules = others if cold_after is None else [raw_rule, *others]
    aws["s3"].add_response("get_bucket_lifecycle_configuration", {"Rules": rules}, expected)


@pytest.mark.parametrize(
    ("algorithm", "bucket_key", "encryption", "share"),
    [
        ("AES256", False, "sse_s3", 0.1),
        ("aws:kms", True, "sse_kms", 0.1),
        ("aws:kms:dsse", True, "sse_kms", 0.1),
        ("aws:kms", False, "sse_kms", 1),
    ],
)
def test_key_and_lifecycle_of_the_bucket_are_read(
    aws: dict[str, Stubber], algorithm: str, bucket_key: bool, encryption: str, share: float
) -> None:
    stub_lambda(aws, memory=256, milliseconds=[])
    stub_glue(aws, {"Command": {"Name": "pythonshell"}}, [])
    stub_schedule(aws, "DISABLED", "rate(15 minutes)")
    stub_bucket(aws, algorithm=algorithm, bucket_key=bucket_key, cold_after=30)
    stack = DeployedInputs(NAMES, "api")
    assert stack.warnings == []
    assert (stack.encryption, stack.kms_share, stack.raw_cold_after) == (encryption, share, 30)
    assert stack.table["encryption"]["basis"] == "measured: the bucket a-bucket"


def test_raw_stays_in_the_warm_class_without_a_rule(aws: dict[str, Stubber]) -> None:
    stub_lambda(aws, memory=256, milliseconds=[])
    stub_glue(aws, {"Command": {"Name": "pythonshell"}}, [])
    stub_schedule(aws, "DISABLED", "rate(15 minutes)")
    stub_bucket(aws, cold_after=None)
    bill = make_bill(DeployedInputs(NAMES, "api"))
    quantities = {line["name"]: line["month_12"]["quantity"] for line in [*bill["lines"], *bill["rebuild"]]}
    assert (quantities["s3_cold"], quantities["s3_moves"], quantities["cold_gb"]) == (0, 0, 0)


def test_deployed_stack_is_read(aws: dict[str, Stubber]) -> None:
    """Runs count with their median, so that a backfill of an hour does not matter."""
    stub_lambda(aws, memory=512, milliseconds=[2500.0])
    runs = [run(70), run(80), run(3600), run(5, "FAILED"), run(70), run(500, WorkerType="G.1X")]
    stub_glue(aws, {"Command": {"Name": "pythonshell"}, "MaxCapacity": 1.0}, runs)
    stub_schedule(aws, "ENABLED", "rate(5 minutes)")
    start = datetime(2026, 11, 23, tzinfo=UTC)
    crawl = {
        "State": "COMPLETED",
        "DPUHour": 0.5,
        "StartTime": start,
        "EndTime": start + timedelta(seconds=900),
    }
    aws["glue"].add_response("list_crawls", {"Crawls": [crawl, {"State": "FAILED"}]})
    stub_bucket(aws)
    stack = DeployedInputs(NAMES, "crawler")
    assert stack.warnings == []
    assert (stack.memory, stack.lambda_seconds, stack.shell_dpu, stack.shell_seconds) == (512, 2.5, 1.0, 75)
    assert (stack.orchestrator, stack.every, stack.catalog_mode) == ("step_functions", 5, "crawler")
    assert (stack.crawl_seconds, stack.crawl_dpu) == (900, 2)
    assert stack.table["shell_seconds"]["basis"] == "measured: the last 4 runs of velib_clean_job"


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [
        ("rate(15 minutes)", 15),
        ("rate(1 hour)", 60),
        ("cron(0/5 * * * ? *)", 5),
        ("cron(20 0 * * ? *)", 15),  # uneven: the default stays
    ],
)
def test_schedule_expression_gives_the_interval(
    aws: dict[str, Stubber], expression: str, minutes: float
) -> None:
    stub_lambda(aws, memory=256, milliseconds=[])
    stub_glue(aws, {"Command": {"Name": "pythonshell"}}, [])
    stub_schedule(aws, "ENABLED", expression)
    stub_bucket(aws)
    assert DeployedInputs(NAMES, "api").every == minutes


def test_spark_job_is_read_as_its_runs_were_billed(aws: dict[str, Stubber]) -> None:
    """Auto-scaling bills fewer workers than the job may have."""
    stub_lambda(aws, memory=256, milliseconds=[])
    job = {"Command": {"Name": "glueetl"}, "WorkerType": "G.1X", "NumberOfWorkers": 4}
    stub_glue(aws, job, [run(100, WorkerType="G.1X", DPUSeconds=200.0)])
    stub_schedule(aws, "DISABLED", "rate(1 minute)")
    stub_bucket(aws)
    stack = DeployedInputs(NAMES, "api")
    assert (stack.job_type, stack.spark_dpu, stack.spark_seconds) == ("glueetl", 2, 100)
    assert (stack.orchestrator, stack.every, stack.lambda_seconds) == ("dagster", 15, Inputs().lambda_seconds)


def test_function_that_cleans_is_read_instead_of_the_job(aws: dict[str, Stubber]) -> None:
    """Its calls count with their median, as the job's runs do."""
    stub_lambda(aws, memory=256, milliseconds=[])
    function = {"FunctionName": "velib_clean_lambda"}
    aws["lambda"].add_response("get_function_configuration", {"MemorySize": 3008}, function)
    points = [{"ExtendedStatistics": {"p50": 1500.0}}]
    aws["cloudwatch"].add_response("get_metric_statistics", {"Datapoints": points})
    stub_schedule(aws, "DISABLED", "rate(15 minutes)")
    stub_bucket(aws)
    stack = DeployedInputs(NAMES, "api", "lambda")
    assert stack.warnings == []
    assert (stack.clean_memory, stack.clean_seconds) == (3008, 1.5)


def test_what_aws_refuses_stays_assumed_and_is_reported(aws: dict[str, Stubber]) -> None:
    aws["lambda"].add_client_error("get_function_configuration", "AccessDeniedException", "no")
    aws["cloudwatch"].add_client_error("get_metric_statistics", "AccessDenied", "no")
    aws["glue"].add_client_error("get_job", "EntityNotFoundException", "no such job")
    aws["glue"].add_response("get_job_runs", {"JobRuns": []})
    aws["scheduler"].add_client_error("get_schedule", "ResourceNotFoundException", "no such schedule")
    aws["s3"].add_client_error("get_bucket_encryption", "AccessDenied", "no")
    aws["s3"].add_client_error("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration", "no")
    stack, expected = DeployedInputs(NAMES, "api"), Inputs()
    expected.set("set: VELIB_CATALOG_MODE", catalog_mode="api")
    assert stack.table == expected.table
    assert len(stack.warnings) == 6
    assert any("needs the permission s3:GetEncryptionConfiguration" in text for text in stack.warnings)
    assert "lambda:GetFunctionConfiguration on velib_ingest_lambda was refused" in stack.warnings[0]


def test_missing_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_account(_region: str) -> str:
        raise AwsError("no AWS credentials were found")

    monkeypatch.setattr(module, "account_of", no_account)
    with pytest.raises(AwsError, match="no AWS credentials"):
        DeployedInputs(NAMES, "api")
