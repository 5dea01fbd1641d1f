"""A Glue run that is abandoned is stopped, and if Glue does not stop it, the log says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from velib_assets.aws.names import Names
from velib_assets.clean import glue_client
from velib_assets.clean.glue_client import GlueRun

RUN = {"JobName": "velib_clean_job", "JobRunIds": ["jr_1"]}


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Return a client that starts a run; any other call needs a queued response."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    made = boto3.client("glue", "us-east-1")
    monkeypatch.setattr(glue_client, "client", lambda *_: made)
    with Stubber(made) as stub:
        stub.add_response("start_job_run", {"JobRunId": "jr_1"})
        yield stub
        stub.assert_no_pending_responses()


def abandon(caplog: pytest.LogCaptureFixture) -> str:
    """Start a run and leave it; return the log."""
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(KeyboardInterrupt),
        GlueRun(Names("bucket"), {}, poll=0),
    ):
        raise KeyboardInterrupt
    return caplog.text


def test_stopped_run_leaves_no_message(glue: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    submitted: list[Any] = [{"JobName": "velib_clean_job", "JobRunId": "jr_1"}]
    glue.add_response("batch_stop_job_run", {"SuccessfulSubmissions": submitted, "Errors": []}, RUN)
    assert abandon(caplog) == ""


def test_run_that_glue_does_not_stop_is_named(glue: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    detail = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try later"}
    error = {"JobName": "velib_clean_job", "JobRunId": "jr_1", "ErrorDetail": detail}
    glue.add_response("batch_stop_job_run", {"Errors": [error]}, RUN)
    text = abandon(caplog)
    assert "the Glue run jr_1 was not stopped: InternalServiceException (try later)" in text
    assert "https://us-east-1.console.aws.amazon.com/gluestudio" in text


def test_refused_stop_is_named(glue: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    glue.add_client_error("batch_stop_job_run", "AccessDeniedException", "no")
    assert "needs the permission glue:BatchStopJobRun" in abandon(caplog)
