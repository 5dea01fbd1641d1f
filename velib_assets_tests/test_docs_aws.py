"""The documentation of AWS is correct: Terraform names, AWS CLI commands, error messages."""

import itertools
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from velib_assets.aws.api import AwsError, call
from velib_assets.cost.bill import cost_report
from velib_assets.cost.inputs import Inputs
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests import infra_files as infra
from velib_assets_tests.test_docs import TEXT, code, code_lines, section, table

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)  # also inside lists
BLOCKS = [(language, body) for text in TEXT.values() for _, language, body in BLOCK.findall(text)]
SPANS = [span for _, span in code_lines()]
GLOBAL_OPTIONS = {"--query", "--output", "--region", "--profile"}
DEFAULTS = {"": "three tags", infra.REQUIRED: infra.REQUIRED}
CUSTOM_COMMANDS = {"s3": {"ls", "rm", "sync"}, "sso": {"login"}, "configure": {""}}


def calls_of(program: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of a program in the documents."""
    blocks = [body for language, body in BLOCKS if language == "sh"]
    for line in {*"\n".join(blocks).replace("\\\n", " ").splitlines(), *SPANS}:
        for arguments in re.findall(rf"(?:^ *|\$\(|&& ){program} ([^)&;|>]*)", line.partition(" #")[0]):
            yield arguments.split()


# Terraform


def test_documented_variables_match_terraform() -> None:
    assert table("docs/aws.md", "name", "default", "is") == [
        [f"`{name}`", DEFAULTS.get(default, f"`{default}`"), description]
        for name, default, description in infra.variables()
    ]


def test_variables_in_examples_exist() -> None:
    blocks = [body for language, body in BLOCKS if language == "hcl"]
    texts = [*blocks, *(span for document, span in code_lines() if document == "docs/aws.md")]
    named = {name for text in texts for name in re.findall(r"^([a-z_]+) += ", text, re.MULTILINE)}
    named |= {word.partition("=")[0] for words in calls_of("terraform") for word in after(words, "-var")}
    assert {"bucket_name", "force_destroy", "clean_runtime", "lab_role_name"} <= named
    assert named <= infra.defaults().keys()


def test_outputs_in_examples_exist() -> None:
    named = {words[-1] for words in calls_of("terraform") if "output" in words[:-1]}
    assert {"dagster_env", "dagster_policy_arn"} <= named
    assert named <= infra.outputs()


def test_resources_named_exist() -> None:
    named = {address for text in TEXT.values() for address in re.findall(r"\baws_[a-z0-9_]+\.[a-z]+", text)}
    assert "aws_s3_bucket.lake" in named
    assert named <= infra.addresses()


def test_documented_alarms_match_terraform() -> None:
    assert {code(row[0])[0] for row in table("docs/aws.md", "alarm", "fires when", "do")} == infra.alarms()


def test_documented_rights_match_terraform() -> None:
    rows = table("docs/aws.md", "who", "list", "get", "put", "delete")
    assert {code(row[0])[0]: [code(cell) for cell in row[1:]] for row in rows} == infra.lake_access()


def test_log_groups_of_glue_get_a_retention_and_are_deleted() -> None:
    groups = set(re.findall(r'"(/aws-glue/[\w/-]+)"', infra.TEXT))
    assert len(groups) == 5
    calls = list(calls_of("aws"))
    for operation in ("put-retention-policy", "delete-log-group"):
        named = {name for words in calls if operation in words for name in after(words, "--log-group-name")}
        assert groups <= named, operation


def test_calls_that_the_deployer_needs_beside_those_on_resources_exist() -> None:
    """Terraform validates state machines while it plans, with a call of its own right."""
    text = section("docs/aws.md", "### What you need")
    rights = re.findall(r"`([a-z]+):([A-Z]\w+)`", text)
    assert ("states", "ValidateStateMachineDefinition") in rights
    models = {"states": "stepfunctions"}
    for service, call_name in rights:
        if call_name != "PassRole":  # a right that belongs to no call
            names = get_session().get_service_model(models.get(service, service)).operation_names
            assert call_name in names or service == "logs", call_name


def after(words: list[str], option: str) -> list[str]:
    """Return the words that follow an option."""
    return [value for name, value in itertools.pairwise(words) if name == option]


def test_documented_costs_are_close_to_velib_cost() -> None:
    """Usage is measured and varies a little, so documented costs may differ by 5 %, or by their rounding."""
    settings = Settings(lake=CHECKOUT / "lake")
    for mode, options, *months in table("docs/aws.md", "mode", "options", "month 1", "month 12"):
        flags = dict(re.findall(r"--([a-z-]+) (\w+)", options))
        overrides = {name.replace("-", "_"): value for name, value in flags.items()}
        total = json.loads(cost_report(settings, overrides, "json")[0])["total"]
        for name, shown in zip(("month_1", "month_12"), months, strict=True):
            assert float(shown.strip("$")) == pytest.approx(total[name], rel=0.05, abs=0.05), mode


def test_documented_cost_of_a_rebuild_is_that_of_velib_cost() -> None:
    text = " ".join(TEXT["docs/aws.md"].split())
    shown = re.search(r"once: \$([\d.]+) after the first month, \$([\d.]+) after the twelfth", text)
    assert shown
    total = json.loads(cost_report(Settings(lake=CHECKOUT / "lake"), {}, "json")[0])["rebuild_total"]
    assert [float(amount) for amount in shown.groups()] == pytest.approx(list(total.values()), abs=0.05)


def test_documented_prices_of_cleaning_follow_from_the_price_list() -> None:
    """Glue bills at least a minute, the function what it takes; free tiers come on top."""
    inputs = Inputs()
    dpu_second = inputs.prices["bill"]["glue_dpu_hours"]["price"] / 3600
    mb_second = inputs.prices["bill"]["lambda_gb_seconds"]["price"] / 1024
    rows = {
        row[0]: row[1:] for row in table("docs/aws.md", "compared", "`glue_shell`", "`lambda`", "`glueetl`")
    }
    day = [float(text) for text in rows["a day, 24 such hours, s"]]
    tick = [inputs.shell_seconds, inputs.clean_seconds, inputs.spark_seconds]
    for row, seconds in (("price of such a day", day), ("price of a tick", tick)):
        expected = [
            max(60, seconds[0]) * inputs.shell_dpu * dpu_second,
            seconds[1] * inputs.clean_memory * mb_second,
            max(60, seconds[2]) * inputs.spark_dpu * dpu_second,
        ]
        shown = [float(text.partition(",")[0].strip("$")) for text in rows[row]]
        assert shown == pytest.approx(expected, rel=0.2), row
    monthly = [float(text.partition(",")[0].strip("$")) for text in rows["2,880 ticks per month"]]
    assert monthly == pytest.approx([2880 * price for price in expected], rel=0.02)


# The AWS CLI


@pytest.mark.parametrize("words", sorted(map(tuple, calls_of("aws"))), ids=lambda words: "-".join(words[:2]))
def test_aws_cli_command_exists(words: tuple[str, ...]) -> None:
    service, operation, *rest = (*words, "")
    if service in CUSTOM_COMMANDS:
        assert operation in CUSTOM_COMMANDS[service]
        return
    model = get_session().get_service_model(service.replace("s3api", "s3"))
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    inputs = model.operation_model(operations[operation]).input_shape
    known = {f"--{xform_name(name, '-')}" for name in (inputs.members if inputs else ())}
    assert {word for word in rest if word.startswith("--")} <= known | GLOBAL_OPTIONS


# Error messages

MESSAGES = [
    row[1]
    for head in ("what is wrong", "what happened")
    for row in table("docs/bad-input.md", head, "message", "do")
]


@pytest.mark.parametrize("message", [text for text in MESSAGES if " was refused: " in text])
def test_documented_refusal_matches_code(message: str) -> None:
    service, operation, error = re.findall(r"^(\w+):(\w+) .* was refused: (\w+)", message)[0]
    assert operation in get_session().get_service_model(service).operation_names

    def refuse() -> None:
        raise ClientError({"Error": {"Code": error, "Message": "from AWS"}}, operation)

    model = SimpleNamespace(service_model=SimpleNamespace(service_name=service))
    with pytest.raises(AwsError, match=".+".join(re.escape(part.strip()) for part in message.split("…"))):
        call(SimpleNamespace(meta=model, refuse=refuse), "refuse", "the thing")


@pytest.mark.parametrize("message", [text for text in MESSAGES if " was refused: " not in text])
def test_documented_failure_is_in_the_code(message: str) -> None:
    sources = [file.read_text(encoding="utf-8") for file in (CHECKOUT / "velib_assets").rglob("*.py")]
    code_text = re.sub(r'"\s*\n\s*f?"', "", "\n".join(sources))
    code_text = re.sub(r"\{[^{}]*\}", "…", code_text)
    assert [part for part in message.split("…") if part not in code_text] == []
