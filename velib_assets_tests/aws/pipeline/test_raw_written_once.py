"""Raw is written once, also by identities that may put there: the bucket's policy requires If-None-Match."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from velib_assets_tests.aws.emulator.server import ACCOUNT
from velib_assets_tests.aws.pipeline.conftest import Cloud
from velib_assets_tests.http_server import LocalServer

KEY, OTHER = "raw/source=velib/once", "quarantine/often"
HOST = f"arn:aws:iam::{ACCOUNT}:user/dagster-host"

pytestmark = [pytest.mark.usefixtures("lake"), pytest.mark.promise("raw")]


@pytest.fixture
def host() -> Any:
    """Return a client with the host's permissions, which include s3:PutObject on raw/."""
    return boto3.client("s3")


def refusal(call: Any, **arguments: Any) -> str:
    """Return the code with which a call is refused, or nothing."""
    try:
        call(**arguments)
    except ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    return ""


def upload_in_parts(s3: Any, bucket: str, **header: str) -> str:
    """Upload an object of one part; return the code with which its completion is refused."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    target = {"Bucket": bucket, "Key": KEY, "UploadId": upload}
    etag = s3.upload_part(**target, PartNumber=1, Body=b"in parts")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    return refusal(s3.complete_multipart_upload, **target, MultipartUpload=parts, **header)


def test_raw_object_is_created_and_never_replaced(cloud: Cloud, host: Any) -> None:
    target = {"Bucket": cloud.bucket, "Key": KEY}
    assert refusal(host.put_object, **target, Body=b"second") == "AccessDenied"
    etag = host.put_object(**target, Body=b"first", IfNoneMatch="*")["ETag"]
    assert refusal(host.put_object, **target, Body=b"second") == "AccessDenied"
    assert refusal(host.put_object, **target, Body=b"second", IfMatch=etag) == "AccessDenied"
    assert refusal(host.put_object, **target, Body=b"second", IfNoneMatch="*") == "PreconditionFailed"
    assert refusal(host.delete_object, **target) == "AccessDenied"
    assert host.get_object(**target)["Body"].read() == b"first"


def test_copy_and_multipart_upload_do_not_replace_raw(cloud: Cloud, host: Any) -> None:
    host.put_object(Bucket=cloud.bucket, Key=OTHER, Body=b"other")
    target = {"Bucket": cloud.bucket, "Key": KEY}
    assert upload_in_parts(host, cloud.bucket) == "AccessDenied"
    assert upload_in_parts(host, cloud.bucket, IfNoneMatch="*") == ""
    assert upload_in_parts(host, cloud.bucket, IfNoneMatch="*") == "PreconditionFailed"
    assert refusal(host.copy_object, **target, CopySource=f"{cloud.bucket}/{OTHER}") == "AccessDenied"
    assert host.get_object(**target)["Body"].read() == b"in parts"


def test_other_prefixes_need_no_header(cloud: Cloud, host: Any) -> None:
    for body in (b"first", b"second"):
        assert refusal(host.put_object, Bucket=cloud.bucket, Key=OTHER, Body=body) == ""


@pytest.fixture
def excepted(cloud: Cloud, city: LocalServer) -> Iterator[None]:
    """Except the host's user, as somebody who copies an old bucket would except themselves."""
    cloud.terraform.apply(opendata_url=city.url, raw_copy_principals=[HOST])
    yield
    cloud.terraform.apply(opendata_url=city.url)


@pytest.mark.usefixtures("excepted")
def test_excepted_principal_may_copy_an_old_bucket(cloud: Cloud, host: Any) -> None:
    host.put_object(Bucket=cloud.bucket, Key=OTHER, Body=b"old snapshot")
    assert refusal(host.copy_object, Bucket=cloud.bucket, Key=KEY, CopySource=f"{cloud.bucket}/{OTHER}") == ""
    assert host.get_object(Bucket=cloud.bucket, Key=KEY)["Body"].read() == b"old snapshot"


def test_exception_is_an_arn_of_iam(cloud: Cloud) -> None:
    with pytest.raises(Exception, match="raw_copy_principals must be ARNs of IAM roles or users"):
        cloud.terraform.changes(raw_copy_principals=["arn:aws:iam::123456789012:role/*"])
