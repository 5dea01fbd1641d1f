"""Calls to AWS, and one message for each kind of failure.

boto3 is imported with the first client, because loading Dagster's definitions needs none.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional

from velib_assets.lake.text import visible

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Permissions that are not named like their call.
_PERMISSIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "lambda:Invoke": "lambda:InvokeFunction",
}
_LOGIN = re.compile(r"//[^/@\s]+@")  # in an AWS_ENDPOINT_URL
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "AuthorizationError"}
_INVALID_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class AwsError(OSError):
    """A failed call, in one line: the call, the resource, the reason, and what to do.

    Attributes:
        code: the error code of the service, such as `NoSuchKey`; empty if no service was reached.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(visible(" ".join(_LOGIN.sub("//", message).split())))
        self.code = code


@cache
def client(service: str, region: Optional[str] = None, read_timeout: int = 60, attempts: int = 5) -> Any:  # noqa: ANN401 - boto3's
    """Return the client of a service; cached, because a new one costs 20 ms and new connections.

    Args:
        service: as boto3 names it, such as `s3`.
        region: by default that of AWS's own settings.
        read_timeout: seconds to wait for a response.
        attempts: how often a call is tried.

    Raises:
        AwsError: boto3 does not accept the region, the profile or the credentials.
    """
    return _new_client(service, region, read_timeout, attempts)


def _new_client(service: str, region: Optional[str], read_timeout: int = 60, attempts: int = 5) -> Any:  # noqa: ANN401 - boto3's
    import boto3  # noqa: PLC0415 - see above
    from botocore.config import Config  # noqa: PLC0415 - likewise
    from botocore.exceptions import BotoCoreError, NoRegionError  # noqa: PLC0415 - likewise

    retries = {"mode": "standard", "total_max_attempts": attempts}
    signature = "s3v4" if service == "s3" else None  # for presigned links, whose default is an older one
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries=retries,
        signature_version=signature,
        tcp_keepalive=True,  # for calls that respond after minutes
    )
    try:
        return boto3.client(service, region_name=region, config=config)
    except NoRegionError:
        raise AwsError("no AWS region is set; set AWS_REGION=us-east-1") from None
    except BotoCoreError as error:
        raise AwsError(f"the AWS settings cannot be used for {service}: {error}") from None


@cache
def bucket_client(region: Optional[str] = None, account: str = "") -> Any:  # noqa: ANN401 - boto3's
    """Return a client for S3 whose every call on a bucket states the account that must own it.

    Bucket names are global, so without this a mistyped name could reach somebody else's bucket. It is for
    code that makes its own calls, such as Dagster Pipes.

    Args:
        region: as in `client`.
        account: empty for the caller's.

    Raises:
        AwsError: as in `client`, or the account is not known because credentials are missing or refused.
    """
    owner = account or account_of(region)

    def state_owner(params: Dict[str, Any], model: Any, **_: Any) -> Dict[str, Any]:  # noqa: ANN401 - boto3's
        if "ExpectedBucketOwner" not in model.input_shape.members:
            return params
        return {"ExpectedBucketOwner": owner, **params}

    s3 = _new_client("s3", region)
    s3.meta.events.register("provide-client-params.s3", state_owner)
    return s3


def call(client: Any, method: str, resource: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
    """Call a method of a client.

    Args:
        client: from `client`.
        method: such as `get_object`.
        resource: what is called, as a person knows it, for error messages.
        **arguments: of the method.

    Raises:
        AwsError: the call was refused, or AWS was not reached.
    """
    with aws_errors(client, resource):
        return getattr(client, method)(**arguments)


def pages(client: Any, method: str, resource: str, **arguments: Any) -> Iterator[Dict[str, Any]]:  # noqa: ANN401 - boto3's
    """Call a method until no page is left, and yield each response; arguments and errors are as in `call`."""
    with aws_errors(client, resource):
        if client.can_paginate(method):
            yield from client.get_paginator(method).paginate(**arguments)
        else:
            yield getattr(client, method)(**arguments)


@contextmanager
def aws_errors(client: Any, resource: str) -> Iterator[None]:  # noqa: ANN401 - boto3's
    """Convert errors of boto3.

    Raises:
        AwsError: the call was refused, or AWS was not reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - likewise

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise to_aws_error(client, resource, error) from None


def to_aws_error(client: Any, resource: str, error: Exception) -> AwsError:  # noqa: ANN401 - boto3's
    """Convert an error of boto3."""
    from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError  # noqa: PLC0415 - see above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - likewise

    service = str(client.meta.service_model.service_name)
    if isinstance(error, ClientError):
        return _refused(service, resource, error)
    if isinstance(error, NoCredentialsError):
        return AwsError(
            f"no AWS credentials were found for {service} on {resource}: sign in "
            "(aws sso login, aws configure) or set AWS_PROFILE"
        )
    if isinstance(error, ParamValidationError):
        return AwsError(f"this version of boto3 is too old for {service} on {resource}: {error}")
    url = client.meta.endpoint_url
    if isinstance(error, ResponseParserError):  # its text repeats the response
        return AwsError(f"the response of {service} from {url} is not AWS's own; is it a proxy's page?")
    return AwsError(f"{service} could not be reached for {resource} at {url}: {error}")


def account_of(region: Optional[str] = None) -> str:
    """Return the account of the credentials; S3 refuses writes to a bucket of any other account.

    Raises:
        AwsError: the credentials are missing or refused.
    """
    sts = client("sts", region)
    return str(call(sts, "get_caller_identity", "the caller's account")["Account"])


def _refused(service: str, resource: str, error: ClientError) -> AwsError:
    details = error.response.get("Error", {})
    code, reason = str(details.get("Code", "")), str(details.get("Message", ""))
    call_name = f"{service}:{error.operation_name}"
    message = f"{call_name} on {resource} was refused: {code}" + (f" ({reason})" if reason else "")
    if code in _DENIED:
        message += f"; the caller needs the permission {_PERMISSIONS.get(call_name, call_name)}"
    elif code in _INVALID_CREDENTIALS:
        message += "; the credentials are invalid or have expired: sign in again"
    elif code == "NoSuchBucket":
        message += "; set VELIB_BUCKET to the bucket that `terraform output` prints"
    return AwsError(message, code)
