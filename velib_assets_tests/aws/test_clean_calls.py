"""Calls of the clean function that Lambda does not run, that break off, or whose response is not Lambda's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime

import dagster as dg
import pytest

from velib_assets.aws.names import PIPES_PREFIX, Names
from velib_assets.clean import lambda_clean_client
from velib_assets.clean.glue_client import HOURS as HOURS_WORK
from velib_assets.clean.hour_result import HourResult
from velib_assets.clean.lambda_clean_client import LambdaJob
from velib_assets.lake.keys import HOUR as ONE_HOUR
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import forget_clients
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR

CALL = "/2015-03-31/functions/velib_clean_lambda/invocations"
BUSY = Reply(500, b'{"Type": "Service"}', {"x-amzn-ErrorType": "ServiceException"})
DONE = Reply(200, b'{"cleaned": 2}')
HOURS = [HOUR, HOUR + ONE_HOUR]


@pytest.fixture
def function(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server in place of Lambda, beside the emulator's other services."""
    with LocalServer() as server:
        values = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        urls = {"AWS_ENDPOINT_URL": emulator.endpoint, "AWS_ENDPOINT_URL_LAMBDA": server.url}
        for name, value in {**values, **urls}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(lambda_clean_client, "_WAITS", (0, 0))
        forget_clients()
        yield server
        forget_clients()


def clean(bucket: str, hours: Sequence[datetime] = HOURS) -> list[HourResult]:
    """Clean hours in a run of Dagster."""
    results: list[HourResult] = []

    @dg.op
    def step() -> None:
        results.extend(LambdaJob(Names(bucket), HOURS_WORK, poll=0.01).run(hours))

    @dg.job
    def job() -> None:
        step()

    job.execute_in_process()
    return results


def test_no_hours_need_no_call(function: LocalServer, bucket: str) -> None:
    assert clean(bucket, []) == []
    assert function.paths() == []


def test_call_that_lambda_did_not_run_is_repeated(function: LocalServer, bucket: str) -> None:
    function.queue(CALL, BUSY, DONE)
    assert [result.error for result in clean(bucket)] == [
        "velib_clean_lambda sent no result for this hour"
    ] * 2
    assert function.paths() == [CALL] * 2


def test_call_that_lambda_never_runs_fails_its_hours(function: LocalServer, bucket: str) -> None:
    function.queue(CALL, BUSY)
    assert all("was refused: ServiceException" in result.error for result in clean(bucket))
    assert function.paths() == [CALL] * 3


def test_response_that_is_not_of_lambda_ends_the_wait(function: LocalServer, bucket: str) -> None:
    function.queue(CALL, Reply(200, b"<html>", {"X-Amz-Function-Error": "Unhandled"}))
    assert all("is not JSON; is it a proxy's page?" in result.error for result in clean(bucket))


def test_results_of_a_call_that_broke_off_count(
    function: LocalServer, bucket: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call takes the other hours, which here fails too."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "sent")
    message = HourResult(HOUR, None, "its raw is bad").message()
    line = {"__dagster_pipes_version": "0.1", "method": "report_custom_message"}
    body = json.dumps({**line, "params": {"payload": message}})
    emulator.client("s3").put_object(Bucket=bucket, Key=f"{PIPES_PREFIX}sent/1.json", Body=body.encode())
    function.queue(CALL, Reply(fault="reset"))
    first, second = clean(bucket)
    assert (first.hour, first.error) == (HOUR, "its raw is bad")
    assert "lambda could not be reached for the function velib_clean_lambda" in second.error
    assert len(function.requests) == 2
