"""The emulator's functions run in a bare Python 3.12, raise their own errors, and log metrics."""

from velib_assets_tests.aws.calls import invoke, log_lines, make_function, make_role
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.waiting import wait_for

METRIC = """
import json
def handler(event, context):
    metrics = [{"Name": "Stored", "Unit": "Count"}]
    metric = {"Namespace": "Test/" + event["name"], "Dimensions": [[]], "Metrics": metrics}
    print(json.dumps({"_aws": {"Timestamp": 0, "CloudWatchMetrics": [metric]}, "Stored": 3}))
"""
WORLD = """
import importlib.util, os, sys
import boto3
def handler(event, context):
    foreign = ("requests", "pyarrow", "ministack", "dagster")
    found = [name for name in foreign if importlib.util.find_spec(name)]
    boto3.client("s3").list_buckets()
    return {"version": "%d.%d" % sys.version_info[:2], "found": found, "environment": sorted(os.environ)}
"""
RAISES = """
calls = 0
class QuarantinedError(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    if event.get("fail"):
        raise QuarantinedError("3 of 1400 records")
    return calls
"""


def test_function_has_only_boto3_and_the_endpoint(emulator: Emulator, unique: str) -> None:
    make_function(emulator, unique, WORLD, make_role(emulator, unique))
    error, response = invoke(emulator, unique)
    assert error is None
    assert response["version"] == emulator.interpreters()["lambda"]
    assert response["found"] == []
    assert not [name for name in response["environment"] if name.startswith(("VELIB_", "LAMBDA_PYTHONS"))]


def test_zip_without_a_dependency_fails(emulator: Emulator, unique: str) -> None:
    make_function(emulator, unique, "import requests\ndef handler(e, c): pass", make_role(emulator, unique))
    error, response = invoke(emulator, unique)
    assert error == "Unhandled"
    assert response["errorType"] == "Runtime.ImportModuleError"
    assert "requests" in response["errorMessage"]


def test_error_has_its_type_and_the_environment_stays_warm(emulator: Emulator, unique: str) -> None:
    make_function(emulator, unique, RAISES, make_role(emulator, unique))
    assert invoke(emulator, unique) == (None, 1)
    error, response = invoke(emulator, unique, {"fail": True})
    assert (error, response["errorType"], response["errorMessage"]) == (
        "Unhandled",
        "QuarantinedError",
        "3 of 1400 records",
    )
    assert invoke(emulator, unique) == (None, 3)
    assert any("QuarantinedError" in line for line in log_lines(emulator, f"/aws/lambda/{unique}"))


def test_embedded_metrics_reach_cloudwatch(emulator: Emulator, unique: str) -> None:
    make_function(emulator, unique, METRIC, make_role(emulator, unique))
    invoke(emulator, unique, {"name": unique})
    watch = emulator.client("cloudwatch")
    metrics = wait_for(lambda: watch.list_metrics(Namespace=f"Test/{unique}")["Metrics"])
    assert [(metric["MetricName"], metric["Dimensions"]) for metric in metrics] == [("Stored", [])]


def test_environments_are_bare(environments: Environments) -> None:
    """Each has only its own modules; the marker lists them."""
    for python in (environments.lambda_python, environments.glue_python):
        assert not list(python.parent.parent.glob("lib/*/site-packages/ministack"))
        assert not list(python.parent.parent.glob("lib/*/site-packages/dagster"))
