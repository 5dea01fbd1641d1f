"""Results in Athena's form: values as text, pages of rows, the CSV object and its metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from velib_assets_tests.aws.emulator.patches import patching
from velib_assets_tests.aws.emulator.patches.athena_catalog import QueryFailed
from velib_assets_tests.aws.emulator.patches.athena_engine import QueryResult

_PRECISION = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "timestamp": 3,
    "varchar": 2147483647,
}


def store(execution: dict[str, Any], result: QueryResult) -> None:
    """Write the result object (quoted CSV, or text for statements other than queries) and keep its rows."""
    rows = [[text(value) for value in row] for row in result.rows]
    execution["_columns"] = list(zip(result.columns, result.types, strict=True))
    execution["_rows"] = rows
    is_csv = execution["StatementType"] == "DML"
    lines = [",".join(map(_quoted, row)) if is_csv else "\t".join(map(str, row)) for row in rows]
    header = [",".join(map(_quoted, result.columns))] if is_csv else []
    content = "".join(f"{line}\n" for line in (*header, *lines))
    url = execution["ResultConfiguration"]["OutputLocation"]
    _put(url, content.encode())
    _put(f"{url}.metadata", json.dumps(execution["_columns"]).encode())


def page(execution: dict[str, Any], token: str | None, size: int) -> dict[str, Any]:
    """GetQueryResults: the first row of a query's first page is its header, which counts as a row."""
    columns, rows = execution["_columns"], execution["_rows"]
    if execution["StatementType"] == "DML":
        rows = [[name for name, _ in columns], *rows]
    first = int(token or 0)
    shown = rows[first : first + size]
    response: dict[str, Any] = {
        "UpdateCount": 0,
        "ResultSet": {
            "Rows": [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in shown],
            "ResultSetMetadata": {"ColumnInfo": [_info(name, kind) for name, kind in columns]},
        },
    }
    if first + size < len(rows):
        response["NextToken"] = str(first + size)
    return response


def text(value: Any) -> str | None:
    """Format a value as Athena does; None stays None."""
    if value is None:
        return None
    for kind, form in _FORMS.items():
        if isinstance(value, kind):
            return form(value)
    return str(value)


def _time(value: datetime) -> str:
    zone = " UTC" if value.tzinfo else ""
    return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}{zone}"


def _double(value: float) -> str:
    """Format a number as Java does: 0.5, 1.0E-4, 1.2345E7."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f")
    mantissa, _, exponent = format(Decimal(repr(value)).normalize(), "E").partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


# The first match applies: in Python, a bool is an int, and a datetime a date.
_FORMS: dict[Any, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    float: _double,
    datetime: _time,
    date: date.isoformat,
    Decimal: lambda value: format(value, "f"),
    (list, tuple): lambda value: "[" + ", ".join(str(text(item)) for item in value) + "]",
    dict: lambda value: "{" + ", ".join(f"{key}={text(item)}" for key, item in value.items()) + "}",
}


def _info(name: str, kind: str) -> dict[str, Any]:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": _PRECISION.get(kind, 0),
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _put(url: str, body: bytes) -> None:
    where = urlsplit(url)
    headers = {"content-type": "application/octet-stream", "content-length": str(len(body))}
    status, _, _ = patching.service("s3")._put_object(where.netloc, where.path.lstrip("/"), body, headers)
    if status >= 300:
        raise QueryFailed(f"Unable to verify/create output bucket {where.netloc}")
