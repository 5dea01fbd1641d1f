"""S3: the expected owner of the bucket."""

from __future__ import annotations

from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

_HEADERS = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")


def apply() -> None:
    """Check the header first."""
    patching.require(patching.service("s3"), "_error", "_buckets")
    patching.wrap(patching.service("s3"), "_dispatch", _with_owner)


def _with_owner(stock: Any) -> Any:
    def dispatch(method: str, bucket: str, key: str, headers: dict[str, str], *rest: Any) -> Any:
        s3, owner = patching.service("s3"), patching.core("responses").get_account_id()
        expected = {headers[name] for name in _HEADERS if headers.get(name)}
        if bucket in s3._buckets and expected - {owner}:
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}".rstrip("/"))
        return stock(method, bucket, key, headers, *rest)

    return dispatch
