"""What the documents say of AWS is so: Terraform's names, the AWS CLI's commands, the words on refusals."""

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
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests import infra_files as infra
from velib_assets_tests.test_docs import TEXT, code, code_lines, table

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)  # in lists as well
BLOCKS = [(language, body) for text in TEXT.values() for _, language, body in BLOCK.findall(text)]
SPANS = [span for _, span in code_lines()]
OF_ANY_COMMAND = {"--query", "--output", "--region", "--profile"}
NO_SERVICE = {"s3": {"ls", "rm", "sync"}, "sso": {"login"}, "configure": {""}}


def calls_of(program: str) -> Iterator[list[str]]:
    """The words behind a program's name, wherever the documents call it."""
    blocks = [body for language, body in BLOCKS if language == "sh"]
    for line in {*"\n".join(blocks).replace("\\\n", " ").splitlines(), *SPANS}:
        for found in re.findall(rf"(?:^ *|\$\(|&& ){program} ([^)&;|>]*)", line.partition(" #")[0]):
            yield found.split()


# Terraform


def test_variables_are_those_of_terraform() -> None:
    assert table("docs/aws.md", "name", "default", "is") == [
        [f"`{name}`", f"`{default}`" if default else "three tags", description]
        for name, default, description in infra.variables()
    ]


def test_variables_that_are_set_exist() -> None:
    blocks = [body for language, body in BLOCKS if language == "hcl"]
    texts = [*blocks, *(span for document, span in code_lines() if document == "docs/aws.md")]
    named = {name for text in texts for name in re.findall(r"^([a-z_]+) += ", text, re.MULTILINE)}
    named |= {word.partition("=")[0] for words in calls_of("terraform") for word in after(words, "-var")}
    assert {"bucket_name", "force_destroy", "glue_job_type", "lab_role_name"} <= named
    assert named <= infra.defaults().keys()


def test_outputs_that_are_asked_for_exist() -> None:
    named = {words[-1] for words in calls_of("terraform") if "output" in words[:-1]}
    assert {"dagster_env", "dagster_policy_arn"} <= named
    assert named <= infra.outputs()


def test_resources_that_are_named_exist() -> None:
    named = {address for text in TEXT.values() for address in re.findall(r"\baws_[a-z0-9_]+\.[a-z]+", text)}
    assert "aws_s3_bucket.lake" in named
    assert named <= infra.addresses()


def test_alarms_are_those_of_terraform() -> None:
    assert {code(row[0])[0] for row in table("docs/aws.md", "alarm", "fires when", "do")} == infra.alarms()


def test_rights_in_the_lake_are_those_of_terraform() -> None:
    rows = table("docs/aws.md", "who", "list", "get", "put", "delete")
    assert {code(row[0])[0]: [code(cell) for cell in row[1:]] for row in rows} == infra.lake_access()


def after(words: list[str], option: str) -> list[str]:
    """The words that follow an option."""
    return [value for name, value in itertools.pairwise(words) if name == option]


def test_costs_are_about_those_that_velib_cost_tells() -> None:
    """Measured numbers move a little; a document that is 5 % off is still right."""
    settings = Settings(lake=CHECKOUT / "lake")
    for mode, options, *months in table("docs/aws.md", "mode", "options", "month 1", "month 12"):
        given = dict(re.findall(r"--([a-z-]+) (\w+)", options))
        asked = {name.replace("-", "_"): value for name, value in given.items()}
        total = json.loads(cost_report(settings, asked, "json")[0])["total"]
        for name, shown in zip(("month_1", "month_12"), months, strict=True):
            assert float(shown.strip("$")) == pytest.approx(total[name], rel=0.05, abs=0.5), mode


# The AWS CLI


@pytest.mark.parametrize("words", sorted(map(tuple, calls_of("aws"))), ids=lambda words: "-".join(words[:2]))
def test_command_of_the_aws_cli_exists(words: tuple[str, ...]) -> None:
    service, operation, *rest = (*words, "")
    if service in NO_SERVICE:
        assert operation in NO_SERVICE[service]
        return
    model = get_session().get_service_model(service.replace("s3api", "s3"))
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    takes = model.operation_model(operations[operation]).input_shape
    known = {f"--{xform_name(name, '-')}" for name in (takes.members if takes else ())}
    assert {word for word in rest if word.startswith("--")} <= known | OF_ANY_COMMAND


# Refusals

WORDS = [
    row[1]
    for head in ("what is wrong", "what happened")
    for row in table("docs/bad-input.md", head, "in the words", "do")
]


@pytest.mark.parametrize("words", [words for words in WORDS if " was refused: " in words])
def test_words_on_a_refusal_are_those_of_the_table(words: str) -> None:
    service, operation, error = re.findall(r"^(\w+):(\w+) .* was refused: (\w+)", words)[0]
    assert operation in get_session().get_service_model(service).operation_names

    def refuse() -> None:
        raise ClientError({"Error": {"Code": error, "Message": "its own words"}}, operation)

    model = SimpleNamespace(service_model=SimpleNamespace(service_name=service))
    with pytest.raises(AwsError, match=".+".join(re.escape(part.strip()) for part in words.split("…"))):
        call(SimpleNamespace(meta=model, refuse=refuse), "refuse", "the thing")


@pytest.mark.parametrize("words", [words for words in WORDS if " was refused: " not in words])
def test_words_on_an_end_stand_in_the_code(words: str) -> None:
    sources = [file.read_text(encoding="utf-8") for file in (CHECKOUT / "velib_assets").rglob("*.py")]
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(sources))
    said = re.sub(r"\{[^{}]*\}", "…", said)
    assert [part for part in words.split("…") if part not in said] == []
