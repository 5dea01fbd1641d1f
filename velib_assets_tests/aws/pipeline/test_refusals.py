"""A refusal of AWS is one line: which call, on what, and what it needs. Never a traceback."""

from typing import Any

import boto3
import dagster as dg
import pytest
from botocore.config import Config
from click.testing import CliRunner, Result

from velib_assets.aws import api
from velib_assets.cli.commands import main
from velib_assets.cli.runs import run_hours, run_tick
from velib_assets.lake import bucket_store
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.keys import clean_key, raw_key
from velib_assets.query.engine import QueryError
from velib_assets.resources import build_resources
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import JOB, hour, serve, snapshot, steady_now
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.samples import raw, records

ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def velib(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `velib` with the settings of the deployment; keyword arguments change them, None removes one."""

    def run(*arguments: str, **changes: str | None) -> Result:
        for name, value in {**cloud.terraform.environment(), **changes}.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        forget_clients()
        return CliRunner().invoke(main, arguments)

    yield run
    forget_clients()


def forget_clients() -> None:
    """Drop the cached clients, which keep their credentials."""
    boto3.DEFAULT_SESSION = None
    bucket_store._client.cache_clear()
    api.client.cache_clear()
    api.bucket_client.cache_clear()


@pytest.mark.parametrize(
    ("command", "changes", "message"),
    [
        (
            "status",
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
            "no AWS credentials were found for sts",
        ),
        ("status", {"VELIB_BUCKET": "velib-elsewhere", **ROOT}, "s3://velib-elsewhere/raw/"),
        (
            "query SELECT\n1",
            {"VELIB_WORKGROUP": "absent"},
            "athena:StartQueryExecution on the workgroup absent",
        ),
        ("query SELECT\n1", {"VELIB_WORKGROUP": "absent", **ROOT}, "WorkGroup"),
        ("audit", {"VELIB_CRAWLER": "absent", **ROOT}, "glue:GetCrawler on the crawler absent"),
        ("status", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "could not be reached"),
    ],
    ids=["credentials", "bucket", "not-allowed", "workgroup", "crawler", "unreachable"],
)
def test_command_ends_with_one_line(
    velib: Any, command: str, changes: dict[str, str | None], message: str
) -> None:
    result = velib(*command.split(" "), **changes)
    assert result.exit_code in (1, 2)
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("velib: ")
    assert message in result.stderr


def test_missing_permission_is_named(cloud: Cloud, velib: Any) -> None:
    iam = cloud.root("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    result = velib("status", **keys)
    assert result.exit_code == 1
    assert "the caller needs the permission s3:ListBucket" in result.stderr


def test_bucket_of_another_account_is_not_written(lake: BucketStore) -> None:
    """Bucket names are global: a mistyped one may belong to somebody else."""
    strange = BucketStore(lake.bucket, account="999999999999")
    with pytest.raises(OSError, match=r"s3:PutObject on s3://\S+ was refused: AccessDenied"):
        strange.create("raw/x", b"")


@pytest.mark.usefixtures("lake")
def test_missing_function_fails_the_tick_with_a_message(
    cloud: Cloud, city: LocalServer, instance: dg.DagsterInstance
) -> None:
    serve(city, snapshot(steady_now()))
    report = run_tick(cloud.defs(VELIB_LAMBDA="absent"), instance)
    (message,) = report.failures[report.requested[0]]
    assert "lambda:Invoke on the function absent was refused" in message
    assert report.errors == []


def test_missing_job_leaves_the_clean_file_unchanged(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    lake.create(raw_key(hour(4, 10)), raw(records()).data)
    report = run_hours(cloud.defs(VELIB_GLUE_JOB="absent"), instance, [hour(4, 10)])
    (message,) = report.failures[hour(4, 10)]
    assert "glue:StartJobRun on the job absent was refused" in message
    assert (report.errors, cloud.keys("clean/")) == ([], [])


def test_broken_job_is_reported_with_its_message_and_healed(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    """Somebody overwrites the script; then that of Terraform is restored."""
    lake.create(raw_key(hour(4, 10)), raw(records()).data)
    s3, key = cloud.root("s3"), "glue/scripts/velib_clean_job.py"
    script = s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"raise RuntimeError('no memory left')")
    report = run_hours(cloud.defs(), instance, [hour(4, 10)])
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=script)
    (message,) = report.failures[hour(4, 10)]
    assert "ended FAILED: RuntimeError: no memory left" in message
    assert f"#/job/{JOB}/run/" in message
    assert run_hours(cloud.defs(), instance, [hour(4, 10)]).ok
    assert cloud.keys("clean/") == [clean_key(hour(4, 10))]


def test_query_over_the_scan_limit_fails_with_the_reason_of_athena(
    cloud: Cloud, lake: BucketStore, instance: dg.DagsterInstance
) -> None:
    lake.create(raw_key(hour(4, 10)), raw(records()).data)
    assert run_hours(cloud.defs(), instance, [hour(4, 10)]).ok
    unchecked, name = Config(parameter_validation=False), "velib_workgroup"  # boto3 validates AWS's minimum
    athena = boto3.client("athena", config=unchecked, **{k.lower(): v for k, v in ROOT.items()})
    before = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    limit = {"ConfigurationUpdates": {"BytesScannedCutoffPerQuery": 1}}
    athena.update_work_group(WorkGroup=name, **limit)
    engine = build_resources(cloud.settings()).query_engine
    try:
        with pytest.raises(QueryError, match=r"(?i)bytes scanned limit.*athena/home\?region"):
            engine.query("SELECT count(*) FROM source_velib")
    finally:
        whole = {"BytesScannedCutoffPerQuery": before["BytesScannedCutoffPerQuery"]}
        athena.update_work_group(WorkGroup=name, ConfigurationUpdates=whole)
    assert len(engine.query("SELECT * FROM source_velib")) == 40


@pytest.mark.parametrize(
    "sql", ["DROP TABLE source_velib", "INSERT INTO x VALUES (1)", "-- SELECT\nUNLOAD (SELECT 1)"]
)
def test_only_read_only_queries_run(cloud: Cloud, sql: str) -> None:
    with pytest.raises(QueryError, match="only read-only queries"):
        build_resources(cloud.settings()).query_engine.query(sql)
