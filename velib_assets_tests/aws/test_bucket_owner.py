"""Every call on a bucket goes to its region and states the account that must own it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_pipes import encode_param

from velib_assets.aws.api import bucket_client
from velib_assets.aws.pipes_client import session
from velib_assets.aws.reporter import reporter_of_arguments, reporter_of_event
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.twin_lakes import forget_clients
from velib_assets_tests.http_server import LocalServer, Reply

OWNER, REGION = "123456789012", "eu-west-3"
CONTEXT = json.dumps({"asset_keys": None, "extras": {}, "job_name": None, "run_id": "r", "retry_number": 0})


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server in place of S3 and STS, and no region in AWS's own settings."""
    with LocalServer() as server:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        values = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": "/dev/null"}
        for name, value in {**values, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        account = f"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{OWNER}</Account>"
        account += "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        server.queue("/", Reply(body=account.encode()))
        forget_clients()
        yield server
        forget_clients()


def assert_owner_and_region(s3: LocalServer, count: int) -> None:
    """Check all requests on the bucket: at least `count`, each with owner and region."""
    requests = [request for request in s3.requests if request.path.startswith("/lake")]
    assert len(requests) >= count
    for request in requests:
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert headers.get("x-amz-expected-bucket-owner") == OWNER, request.path
        assert f"/{REGION}/s3/" in headers["authorization"], request.path


def test_calls_of_others_code_state_the_owner(s3: LocalServer) -> None:
    """The account is the caller's, unless it is given."""
    s3.queue("/lake/key", Reply(body=b"data"))
    s3.queue("/lake/new", Reply())
    for account in ("", OWNER):
        made = bucket_client(REGION, account)
        assert made.get_object(Bucket="lake", Key="key")["Body"].read() == b"data"
        made.put_object(Bucket="lake", Key="new", Body=io.BytesIO(b"new"))
    assert_owner_and_region(s3, 4)
    assert made.list_buckets()  # names no bucket


def test_store_states_the_owner(s3: LocalServer) -> None:
    s3.queue("/lake/key", Reply(headers={"ETag": '"1"'}, body=b"data"))
    s3.queue("/lake/new", Reply())
    store = BucketStore("lake", OWNER, REGION)
    assert store.read("key") == b"data"
    assert store.create("new", b"new")
    assert_owner_and_region(s3, 2)


@pytest.mark.parametrize("started_by", ["event", "arguments"])
def test_remote_step_states_the_owner(
    s3: LocalServer, monkeypatch: pytest.MonkeyPatch, started_by: str
) -> None:
    """Its context is read from the bucket, and its messages are written there."""
    s3.queue("/lake/context", Reply(body=CONTEXT.encode()))
    messages = {"bucket": "lake", "key_prefix": "messages"}
    for number in range(1, 9):
        s3.queue(f"/lake/messages/{number}.json", Reply())
    context, target = encode_param({"bucket": "lake", "key": "context"}), encode_param(messages)
    if started_by == "event":
        event = {"DAGSTER_PIPES_CONTEXT": context, "DAGSTER_PIPES_MESSAGES": target}
        opened = reporter_of_event(event, REGION, OWNER)
    else:
        argv = ["job", "--dagster-pipes-context", context, "--dagster-pipes-messages", target]
        monkeypatch.setattr("sys.argv", argv)
        opened = reporter_of_arguments(argv, REGION, OWNER)
    with opened as reporter:
        reporter.message({"a": 1})
    assert_owner_and_region(s3, 2)
    assert any(request.method == "PUT" and b'"a": 1' in request.body for request in s3.requests)


def test_host_states_the_owner(s3: LocalServer) -> None:
    """Dagster writes the context, and polls for messages."""

    @dg.op
    def step() -> None:
        with session("lake", REGION) as pipes:
            parameters: dict[str, Any] = dict(pipes.get_bootstrap_env_vars())
            assert parameters

    @dg.job
    def job() -> None:
        step()

    job.execute_in_process(raise_on_error=False)
    assert_owner_and_region(s3, 1)
    assert any(request.method == "PUT" for request in s3.requests)


def test_no_other_code_makes_a_client_for_s3() -> None:
    """But the archive's, which another account may own, and which is only read."""
    files = list(Path(CHECKOUT / "velib_assets").rglob("*.py"))
    made = {path.name for path in files if re.search(r'client\(\s*"s3"', path.read_text("utf-8"))}
    assert made == {"api.py", "bucket_store.py", "s3_archive_client.py"}
