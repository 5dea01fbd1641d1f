"""What Terraform plans: budget, limits of variables, log groups; and the provider's checksums."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from velib_assets.cost.bill import make_bill
from velib_assets.cost.inputs import Inputs
from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.mocked_plan import MockedPlan, PlanError

LIMIT = "tonumber(aws_budgets_budget.monthly[0].limit_amount)"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234"
MODES = [
    ("dagster", "api", "pythonshell"),
    ("dagster", "crawler", "pythonshell"),
    ("dagster", "api", "glueetl"),
    ("dagster", "api", "lambda"),
    ("step_functions", "api", "lambda"),
    ("step_functions", "api", "pythonshell"),
    ("step_functions", "crawler", "glueetl"),
]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> MockedPlan:
    return MockedPlan(tmp_path_factory.mktemp("plan"))


def cost_of(**modes: Any) -> float:
    """Return what a year's last month costs, with the documented host where there is one."""
    inputs = Inputs()
    inputs.set("given", **modes)
    bill = make_bill(inputs)
    return float(bill["total"]["month_12"] + sum(line["month_12"]["cost"] for line in bill["host"]))


@pytest.mark.parametrize(("orchestrator", "catalog_mode", "job_type"), MODES)
def test_budget_fits_the_mode_and_the_host(
    plan: MockedPlan, orchestrator: str, catalog_mode: str, job_type: str
) -> None:
    """It alerts at 80 %: above an ordinary month, and before the bill has doubled."""
    cost = cost_of(orchestrator=orchestrator, catalog_mode=catalog_mode, job_type=job_type)
    plan.check(
        f"0.8 * {LIMIT} > {cost}",
        f"0.8 * {LIMIT} < {2 * cost + 3}",
        f"length(aws_lambda_function.clean) == {int(job_type == 'lambda')}",
        orchestrator=orchestrator,
        catalog_mode=catalog_mode,
        clean_runtime={"pythonshell": "glue_shell"}.get(job_type, job_type),
    )


def test_former_name_of_the_runtime_still_works(plan: MockedPlan) -> None:
    plan.check('aws_glue_job.clean.command[0].name == "glueetl"', glue_job_type="glueetl")
    plan.check('aws_glue_job.clean.command[0].name == "pythonshell"', glue_job_type="pythonshell")
    with pytest.raises(PlanError, match="clean_runtime and glue_job_type contradict each other"):
        plan.check(glue_job_type="pythonshell", clean_runtime="lambda")


@pytest.mark.parametrize("runtime", ["glue_shell", "lambda", "glueetl"])
def test_every_runtime_works_in_a_lab_and_with_a_key(plan: MockedPlan, runtime: str) -> None:
    plan.check("length(aws_iam_role.service) == 0", lab_role_name="LabRole", clean_runtime=runtime)
    plan.check("length(aws_iam_role.service) > 0", kms_key_arn=KEY, clean_runtime=runtime)


def test_documented_budgets_are_planned(plan: MockedPlan) -> None:
    text = " ".join((CHECKOUT / "docs" / "aws.md").read_text(encoding="utf-8").split())
    shown = re.search(r"\$(\d+) for the default, \$(\d+) with the crawler, \$(\d+) with ticks on Spark", text)
    assert shown
    plan.check(f"{LIMIT} == {shown[1]}")
    plan.check(f"{LIMIT} == {shown[2]}", catalog_mode="crawler")
    plan.check(f"{LIMIT} == {shown[3]}", glue_job_type="glueetl")


def test_budget_that_is_set_is_taken(plan: MockedPlan) -> None:
    plan.check(f"{LIMIT} == 12.5", monthly_budget_usd=12.5)
    plan.check("length(aws_budgets_budget.monthly) == 0", monthly_budget_usd=0)
    plan.check(f"{LIMIT} > 30", kms_key_arn=KEY)
    with pytest.raises(PlanError, match="monthly_budget_usd must be 0 or more, or null"):
        plan.check(monthly_budget_usd=-1)


@pytest.mark.parametrize("minutes", [15, 40])
def test_silence_of_one_period_is_refused(plan: MockedPlan, minutes: int) -> None:
    with pytest.raises(PlanError, match="silence_minutes must be a multiple of 15 between 30 and 1440"):
        plan.check(silence_minutes=minutes)


def test_shortest_silence_is_two_periods(plan: MockedPlan) -> None:
    plan.check("aws_cloudwatch_metric_alarm.silence.evaluation_periods == 2", silence_minutes=30)


@pytest.mark.parametrize("days", [34, 3651, 40.5])
def test_retention_of_hours_has_the_limits_of_its_setting(plan: MockedPlan, days: float) -> None:
    with pytest.raises(PlanError, match="keep_hours_days must be a whole number between 35 and 3650"):
        plan.check(keep_hours_days=days)
    plan.check(keep_hours_days=35)
    plan.check(keep_hours_days=3650, lab_role_name="LabRole")


def test_bucket_must_be_named(plan: MockedPlan) -> None:
    with pytest.raises(PlanError, match=r'No value for required variable.*"bucket_name"'):
        plan.check_exactly(variables={})


def test_every_log_group_has_a_retention(plan: MockedPlan) -> None:
    """Also those of Glue, which all jobs of an account share, if this stack manages them."""
    text = "".join(path.read_text() for path in (CHECKOUT / "infra").glob("*.tf"))
    blocks = re.findall(
        r'^resource "aws_cloudwatch_log_group" "(\w+)" (.*?)^}', text, re.MULTILINE | re.DOTALL
    )
    assert len(blocks) >= 3
    conditions = []
    for name, body in blocks:
        groups = f"aws_cloudwatch_log_group.{name}"
        kept = f"alltrue([for group in {groups} : group.retention_in_days == 90])"
        is_many = re.search(r"^  (for_each|count) ", body, re.MULTILINE)
        conditions.append(kept if is_many else f"{groups}.retention_in_days == 90")
    conditions.append("length(aws_cloudwatch_log_group.glue) == 5")
    conditions.append("length(aws_cloudwatch_log_group.clean) == 1")
    plan.check(*conditions, manage_glue_log_groups=True, log_retention_days=90, clean_runtime="lambda")


def test_checksums_of_the_provider_are_committed_for_several_platforms() -> None:
    """One `h1` per unpacked package, and one `zh` per archive."""
    lock = CHECKOUT / "infra" / ".terraform.lock.hcl"
    listed = subprocess.run(
        ["git", "check-ignore", "--no-index", str(lock)], cwd=CHECKOUT, capture_output=True, check=False
    )
    assert listed.returncode != 0, listed.stdout  # 0: ignored
    text = lock.read_text(encoding="utf-8")
    assert re.findall(r'^provider "(.*)"', text, re.MULTILINE) == ["registry.terraform.io/hashicorp/aws"]
    assert "://" not in text
    constraint = re.search(r'version = "(~> [\d.]+)"', (CHECKOUT / "infra" / "versions.tf").read_text())
    assert constraint
    assert f'constraints = "{constraint[1]}"' in text
    assert len(set(re.findall(r'"h1:[\w+/]{43}="', text))) >= 5
    assert len(set(re.findall(r'"zh:[0-9a-f]{64}"', text))) >= 5


def test_installed_provider_has_a_committed_checksum(plan: MockedPlan) -> None:
    """Terraform adds the checksum of a package that has none, unless it may only read the file."""
    written = (plan._infra / ".terraform.lock.hcl").read_text(encoding="utf-8")
    assert written == (CHECKOUT / "infra" / ".terraform.lock.hcl").read_text(encoding="utf-8")


def test_documented_host_is_the_one_in_the_bill() -> None:
    """Its disk has the size that is billed, and both have the tag that the budget counts."""
    text = Path(CHECKOUT / "docs" / "aws.md").read_text(encoding="utf-8")
    command = re.search(r"aws ec2 run-instances (.*?)\n```", text, re.DOTALL)
    assert command
    assert f"VolumeSize={Inputs().prices['host']['disk']['quantity']}," in command[1]
    tagged = re.findall(r"ResourceType=([\w-]+),Tags=\[([^\]]*)\]", command[1])
    assert {kind for kind, tags in tagged if "{Key=project,Value=velib-insights}" in tags} == {
        "instance",
        "volume",
    }
