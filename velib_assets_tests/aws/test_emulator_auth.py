"""The emulator with AUTH=true: functions and jobs may only do what their roles allow."""

from collections.abc import Iterator
from typing import Any

import pytest

from velib_assets_tests.aws.calls import invoke, make_function, make_role, run_job
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator

TRIES = """
import sys
import boto3
from botocore.exceptions import ClientError
s3, glue = boto3.client("s3"), boto3.client("glue")
CALLS = {
    "put raw": lambda: s3.put_object(Bucket="lake", Key="raw/x", Body=b""),
    "put clean": lambda: s3.put_object(Bucket="lake", Key="clean/x", Body=b""),
    "get clean": lambda: s3.get_object(Bucket="lake", Key="clean/there"),
    "list raw": lambda: s3.list_objects_v2(Bucket="lake", Prefix="raw/"),
    "list clean": lambda: s3.list_objects_v2(Bucket="lake", Prefix="clean/"),
    "list all": lambda: s3.list_objects_v2(Bucket="lake"),
    "its table": lambda: glue.get_table(DatabaseName="db", Name="mine"),
    "another table": lambda: glue.get_table(DatabaseName="db", Name="other"),
}
def handler(event, context):
    return {name: attempt(call) for name, call in CALLS.items()}
def attempt(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""
GLUE = "arn:aws:glue:us-east-1:000000000000"
DENIED = ("AccessDenied", "AccessDeniedException")
ALLOWED: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::lake/raw/*"},
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::lake",
        "Condition": {"StringLike": {"s3:prefix": "raw/*"}},
    },
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/scripts/*"},
    {
        "Effect": "Allow",
        "Action": "glue:GetTable",
        "Resource": [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/mine"],
    },
]
EXPECTED = {
    "put raw": True,
    "put clean": False,
    "get clean": False,
    "list raw": True,
    "list clean": False,
    "list all": False,
    "its table": True,
    "another table": False,
}


@pytest.fixture(scope="module")
def strict(environments: Environments) -> Iterator[Emulator]:
    """Start an emulator that enforces policies, with a bucket, two tables and a role."""
    with Emulator(environments=environments, auth=True) as emulator:
        s3, glue = emulator.client("s3"), emulator.client("glue")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="clean/there", Body=b"")
        glue.create_database(DatabaseInput={"Name": "db"})
        for name in ("mine", "other"):
            glue.create_table(DatabaseName="db", TableInput={"Name": name})
        make_role(emulator, "worker", *ALLOWED)
        yield emulator


def _allowed(outcomes: dict[str, str]) -> dict[str, bool]:
    assert {outcome for outcome in outcomes.values() if outcome != "done"} <= set(DENIED)
    return {name: outcome == "done" for name, outcome in outcomes.items()}


def test_function_is_limited_to_its_role(strict: Emulator) -> None:
    make_function(strict, "tries", TRIES, "arn:aws:iam::000000000000:role/worker")
    error, outcomes = invoke(strict, "tries")
    assert error is None
    assert _allowed(outcomes) == EXPECTED


def test_job_is_limited_to_its_role(strict: Emulator) -> None:
    s3, glue = strict.client("s3"), strict.client("glue")
    s3.delete_object(Bucket="lake", Key="raw/x")
    body = TRIES + "\nassert False, repr(handler({}, None))\n"
    s3.put_object(Bucket="lake", Key="scripts/tries.py", Body=body)
    command = {"Name": "pythonshell", "ScriptLocation": "s3://lake/scripts/tries.py", "PythonVersion": "3.9"}
    glue.create_job(Name="tries", Role="worker", Command=command)
    message = run_job(strict, "tries")["ErrorMessage"].removeprefix("AssertionError: ")
    outcomes = dict(pair.strip("'{}").split("': '") for pair in message.split(", "))
    assert _allowed(outcomes) == EXPECTED


def test_job_fails_if_its_role_may_not_read_the_script(strict: Emulator) -> None:
    command = {"Name": "pythonshell", "ScriptLocation": "s3://lake/clean/there", "PythonVersion": "3.9"}
    strict.client("glue").create_job(Name="blind", Role="worker", Command=command)
    run = run_job(strict, "blind")
    assert run["JobRunState"] == "FAILED"
    assert "AccessDenied" in run["ErrorMessage"]
