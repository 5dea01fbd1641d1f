"""A failed call to AWS is one line: which call, on which resource, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from velib_assets.aws import api
from velib_assets.aws.api import AwsError, call, client, to_aws_error

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set credentials for the test, and drop the cached clients."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**KEYS, "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": None}, "Partial credentials found in env"),
        ({"AWS_PROFILE": "nobody"}, r"The config profile \(nobody\) could not be found"),
        ({"AWS_REGION": "us east"}, "'us east' doesn't match a supported format"),
    ],
    ids=["half-a-key", "profile", "region"],
)
def test_settings_that_boto3_does_not_accept_are_reported(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None], message: str
) -> None:
    for name, value in changes.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    region = changes.get("AWS_REGION") or "us-east-1"
    with pytest.raises(AwsError, match=message):
        client("s3", region)


def test_missing_credentials_message_explains_how_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(AwsError, match="no AWS credentials were found for s3 on the lake: sign in"):
        call(client("s3", "us-east-1"), "list_buckets", "the lake")


def test_unreachable_service_is_reported_with_its_address() -> None:
    aws = boto3.client("sqs", "us-east-1", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(AwsError, match=r"sqs could not be reached for the queue at http://127\.0\.0\.1:9"):
        call(aws, "list_queues", "the queue")


@pytest.mark.parametrize(
    ("service", "operation", "code", "message"),
    [
        ("s3", "HeadObject", "403", "needs the permission s3:GetObject"),
        ("s3", "ListObjectsV2", "AccessDenied", "needs the permission s3:ListBucket"),
        ("lambda", "Invoke", "AccessDeniedException", "needs the permission lambda:InvokeFunction"),
        ("glue", "StartJobRun", "AccessDeniedException", "needs the permission glue:StartJobRun"),
        ("sns", "Publish", "AuthorizationError", "needs the permission sns:Publish"),
        ("s3", "PutObject", "ExpiredToken", "sign in again"),
        ("athena", "GetQueryResults", "InvalidSignatureException", "sign in again"),
        ("s3", "GetObject", "NoSuchBucket", "set VELIB_BUCKET to the bucket"),
        ("glue", "GetTable", "EntityNotFoundException", r"refused: EntityNotFoundException \(why\)$"),
    ],
)
def test_refusal_names_call_resource_and_permission(
    service: str, operation: str, code: str, message: str
) -> None:
    error: Any = ClientError({"Error": {"Code": code, "Message": "why"}}, operation)
    aws_error = to_aws_error(client(service, "us-east-1"), "the resource", error)
    assert aws_error.code == code
    assert str(aws_error).startswith(f"{service}:{operation} on the resource was refused: {code} (why)")
    with pytest.raises(AwsError, match=message):
        raise aws_error


def test_error_of_a_service_is_one_line() -> None:
    error = ClientError({"Error": {"Code": "Odd", "Message": "first\nsecond\r\n  third"}}, "GetObject")
    assert str(api.to_aws_error(client("s3", "us-east-1"), "s3://b/k", error)).endswith(
        "(first second third)"
    )
