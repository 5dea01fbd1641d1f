"""Calls that tests on the emulator share: create a role, a function, a job, and run one to its end."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.waiting import wait_for

ACTIVE = ("STARTING", "RUNNING", "STOPPING", "QUEUED", "WAITING")


def zipped(files: Mapping[str, str]) -> bytes:
    """Zip texts by path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def make_role(emulator: Emulator, name: str, *statements: Mapping[str, Any]) -> str:
    """Create a role with these statements; return its ARN."""
    iam = emulator.client("iam")
    services = [f"{name}.amazonaws.com" for name in ("lambda", "glue", "states", "scheduler")]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    role: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_policy(statements))
    return role


def make_function(emulator: Emulator, name: str, code: str, role: str) -> None:
    """Create a Python 3.12 function with the code as module `m` and the handler `m.handler`."""
    emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="m.handler",
        Code={"ZipFile": zipped({"m.py": code})},
        Timeout=20,
    )


def invoke(emulator: Emulator, name: str, event: Mapping[str, Any] | None = None) -> tuple[str | None, Any]:
    """Invoke a function; return its error, or None, and its response."""
    response = emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
    return response.get("FunctionError"), json.loads(response["Payload"].read())


def run_job(emulator: Emulator, name: str, seconds: float = 60, **arguments: str) -> dict[str, Any]:
    """Start a job with `--key value` arguments and wait for its end."""
    glue = emulator.client("glue")
    job_arguments = {f"--{key}": value for key, value in arguments.items()}
    run_id = glue.start_job_run(JobName=name, Arguments=job_arguments)["JobRunId"]
    return job_ended(emulator, name, run_id, seconds)


def job_ended(emulator: Emulator, name: str, run_id: str, seconds: float = 60) -> dict[str, Any]:
    """Wait for the end of a run; return its description."""
    glue = emulator.client("glue")

    def look() -> dict[str, Any] | None:
        run: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return None if run["JobRunState"] in ACTIVE else run

    return wait_for(look, seconds) or {}


def run_query(emulator: Emulator, sql: str, workgroup: str, database: str = "default") -> dict[str, Any]:
    """Run a query to its end; return its execution."""
    athena = emulator.client("athena")
    context = {"Database": database}
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=workgroup, QueryExecutionContext=context
    )

    def poll() -> dict[str, Any] | None:
        response = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        execution: dict[str, Any] = response["QueryExecution"]
        return None if execution["Status"]["State"] in ACTIVE else execution

    return wait_for(poll) or {}


def rows_of(emulator: Emulator, execution: Mapping[str, Any]) -> list[list[str | None]]:
    """Read all pages of a query's rows, including the header."""
    pages = emulator.client("athena").get_paginator("get_query_results")
    result_pages = pages.paginate(QueryExecutionId=execution["QueryExecutionId"])
    return [
        [d.get("VarCharValue") for d in row["Data"]]
        for page in result_pages
        for row in page["ResultSet"]["Rows"]
    ]


def execution_ended(emulator: Emulator, arn: str, seconds: float = 60) -> dict[str, Any]:
    """Wait for the end of an execution; return its description."""
    states = emulator.client("stepfunctions")

    def poll() -> dict[str, Any] | None:
        execution: dict[str, Any] = states.describe_execution(executionArn=arn)
        return None if execution["status"] == "RUNNING" else execution

    return wait_for(poll, seconds) or {}


def log_lines(emulator: Emulator, group: str, stream: str | None = None) -> list[str]:
    """Read the messages of a log group, or of one of its streams."""
    stream_filter = {"logStreamNames": [stream]} if stream else {}
    events = emulator.client("logs").filter_log_events(logGroupName=group, **stream_filter)["events"]
    return [event["message"] for event in events]


def _policy(statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
