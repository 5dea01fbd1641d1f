"""What Terraform plans for another network, and that Vélib's plan has the first version's names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.mocked_plan import MockedPlan, PlanError
from velib_assets_tests.test_docs import section

ROUEN = {
    "network": "rouen",
    "feed": "gbfs",
    "gbfs_url": "https://example.org/gbfs.json?key=s3cret",
    "network_timezone": "Asia/Tokyo",
}
NAMES = {
    "aws_lambda_function.ingest.function_name": "velib_ingest_lambda",
    "aws_cloudwatch_log_group.lambda.name": "/aws/lambda/velib_ingest_lambda",
    "aws_lambda_function.clean[0].function_name": "velib_clean_lambda",
    "aws_lambda_layer_version.clean[0].layer_name": "velib_clean_lambda_modules",
    "aws_cloudwatch_log_group.clean[0].name": "/aws/lambda/velib_clean_lambda",
    'aws_iam_role.service["lambda"].name': "velib_ingest_lambda_role",
    'aws_iam_role.service["clean"].name': "velib_clean_lambda_role",
    'aws_iam_role.service["job"].name': "velib_clean_job_role",
    'aws_iam_role.service["crawler"].name': "velib_clean_crawler_role",
    'aws_iam_role.service["pipeline"].name': "velib_pipeline_role",
    'aws_iam_role.service["daily"].name': "velib_daily_role",
    'aws_iam_role.service["kpi_views"].name': "velib_kpi_views_role",
    'aws_iam_role.service["schedule"].name': "velib_pipeline_schedule_role",
    "aws_iam_policy.dagster[0].name": "velib_dagster_host",
    "aws_glue_job.clean.name": "velib_clean_job",
    "aws_glue_crawler.clean.name": "velib_clean_crawler",
    "aws_glue_catalog_database.velib.name": "velib_db_tf",
    "aws_athena_workgroup.velib.name": "velib_workgroup",
    'aws_sfn_state_machine.machine["pipeline"].name': "velib_pipeline",
    'aws_sfn_state_machine.machine["daily"].name': "velib_daily",
    'aws_sfn_state_machine.machine["kpi_views"].name': "velib_kpi_views",
    'aws_scheduler_schedule.machine["pipeline"].name': "velib_pipeline_schedule",
    'aws_scheduler_schedule.machine["daily"].name': "velib_daily_schedule",
    'aws_scheduler_schedule.machine["kpi_views"].name': "velib_kpi_views_schedule",
    "aws_sns_topic.alerts.name": "velib_alerts",
    "aws_cloudwatch_metric_alarm.silence.alarm_name": "velib_ingest_lambda_silent",
    "aws_cloudwatch_metric_alarm.lambda_errors.alarm_name": "velib_ingest_lambda_errors",
    'aws_cloudwatch_metric_alarm.machine_failures["pipeline"].alarm_name': "velib_pipeline_failed",
    "aws_budgets_budget.monthly[0].name": "velib-insights-monthly",
}
CRAWLED = "aws_glue_crawler.clean.s3_target[0].path"
FUNCTIONS = ("aws_lambda_function.ingest", "aws_lambda_function.clean[0]")
RENDERED = """
import json
from string import Template
from velib_assets.query.kpis import VIEWS
from velib_assets.query.network_sql import in_time_zone
from velib_assets.query.view_sql import conditions, sql_template
windows = {
    "newest_hours": "\\"date\\" >= '@yesterday@'",
    "newest_day": "\\"date\\" >= '@two_days_ago@'",
    "four_weeks": "\\"date\\" BETWEEN '@four_weeks_ago@' AND '@yesterday@'",
}
templates = {view.name: Template(sql_template(view)) for view in VIEWS}
views = {name: in_time_zone(each.substitute(conditions(), **windows)) for name, each in templates.items()}
print(json.dumps(views))
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> MockedPlan:
    return MockedPlan(tmp_path_factory.mktemp("plan"))


def variables(function: str) -> str:
    """Return the environment of a planned function, in HCL."""
    return f"nonsensitive({function}.environment[0].variables)"


def keys(function: str) -> str:
    """Return the names of a function's settings of the network, in HCL."""
    return f'[for name in keys({variables(function)}) : name if can(regex("NETWORK|TIMEZONE|GBFS", name))]'


def test_names_and_settings_of_velib_are_those_of_the_first_version(plan: MockedPlan) -> None:
    plan.check(
        *(f'{attribute} == "{name}"' for attribute, name in NAMES.items()),
        *(f"length({keys(function)}) == 0" for function in FUNCTIONS),
        f'endswith({CRAWLED}, "/clean/source=velib/")',
        'output.crawler_table == "audit_source_velib"',
        '!contains(keys(aws_glue_job.clean.default_arguments), "--network")',
        "length(local.network_lines) + length(local.network_prefix) == 0",
        "local.tags == var.tags",
        clean_runtime="lambda",
    )


def test_names_of_another_network_are_its_own(plan: MockedPlan) -> None:
    """A second network in the account collides with no name of the first."""
    own = {
        attribute: name.replace("velib-insights", "velib-insights-rouen").replace("velib_", "rouen_")
        for attribute, name in NAMES.items()
    }
    assert not {*own.values()} & {*NAMES.values()}
    plan.check(
        *(f'{attribute} == "{name}"' for attribute, name in own.items()),
        'local.tags["project"] == "velib-insights-rouen"',
        clean_runtime="lambda",
        **ROUEN,
    )


def test_name_that_is_set_is_taken(plan: MockedPlan) -> None:
    plan.check(
        'aws_lambda_function.ingest.function_name == "velib_ingest_lambda"',
        'aws_glue_job.clean.name == "rouen_clean_job"',
        lambda_name="velib_ingest_lambda",
        **ROUEN,
    )


@pytest.mark.parametrize("runtime", ["glue_shell", "lambda", "glueetl"])
def test_network_reaches_what_works_for_it(plan: MockedPlan, runtime: str) -> None:
    functions = FUNCTIONS if runtime == "lambda" else FUNCTIONS[:1]
    settings = {"VELIB_NETWORK": "rouen", "VELIB_TIMEZONE": "Asia/Tokyo", "VELIB_NETWORK_NAME": "Le Vélo"}
    plan.check(
        *(f'{variables(f)}["{name}"] == "{value}"' for f in functions for name, value in settings.items()),
        f'{variables(FUNCTIONS[0])}["VELIB_GBFS_URL"] == "{ROUEN["gbfs_url"]}"',
        f'{variables(FUNCTIONS[0])}["VELIB_SOURCE"] == "gbfs"',
        'aws_glue_job.clean.default_arguments["--network"] == "rouen"',
        f'endswith({CRAWLED}, "/clean/source=rouen/")',
        'output.crawler_table == "audit_source_rouen"',
        clean_runtime=runtime,
        network_name="Le Vélo",
        **ROUEN,
    )


def test_url_of_the_feed_is_shown_nowhere(plan: MockedPlan) -> None:
    """It may hold a key. The other variables of the function stay visible."""
    settings = f"{FUNCTIONS[0]}.environment[0].variables"
    plan.check(
        f'issensitive({settings}["VELIB_GBFS_URL"])',
        f'!issensitive({settings}["VELIB_NETWORK"])',
        **ROUEN,
    )
    plan.check(f"!issensitive({settings})")


def test_documented_variables_plan_the_network(plan: MockedPlan) -> None:
    text = section("docs/aws.md", "## Another network")
    (block,) = re.findall(r"```hcl\n(.*?)```", text, re.DOTALL)
    documented = dict(re.findall(r'^(\w+) += "(.*)"$', block, re.MULTILINE))
    assert {"bucket_name", "network", "feed", "gbfs_url", "network_timezone"} == documented.keys()
    plan.check(
        'aws_lambda_function.ingest.function_name == "rouen_ingest_lambda"',
        'aws_s3_bucket.lake.bucket == "rouen-insights-your-team"',
        **documented,
    )


@pytest.mark.parametrize("name", ["Vélo & Co", "The best; (5) #bikes!", "Vélib' Métropole", "Plain"])
def test_settings_for_the_host_can_be_read_by_a_shell(plan: MockedPlan, name: str, tmp_path: Path) -> None:
    lines = plan.value('join("\\n", local.network_lines)', network_name=name, **ROUEN)
    (tmp_path / "aws.env").write_text(lines + "\n", encoding="utf-8")
    command = (
        'set -a; . "$0"; set +a; printf "%s|%s|%s" "$VELIB_NETWORK" "$VELIB_TIMEZONE" "$VELIB_NETWORK_NAME"'
    )
    done = subprocess.run(
        ["sh", "-c", command, str(tmp_path / "aws.env")], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"rouen|Asia/Tokyo|{name}"


WRONG: dict[str, dict[str, Any]] = {
    "network must be a letter, then up to 30 of a-z, 0-9 and _": {**ROUEN, "network": "Bay-Wheels"},
    "feed must be gbfs: the portal has Vélib' alone": {**ROUEN, "feed": "opendata"},
    "gbfs_url is required: the URL of the network's gbfs.json": {**ROUEN, "gbfs_url": ""},
    "network_timezone is required": {**ROUEN, "network_timezone": ""},
    "network_timezone must be UTC or a name such as Europe/Paris": {**ROUEN, "network_timezone": "'; DROP"},
    "network_name must be one line of up to 100 characters": {**ROUEN, "network_name": "a\nb"},
    "double quotes, $, ` and backslashes": {**ROUEN, "network_name": 'The "best" $5 `bikes` \\o/'},
}


@pytest.mark.parametrize("said", WRONG)
def test_wrong_network_is_refused_with_what_to_write(plan: MockedPlan, said: str) -> None:
    with pytest.raises(PlanError) as error:
        plan.check(**WRONG[said])
    assert said in str(error.value).replace(" │ ", " ")
    assert "s3cret" not in str(error.value)


def test_views_of_the_state_machine_are_those_of_the_pipeline(plan: MockedPlan) -> None:
    """For each network: its table, its time zone and its conditions."""
    rendered = {}
    for network, given in {"velib": {}, "rouen": ROUEN}.items():
        environment = {name: text for name, text in os.environ.items() if not name.startswith("VELIB_")}
        zone = given.get("network_timezone", "")
        done = subprocess.run(
            [sys.executable, "-c", RENDERED],
            env={**environment, "VELIB_NETWORK": network, "VELIB_TIMEZONE": zone},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
        expected = {
            name: sql.replace("velib_db_tf.", f"{network}_db_tf.")
            for name, sql in json.loads(done.stdout).items()
        }
        views = json.loads(plan.value("jsonencode(local.views)", **given))
        rendered[network] = {view["view"]: view["sql"] for view in views}
        events = rendered[network].pop("station_events")
        assert rendered[network] == expected
        assert f"FROM {network}_db_tf.stations\n" in events
    week = rendered["rouen"]["kpi_typical_week"]
    assert "FROM rouen_db_tf.source_rouen\n" in week
    assert "'Asia/Tokyo'" in week
    assert "is_virtual" in rendered["rouen"]["kpi_station_saturation"]
    assert "is_virtual" not in rendered["velib"]["kpi_station_saturation"]
