"""S3: the expected owner of the bucket, and the tags of objects that are uploaded in parts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from velib_assets_tests.aws.emulator.patches import patching

_HEADERS = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")


def apply() -> None:
    """Check the header first, and keep the tags of an upload until its completion."""
    s3 = patching.service("s3")
    patching.require(
        s3, "_error", "_buckets", "_multipart_uploads", "_object_tags", "_resolve_subresource_version"
    )
    patching.wrap(s3, "_dispatch", _with_owner)
    patching.wrap(s3, "_create_multipart_upload", _with_tags)
    patching.wrap(s3, "_complete_multipart_upload", _tagging)


def _with_tags(stock: Any) -> Any:
    def create(bucket: str, key: str, headers: dict[str, str]) -> Any:
        before = set(patching.service("s3")._multipart_uploads)
        response = stock(bucket, key, headers)
        tags = dict(parse_qsl(headers.get("x-amz-tagging", "")))
        for upload, state in patching.service("s3")._multipart_uploads.items():
            if upload not in before and state["key"] == key:
                state["velib_tags"] = tags
        return response

    return create


def _tagging(stock: Any) -> Any:
    def complete(bucket: str, key: str, body: bytes, query: dict[str, Any], *rest: Any) -> Any:
        s3 = patching.service("s3")
        upload = query.get("uploadId") or [""]
        state = s3._multipart_uploads.get(upload if isinstance(upload, str) else upload[0]) or {}
        response = stock(bucket, key, body, query, *rest)
        if response[0] == 200 and state.get("velib_tags"):
            version = s3._resolve_subresource_version({}, s3._buckets[bucket], key)
            s3._object_tags[bucket, key, version] = state["velib_tags"]
        return response

    return complete


def _with_owner(stock: Any) -> Any:
    def dispatch(method: str, bucket: str, key: str, headers: dict[str, str], *rest: Any) -> Any:
        s3, owner = patching.service("s3"), patching.core("responses").get_account_id()
        expected = {headers[name] for name in _HEADERS if headers.get(name)}
        if bucket in s3._buckets and expected - {owner}:
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}".rstrip("/"))
        return stock(method, bucket, key, headers, *rest)

    return dispatch
