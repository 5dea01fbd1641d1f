"""The configuration is formatted, valid, without drift, tagged, and follows the modes."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.deployment import BUCKET, terraform
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.pipeline.conftest import Cloud

TAGS = {"project": "velib-insights", "owner": "team-naw-seu", "course": "data-pipeline-episen"}
SCHEDULE = 'aws_scheduler_schedule.machine["pipeline"]'


def test_configuration_is_formatted_and_valid(cloud: Cloud) -> None:
    command = [terraform(), f"-chdir={CHECKOUT / 'infra'}", "fmt", "-check", "-recursive", "-diff"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "valid" in cloud.terraform.run("validate")


def test_second_plan_has_no_changes(cloud: Cloud) -> None:
    assert cloud.terraform.changes() == {}, cloud.terraform.run("show", "-no-color", "plan.bin")


def test_names_are_the_defaults_and_everything_is_tagged(cloud: Cloud) -> None:
    assert cloud.bucket == BUCKET
    assert cloud.terraform.environment() == {
        "VELIB_TARGET": "aws",
        "VELIB_BUCKET": cloud.bucket,
        "AWS_REGION": "us-east-1",
        "VELIB_SOURCE": "opendata",
        "VELIB_LAMBDA": "velib_ingest_lambda",
        "VELIB_CLEAN_RUNTIME": "glue_shell",
        "VELIB_CLEAN_LAMBDA": "velib_clean_lambda",
        "VELIB_GLUE_JOB": "velib_clean_job",
        "VELIB_WORKGROUP": "velib_workgroup",
        "VELIB_DATABASE": "velib_db_tf",
        "VELIB_CRAWLER": "velib_clean_crawler",
        "VELIB_CATALOG_MODE": "api",
        "VELIB_ALERTS": cloud.terraform.environment()["VELIB_ALERTS"],
    }
    function = cloud.root("lambda").get_function(FunctionName="velib_ingest_lambda")
    bucket = cloud.root("s3").get_bucket_tagging(Bucket=cloud.bucket)["TagSet"]
    assert function["Tags"].items() >= TAGS.items()
    assert {tag["Key"]: tag["Value"] for tag in bucket}.items() >= TAGS.items()
    assert "source_velib" not in " ".join(cloud.terraform.state())  # the pipeline owns the table


@pytest.mark.parametrize(
    ("variable", "value", "changed", "replaced"),
    [
        ("orchestrator", "step_functions", SCHEDULE, []),
        ("catalog_mode", "crawler", 'aws_sfn_state_machine.machine["pipeline"]', []),
        ("clean_runtime", "glueetl", "terraform_data.glue_job_type", ["aws_glue_job.clean"]),
        ("clean_runtime", "lambda", "aws_lambda_function.clean[0]", []),
        (
            "glue_job_type",
            "glueetl",
            "terraform_data.glue_job_type",
            ["aws_glue_job.clean"],
        ),  # the former name
    ],
)
def test_each_mode_is_a_small_change(
    cloud: Cloud, variable: str, value: str, changed: str, replaced: list[str]
) -> None:
    """Everything changes in place except the job: Glue cannot turn one with workers into a Python shell."""
    changes = cloud.terraform.changes(**{variable: value})
    assert changed in changes
    assert [address for address, actions in changes.items() if "delete" in actions] == replaced


def test_lab_creates_no_role_and_no_policy(cloud: Cloud) -> None:
    changes = cloud.terraform.changes(lab_role_name="LabRole")
    iam = {address: actions for address, actions in changes.items() if address.startswith("aws_iam_")}
    iam_resources = [address for address in cloud.terraform.state() if address.startswith("aws_iam_")]
    assert sorted(iam) == sorted(iam_resources)
    assert set(map(tuple, iam.values())) == {("delete",)}


def test_invalid_variable_is_refused_with_a_message(cloud: Cloud) -> None:
    with pytest.raises(Exception, match="orchestrator must be dagster or step_functions"):
        cloud.terraform.changes(orchestrator="airflow")


def test_former_name_of_the_runtime_may_not_contradict_it(cloud: Cloud) -> None:
    assert cloud.terraform.changes(glue_job_type="pythonshell") == {}
    with pytest.raises(Exception, match=r"Remove glue_job_type,\s+the former name of clean_runtime"):
        cloud.terraform.changes(glue_job_type="pythonshell", clean_runtime="lambda")


def test_checkov_reports_nothing(environments: Environments) -> None:
    """Each skip is in its resource, with its reason."""
    command = [str(environments.checkov), "--directory", str(CHECKOUT / "infra"), "--framework", "terraform"]
    options = ["--compact", "--quiet", "--skip-download", "--output", "json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    summary = json.loads(done.stdout)["summary"]
    assert (summary["failed"], summary["parsing_errors"]) == (0, 0), done.stdout[-3000:] + done.stderr[-3000:]
    text = "\n".join(file.read_text() for file in Path(CHECKOUT / "infra").glob("*.tf"))
    reasons = re.findall(r"checkov:skip=\w+:(.*)", text)
    assert min(map(len, reasons)) > 30
