"""Step Functions: `glue:startJobRun.sync` and `athena:startQueryExecution.sync`, polled until their end."""

from __future__ import annotations

import json
import time
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

_GLUE = "arn:aws:states:::glue:startJobRun"
_ATHENA = "arn:aws:states:::athena:startQueryExecution"
_POLL_SECONDS = 0.2


def apply() -> None:
    """Add the integrations to the dispatch table."""
    states = patching.service("stepfunctions")
    patching.require(
        states, "_SERVICE_DISPATCH", "_dispatch_aws_sdk_json", "_AWS_SDK_SERVICE_MAP", "_ExecutionError"
    )
    states._SERVICE_DISPATCH[_GLUE] = _glue
    states._SERVICE_DISPATCH[_ATHENA] = _athena
    patching.require(states, "_state_machines")
    for name in ("_create_state_machine", "_update_state_machine"):
        patching.wrap(states, name, _with_tracing)
    patching.wrap(states, "_describe_state_machine", _return_tracing)


def _with_tracing(stock: Any) -> Any:
    """Store the tracing configuration of a machine, which Terraform reads back."""

    def make(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        arn = json.loads(response[2] or b"{}").get("stateMachineArn") or data.get("stateMachineArn")
        machine = patching.service("stepfunctions")._state_machines.get(arn)
        if machine is not None and "tracingConfiguration" in data:
            machine["tracingConfiguration"] = data["tracingConfiguration"]
        return response

    return make


def _return_tracing(stock: Any) -> Any:
    def describe(data: dict[str, Any]) -> patching.Response:
        status, headers, body = stock(data)
        machine = patching.service("stepfunctions")._state_machines.get(data.get("stateMachineArn"))
        if machine is None or "tracingConfiguration" not in machine:
            return status, headers, body
        described = json.loads(body) | {"tracingConfiguration": machine["tracingConfiguration"]}
        return status, headers, json.dumps(described).encode()

    return describe


def _call(service: str, action: str, data: dict[str, Any]) -> dict[str, Any]:
    states = patching.service("stepfunctions")
    info = states._AWS_SDK_SERVICE_MAP[service]
    response: dict[str, Any] = states._dispatch_aws_sdk_json(info, service, action, data)
    return response


def _glue(resource: str, data: dict[str, Any]) -> dict[str, Any]:
    arguments = {name: str(value) for name, value in (data.get("Arguments") or {}).items()}
    started = _call("glue", "startJobRun", {**data, "Arguments": arguments})
    if not resource.endswith(".sync"):
        return started
    run_key = {"JobName": data["JobName"], "RunId": started["JobRunId"]}
    while True:
        run: dict[str, Any] = _call("glue", "getJobRun", run_key)["JobRun"]
        if run["JobRunState"] == "SUCCEEDED":
            return run
        if run["JobRunState"] not in ("STARTING", "RUNNING", "STOPPING", "WAITING"):
            _fail(run)
        time.sleep(_POLL_SECONDS)


def _athena(resource: str, data: dict[str, Any]) -> dict[str, Any]:
    started = _call("athena", "startQueryExecution", data)
    if ".sync" not in resource:
        return started
    while True:
        response = _call("athena", "getQueryExecution", {"QueryExecutionId": started["QueryExecutionId"]})
        state = response["QueryExecution"]["Status"]["State"]
        if state == "SUCCEEDED":
            return response
        if state not in ("QUEUED", "RUNNING"):
            _fail(response["QueryExecution"])
        time.sleep(_POLL_SECONDS)


def _fail(outcome: dict[str, Any]) -> None:
    raise patching.service("stepfunctions")._ExecutionError("States.TaskFailed", json.dumps(outcome))
