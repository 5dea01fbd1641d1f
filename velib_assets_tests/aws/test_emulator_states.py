"""The emulator's state machines run both `.sync` integrations and query languages; schedules fire."""

import json
from typing import Any

import pytest

from velib_assets_tests.aws.calls import execution_ended, make_function, make_role
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.waiting import wait_for

GLUE = "arn:aws:states:::glue:startJobRun.sync"
ATHENA = "arn:aws:states:::athena:startQueryExecution.sync"
SCRIPT = "import sys\nassert sys.argv[-1] != 'bad', 'the last word was bad'\n"


def _machine(emulator: Emulator, name: str, definition: dict[str, Any]) -> str:
    role = f"arn:aws:iam::000000000000:role/{name}"
    created = emulator.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role
    )
    arn: str = created["stateMachineArn"]
    return arn


def _run(emulator: Emulator, machine: str, event: dict[str, Any]) -> dict[str, Any]:
    states = emulator.client("stepfunctions")
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(event))
    return execution_ended(emulator, started["executionArn"])


def _definition(language: str, state: dict[str, Any]) -> dict[str, Any]:
    only = {"Type": "Task", **state, "End": True}
    return {"QueryLanguage": language, "StartAt": "Only", "States": {"Only": only}}


@pytest.fixture
def job(emulator: Emulator, bucket: str, unique: str) -> str:
    """Create a job that fails if its last argument is `bad`."""
    make_role(emulator, unique)
    emulator.client("s3").put_object(Bucket=bucket, Key="job.py", Body=SCRIPT)
    command = {"Name": "pythonshell", "ScriptLocation": f"s3://{bucket}/job.py", "PythonVersion": "3.9"}
    emulator.client("glue").create_job(Name=unique, Role=unique, Command=command)
    return unique


@pytest.mark.parametrize(
    ("language", "state"),
    [
        ("JSONPath", {"Parameters": {"Arguments": {"--word.$": "$.word"}}, "OutputPath": "$.JobRunState"}),
        (
            "JSONata",
            {
                "Arguments": {"Arguments": {"--word": "{% $states.input.word %}"}},
                "Output": "{% $states.result.JobRunState %}",
            },
        ),
    ],
)
def test_state_machine_waits_for_a_glue_job(
    emulator: Emulator, job: str, language: str, state: dict[str, Any]
) -> None:
    key = "Parameters" if language == "JSONPath" else "Arguments"
    state = {**state, "Resource": GLUE, key: {**state[key], "JobName": job}}
    machine = _machine(emulator, job, _definition(language, state))
    done = _run(emulator, machine, {"word": "good"})
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", "SUCCEEDED")
    failed = _run(emulator, machine, {"word": "bad"})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(failed["cause"])
    assert cause["JobRunState"] == "FAILED"
    assert cause["ErrorMessage"] == "AssertionError: the last word was bad"
    watch = emulator.client("cloudwatch")
    dimensions = [{"Name": "StateMachineArn", "Value": machine}]
    metric = {"Namespace": "AWS/States", "MetricName": "ExecutionsFailed", "Dimensions": dimensions}
    assert wait_for(lambda: watch.list_metrics(**metric)["Metrics"])


def test_state_machine_waits_for_a_query(emulator: Emulator, bucket: str, unique: str) -> None:
    settings = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"}}
    emulator.client("athena").create_work_group(Name=unique, Configuration=settings)
    arguments = {"QueryString": "{% 'SELECT * FROM ' & $states.input.table %}", "WorkGroup": unique}
    output = "{% $states.result.QueryExecution.Status.State %}"
    state = {"Resource": ATHENA, "Arguments": arguments, "Output": output}
    machine = _machine(emulator, unique, _definition("JSONata", state))
    assert json.loads(_run(emulator, machine, {"table": "(VALUES 1) AS t(x)"})["output"]) == "SUCCEEDED"
    failed = _run(emulator, machine, {"table": "gone"})
    assert failed["error"] == "States.TaskFailed"
    assert "TABLE_NOT_FOUND" not in failed["error"]
    assert "SCHEMA_NOT_FOUND" in failed["cause"]


def test_error_of_a_lambda_has_its_class(emulator: Emulator, unique: str) -> None:
    code = "class FeedError(Exception): pass\ndef handler(e, c): raise FeedError('503')"
    make_function(emulator, unique, code, make_role(emulator, unique))
    parameters = {"FunctionName": unique, "Payload": {}}
    state = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    failed = _run(emulator, _machine(emulator, unique, _definition("JSONPath", state)), {})
    assert (failed["status"], failed["error"]) == ("FAILED", "FeedError")
    assert json.loads(failed["cause"])["errorMessage"] == "503"


def test_enabled_schedule_fires_with_its_time(emulator: Emulator, unique: str) -> None:
    machine = _machine(emulator, unique, _definition_of_nothing())
    scheduler, states = emulator.client("scheduler"), emulator.client("stepfunctions")
    target = {
        "Arn": machine,
        "RoleArn": "arn:aws:iam::000000000000:role/x",
        "Input": '{"scheduled_at": "<aws.scheduler.scheduled-time>"}',
    }
    common = {"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    disabled = {**target, "Input": '{"scheduled_at": "never"}'}
    scheduler.create_schedule(Name=f"{unique}-off", State="DISABLED", Target=disabled, **common)
    scheduler.create_schedule(Name=unique, Target=target, **common)
    executions = wait_for(lambda: states.list_executions(stateMachineArn=machine)["executions"], 90)
    scheduler.delete_schedule(Name=unique)
    for execution in executions:  # it may have fired twice between two polls
        event = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
        assert event["scheduled_at"] != "never"
        assert event["scheduled_at"].endswith("Z")
        assert len(event["scheduled_at"]) == len("2026-11-23T10:15:00Z")


def _definition_of_nothing() -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
