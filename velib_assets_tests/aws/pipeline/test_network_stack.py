"""A second network in the account of the first: its stack beside Vélib's, from its feed to its history.

This process works for Vélib', so the host of the other network is a process of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from velib_assets.query.kpis import VIEWS
from velib_assets_tests.aws.calls import execution_ended, invoke, run_job
from velib_assets_tests.aws.deployment import Deployment
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.aws.pipeline.steps import steady_now
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.ingest.gbfs_city import PARTS, file, serve
from velib_assets_tests.ingest.gbfs_city import data as part_data
from velib_assets_tests.test_docs import FENCE, section

BUCKET = "velib-insights-rouen"
NAME = "Lovélo d'ici & Co"
ARCHIVED = "2022-06-04"
TABLES = {"source_rouen", "stations", "rejects_rouen", "rouen_history"}
HOST = "rouen-host"
SECTION = section("docs/aws.md", "## Another network")
(WORKSPACE,) = (body for _, body in FENCE.findall(SECTION) if "terraform -chdir=infra workspace" in body)


class Stack(NamedTuple):
    """The stack of the network `rouen`; `env` is that of its host."""

    cloud: Cloud
    terraform: Deployment
    variables: dict[str, str]
    env: dict[str, str]

    def velib(self, *command: str, **settings: str) -> str:
        """Run a command on the host; return what it prints."""
        return self.run("-m", "velib_assets.cli.commands", *command, **settings)

    def run(self, *arguments: str, **settings: str) -> str:
        """Run Python on the host; return what it prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**self.env, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout

    def keys(self, prefix: str = "") -> list[str]:
        """List the keys of the bucket below a prefix."""
        found = self.cloud.root("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def read(self, key: str) -> bytes:
        """Read an object."""
        body: bytes = self.cloud.root("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def tables(self) -> set[str]:
        """List the tables and views of the database."""
        found = self.cloud.root("glue").get_tables(DatabaseName="rouen_db_tf")["TableList"]
        return {table["Name"] for table in found}

    def execute(self, machine: str, **event: Any) -> dict[str, Any]:
        """Run a state machine to its end."""
        arn = self.terraform.output("state_machine_arns")[machine]
        started = self.cloud.root("stepfunctions").start_execution(
            stateMachineArn=arn, input=json.dumps(event)
        )
        return execution_ended(self.cloud.emulator, started["executionArn"], 180)


@pytest.fixture(scope="module")
def stack(cloud: Cloud, artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Deploy the second network as it is documented, in a workspace of its own; remove it afterwards."""
    folder = tmp_path_factory.mktemp("rouen")
    with LocalServer() as feed, ExitStack() as cleanup:
        terraform = Deployment(folder / "terraform", cloud.emulator.env(), artefacts)
        terraform.init()
        variables = {
            "bucket_name": BUCKET,
            "network": "rouen",
            "network_timezone": "Europe/Paris",
            "network_name": NAME,
            "feed": "gbfs",
            "gbfs_url": f"{serve(feed)}?key=s3cret",
        }
        cleanup.callback(terraform.destroy)
        terraform.follow(WORKSPACE, "rouen.tfvars", **variables)
        assert terraform.run("workspace", "show").strip() == "default"
        assert terraform.run("show", "-no-color").strip() == "No state."  # Vélib's own is as it was
        terraform.run("workspace", "select", "rouen")
        keys = cleanup.enter_context(host(cloud, terraform.output("dagster_policy_arn")))
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "VELIB_"))}
        settings = {**terraform.environment(), "VELIB_ALERTS": "log", "DAGSTER_HOME": str(folder / "home")}
        (folder / "home").mkdir()
        yield Stack(cloud, terraform, variables, {**inherited, **cloud.emulator.env(), **keys, **settings})


@contextmanager
def host(cloud: Cloud, policy: str) -> Iterator[dict[str, str]]:
    """Create a user with the policy of the network's host; yield its credentials."""
    iam = cloud.root("iam")
    iam.create_user(UserName=HOST)
    iam.attach_user_policy(UserName=HOST, PolicyArn=policy)
    key = iam.create_access_key(UserName=HOST)["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    iam.detach_user_policy(UserName=HOST, PolicyArn=policy)
    iam.delete_access_key(UserName=HOST, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=HOST)


def test_settings_of_the_host_say_which_network_and_hold_no_secret(stack: Stack) -> None:
    settings = stack.terraform.environment()
    assert (
        settings.items()
        >= {
            "VELIB_NETWORK": "rouen",
            "VELIB_TIMEZONE": "Europe/Paris",
            "VELIB_NETWORK_NAME": NAME,
            "VELIB_SOURCE": "gbfs",
            "VELIB_BUCKET": BUCKET,
            "VELIB_DATABASE": "rouen_db_tf",
        }.items()
    )
    assert "s3cret" not in stack.terraform.run("output", "-no-color")
    assert "s3cret" not in stack.terraform.run("show", "-no-color")
    assert stack.terraform.changes() == {}


def test_documented_commands_write_the_settings_of_the_host(stack: Stack) -> None:
    written = (stack.terraform.folder / "rouen.env").read_text(encoding="utf-8")
    assert written == stack.terraform.run("output", "-raw", "dagster_env")
    assert '\nVELIB_NETWORK="rouen"\n' in written  # no line is indented


def test_tick_of_the_network_gives_its_tables_views_and_report(stack: Stack) -> None:
    steady_now(120)
    said = stack.velib("tick")
    (raw,) = stack.keys("raw/")
    assert raw.startswith("raw/source=rouen/date=")
    assert stack.keys("network/") == ["network/source=rouen/network.json"]
    assert json.loads(stack.read("network/source=rouen/network.json"))["name"] == "LOVÉLO"
    assert [key.partition("/date=")[0] for key in stack.keys("clean/")] == ["clean/source=rouen"]
    assert "reports/rouen_report.html" in stack.keys("reports/")
    assert stack.tables() >= {*TABLES, *(view.name for view in VIEWS), "station_events"}
    query = "SELECT station_id, arrondissement, ebikes FROM source_rouen ORDER BY station_id"
    assert json.loads(stack.velib("query", query, "--format", "json")) == [
        {"station_id": "5253", "arrondissement": None, "ebikes": 2},
        {"station_id": "5288", "arrondissement": "Rive droite", "ebikes": 2},
    ]
    assert "s3cret" not in said
    assert not [key for key in stack.cloud.keys("") if "source=rouen" in key]  # of Vélib's bucket


def test_tick_without_dagster_and_the_views_of_the_state_machine(stack: Stack) -> None:
    now = steady_now()
    before = len(stack.keys("raw/"))
    done = stack.execute("rouen_pipeline", scheduled_at=now.isoformat())
    assert done["status"] == "SUCCEEDED", done
    assert len(stack.keys("raw/")) == before + 1
    views = stack.execute("rouen_kpi_views")
    assert views["status"] == "SUCCEEDED", views
    count = "SELECT count(DISTINCT station_id) AS n FROM kpi_taux_remplissage"
    assert json.loads(stack.velib("query", count, "--format", "json")) == [{"n": 2}]


def archive(folder: Path, hours: range) -> Path:
    """Write files of a GBFS feed, as a recorder does: one pair per hour."""
    for hour in hours:
        for part in PARTS:
            path = folder / f"{part}_{ARCHIVED.replace('-', '')}_{hour:02d}0500.json"
            path.write_bytes(file(part_data(part)).body)
    return folder


def test_each_runtime_cleans_a_recorded_day_and_builds_its_history(stack: Stack, tmp_path: Path) -> None:
    """The host restores raw, the three forms of cleaning give the same bytes, and Athena reads the day."""
    settings = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(archive(tmp_path, range(8, 10)))}
    stack.velib("backfill", f"{ARCHIVED}T08", f"{ARCHIVED}T09", **settings)
    prefix, hours = f"clean/source=rouen/date={ARCHIVED}/", f"{ARCHIVED}T08..{ARCHIVED}T09"
    by_job = cleaned(stack, prefix)
    assert len(by_job) == 2
    day = f"history/source=rouen/month={ARCHIVED[:7]}/date={ARCHIVED}.parquet"
    by_backfill = stack.read(day)
    forget(stack, day)
    history = run_job(stack.cloud.emulator, "rouen_clean_job", 180, history=ARCHIVED, register="true")
    assert history["JobRunState"] == "SUCCEEDED", history
    assert stack.read(day) == by_backfill
    count = "SELECT count(*) AS n FROM rouen_history"
    assert json.loads(stack.velib("query", count, "--format", "json")) == [{"n": 4}]

    stack.terraform.apply(**stack.variables, clean_runtime="lambda")
    forget(stack, prefix)
    assert invoke(stack.cloud.emulator, "rouen_clean_lambda", {"hours": hours}) == (None, {"cleaned": 2})
    assert cleaned(stack, prefix) == by_job
    error, said = invoke(stack.cloud.emulator, "rouen_clean_lambda", {"hours": hours, "network": "velib"})
    assert error
    assert "works for the network rouen, and the caller for velib" in said["errorMessage"]

    stack.terraform.apply(**stack.variables, clean_runtime="glueetl")
    forget(stack, prefix)
    on_spark = run_job(stack.cloud.emulator, "rouen_clean_job", 240, hours=hours)
    assert on_spark["JobRunState"] == "SUCCEEDED", on_spark
    assert cleaned(stack, prefix) == by_job


def test_host_retires_old_hours_only_where_the_variable_says_so(stack: Stack, tmp_path: Path) -> None:
    settings = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(archive(tmp_path, range(8, 10)))}
    stack.velib("backfill", f"{ARCHIVED}T08", f"{ARCHIVED}T09", **settings)
    steady_now(120)
    stack.velib("tick")  # days are counted back from the newest hour
    prefix = f"clean/source=rouen/date={ARCHIVED}/"
    clean = stack.keys(prefix)
    s3 = boto3.session.Session(stack.env["AWS_ACCESS_KEY_ID"], stack.env["AWS_SECRET_ACCESS_KEY"]).client(
        "s3"
    )
    assert len(clean) == 2
    assert not allowed(lambda: s3.delete_object(Bucket=BUCKET, Key=clean[0]))
    assert "VELIB_KEEP_HOURS_DAYS" not in stack.terraform.environment()

    stack.terraform.apply(**stack.variables, keep_hours_days=35)
    setting = {"VELIB_KEEP_HOURS_DAYS": stack.terraform.environment()["VELIB_KEEP_HOURS_DAYS"]}
    stack.run(
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "velib_assets.definitions",
        "-j",
        "rouen_maintenance",
        **setting,
    )
    assert stack.keys(prefix) == []
    assert stack.keys("history/source=rouen/retired/") == [
        f"history/source=rouen/retired/date={ARCHIVED}.json"
    ]
    for table, rows in {"source_rouen": 0, "rouen_history": 4}.items():
        count = f"SELECT count(*) AS n FROM {table} WHERE \"date\" = '{ARCHIVED}'"  # noqa: S608
        assert json.loads(stack.velib("query", count, "--format", "json")) == [{"n": rows}]


def cleaned(stack: Stack, prefix: str) -> dict[str, bytes]:
    """Return the clean files below a prefix."""
    return {key: stack.read(key) for key in stack.keys(prefix)}


def forget(stack: Stack, prefix: str) -> None:
    """Delete the objects below a prefix."""
    for key in stack.keys(prefix):
        stack.cloud.root("s3").delete_object(Bucket=BUCKET, Key=key)


def test_neither_host_may_touch_what_is_of_the_other_network(stack: Stack) -> None:
    theirs = boto3.session.Session(stack.env["AWS_ACCESS_KEY_ID"], stack.env["AWS_SECRET_ACCESS_KEY"])
    ours = boto3.session.Session()
    calls: dict[str, Callable[[Any, str, str], Any]] = {
        "list": lambda s, bucket, _: s.client("s3").list_objects_v2(Bucket=bucket, Prefix="raw/"),
        "call": lambda s, _, key: s.client("lambda").invoke(
            FunctionName=f"{key}_ingest_lambda", InvocationType="DryRun"
        ),
        "table": lambda s, _, key: s.client("glue").get_tables(DatabaseName=f"{key}_db_tf"),
    }
    stacks = {"velib": (stack.cloud.bucket, ours), "rouen": (BUCKET, theirs)}
    for network, (bucket, _) in stacks.items():
        for who, (_, session) in stacks.items():
            for name, call in calls.items():
                assert allowed(partial(call, session, bucket, network)) == (who == network), (
                    who,
                    network,
                    name,
                )
    prefix = {"Bucket": BUCKET, "Prefix": "network/"}
    assert allowed(lambda: theirs.client("s3").list_objects_v2(**prefix))
    assert not allowed(
        lambda: ours.client("s3").list_objects_v2(Bucket=stack.cloud.bucket, Prefix="network/")
    )


def allowed(call: Callable[[], Any]) -> bool:
    """Return whether a call was not denied."""
    try:
        call()
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        return False
    return True


def test_budget_of_the_network_counts_its_own_resources(stack: Stack) -> None:
    tags = stack.cloud.root("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"]
    assert {"Key": "project", "Value": "velib-insights-rouen"} in tags
