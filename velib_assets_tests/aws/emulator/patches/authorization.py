"""With AUTH=true: resources and condition keys of a call, according to IAM's service reference.

Stock ministack treats a crawler as a table, checks a call on a table only against its database, does not
know the workgroup of an execution, and gives a write to S3 no keys for its conditional header.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

_CALLS_ON = {"Crawler": "crawler", "Job": "job"}


def apply() -> None:
    """Use the right resource and keys, and check calls on a table also for catalog and database."""
    patching.wrap(patching.core("iam_actions"), "extract_resource_arn", _with_right_resource)
    patching.wrap(patching.core("iam_evaluator"), "enforce", _on_every_resource)
    patching.wrap(importlib.import_module("ministack.app"), "pin_request_origin", _over_tls)
    patching.wrap(patching.core("iam_actions"), "s3_service_context", _with_conditional_header)


def _with_right_resource(stock: Any) -> Any:
    def extract(  # noqa: PLR0917 - ministack's order
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> str:
        if service in ("glue", "athena") and headers.get("x-amz-target"):
            call, data = headers["x-amz-target"].rsplit(".", 1)[-1], json.loads(body or b"{}")
            name = _glue(call, data) if service == "glue" else _athena(data)
            if name:
                return f"arn:aws:{service}:{region}:{account}:{name}"
        arn: str = stock(service, method, path, headers, body, query, region, account)
        return arn

    return extract


def _glue(call: str, data: dict[str, Any]) -> str:
    for word, kind in _CALLS_ON.items():
        if word in call:
            name = data.get(f"{kind.title()}Name") or data.get("Name")
            return f"{kind}/{name}" if name else ""
    database = data.get("DatabaseName") or (data.get("Name") if "Database" in call else "")
    table = data.get("TableName") or (data.get("TableInput") or {}).get("Name")
    if not table and call in ("GetTable", "DeleteTable"):
        table = data.get("Name")
    if database and table:
        return f"table/{database}/{table}"
    return f"database/{database}" if database else ""


def _athena(data: dict[str, Any]) -> str:
    if data.get("WorkGroup"):
        return f"workgroup/{data['WorkGroup']}"
    execution = patching.service("athena")._executions.get(data.get("QueryExecutionId"))
    return f"workgroup/{execution['WorkGroup']}" if execution else ""


def _with_conditional_header(stock: Any) -> Any:
    """Add the keys by which a policy enforces conditional writes."""

    def context(
        action: str, query: dict[str, Any] | None, path: str = "", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        keys: dict[str, Any] = stock(action, query, path, headers)
        if action != "s3:PutObject":
            return keys
        creates = not {"uploads", "partNumber"} & set(query or {})  # the other calls of a multipart upload
        keys["s3:ObjectCreationOperation"] = "true" if creates else "false"
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        for header in ("if-none-match", "if-match"):
            if header in sent:
                keys[f"s3:{header}"] = sent[header]
        return keys

    return context


def _over_tls(stock: Any) -> Any:
    """Treat every request as TLS, because a bucket that denies plain HTTP would deny everything here."""

    def pin(source_ip: str, secure_transport: bool) -> None:  # noqa: ARG001 - ministack's signature
        stock(source_ip, secure_transport=True)

    return pin


def _on_every_resource(stock: Any) -> Any:
    def enforce(access_key: str, action: str, service: str, *args: Any, **kwargs: Any) -> Any:
        arn = str(kwargs.get("resource_arn") or "")
        head, _, resource = arn.partition(":table/") if service == "glue" else (arn, "", "")
        above = [f"{head}:catalog", f"{head}:database/{resource.partition('/')[0]}"] if resource else []
        for each in [*above, arn]:
            denied = stock(access_key, action, service, *args, **{**kwargs, "resource_arn": each})
            if denied:
                return denied
        return None

    return enforce
