"""Calls of AWS's API, and what is said when one is refused.

Belongs here: the one way in which this project calls boto3, and the words for what came back. Does not:
any one service's business. boto3 is imported with the first client: loading the definitions needs none.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Optional

from velib_assets.lake.text import visible

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# What a call needs, where its permission is not named like it.
_PERMISSIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "lambda:Invoke": "lambda:InvokeFunction",
}
_LOGIN = re.compile(r"//[^/@\s]+@")  # of an AWS_ENDPOINT_URL
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "AuthorizationError"}
_NOT_WHO = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class AwsError(OSError):
    """A call that AWS did not answer, in one line: which, on what, why, and what it needs.

    `code` is the service's own, such as `NoSuchKey`; empty where no service was reached.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(visible(" ".join(_LOGIN.sub("//", message).split())))
        self.code = code


@cache
def client(service: str, region: Optional[str] = None, read_timeout: int = 60, attempts: int = 5) -> Any:  # noqa: ANN401 - boto3's
    """A client that gives up in bounded time; one a process, for each costs 20 ms and new connections.

    Raises:
        AwsError: where region, profile or credentials are named in a way that boto3 does not understand.
    """
    import boto3  # noqa: PLC0415 - see above
    from botocore.config import Config  # noqa: PLC0415 - likewise
    from botocore.exceptions import BotoCoreError, NoRegionError  # noqa: PLC0415 - likewise

    retries = {"mode": "standard", "total_max_attempts": attempts}
    signature = "s3v4" if service == "s3" else None  # links too: by itself it signs those in an older way
    config = Config(
        connect_timeout=5, read_timeout=read_timeout, retries=retries, signature_version=signature
    )
    try:
        return boto3.client(service, region_name=region, config=config)
    except NoRegionError:
        raise AwsError("no AWS region is set: AWS_REGION=us-east-1") from None
    except BotoCoreError as error:
        raise AwsError(f"the AWS settings cannot be used for {service}: {error}") from None


def call(client: Any, method: str, resource: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's
    """Call a client's method; `resource` is what people know the thing by, for the words.

    Raises:
        AwsError: where the call was refused or never arrived.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - likewise

    try:
        return getattr(client, method)(**arguments)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise to_aws_error(client, resource, error) from None


def to_aws_error(client: Any, resource: str, error: Exception) -> AwsError:  # noqa: ANN401 - boto3's
    """An error of boto3's in our words."""
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
        return AwsError(f"this boto3 is too old for {service} on {resource}: {error}")
    if isinstance(error, ResponseParserError):  # its words repeat the answer
        return AwsError(
            f"what answered for {service} at {client.meta.endpoint_url} is not AWS: a proxy's page?"
        )
    return AwsError(f"{service} did not answer for {resource} at {client.meta.endpoint_url}: {error}")


def account_of(region: Optional[str] = None) -> str:
    """The account that the credentials belong to: writes are refused in any other's bucket.

    Raises:
        AwsError: where they are missing or refused.
    """
    sts = client("sts", region)
    return str(call(sts, "get_caller_identity", "the caller's account")["Account"])


def _refused(service: str, resource: str, error: ClientError) -> AwsError:
    found = error.response.get("Error", {})
    code, message = str(found.get("Code", "")), str(found.get("Message", ""))
    call_name = f"{service}:{error.operation_name}"
    words = f"{call_name} on {resource} was refused: {code}" + (f" ({message})" if message else "")
    if code in _DENIED:
        words += f"; the caller wants the permission {_PERMISSIONS.get(call_name, call_name)} there"
    elif code in _NOT_WHO:
        words += "; the credentials are not valid (any more): sign in again"
    elif code == "NoSuchBucket":
        words += "; is VELIB_BUCKET the bucket that `terraform output` names?"
    return AwsError(words, code)
