"""Views in Athena's form in the Glue catalog: a VIRTUAL_VIEW with the statement in base64."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import sqlglot
from sqlglot import exp

from velib_assets_tests.aws.emulator.patches import patching

_TEXT = re.compile(r"/\* Presto View: (\S+) \*/")
_HIVE = {"varchar": "string", "integer": "int"}
_TRINO = {"timestamp": "timestamp(3)"}


def query_of(text: str) -> exp.Expr:
    """Decode the query from a view's ViewOriginalText."""
    return sqlglot.parse_one(_definition(text)["originalSql"], read="athena")


def columns_of(text: str) -> list[dict[str, str]]:
    """Decode the columns that a view had when it was defined."""
    columns: list[dict[str, str]] = _definition(text)["columns"]
    return columns


def stored_columns(columns: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Return columns as a view's definition stores them."""
    return [{"name": column, "type": _TRINO.get(kind, kind)} for column, kind in columns]


def _definition(text: str) -> dict[str, Any]:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("the catalog's text is not one that Athena wrote")
    definition: dict[str, Any] = json.loads(base64.b64decode(match.group(1)))
    return definition


def store(database: str, name: str, query: exp.Expr, columns: list[tuple[str, str]], replace: bool) -> None:
    """Write a view to the catalog, reformatted as Athena does instead of as sent."""
    glue = patching.service("glue")
    definition = {
        "originalSql": query.sql("athena", pretty=True, comments=False),
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": stored_columns(columns),
        "runAsInvoker": False,
        "properties": {},
    }
    existing = glue._tables.get(f"{database}/{name}")
    if existing and (not replace or existing.get("TableType") != "VIRTUAL_VIEW"):
        kind = "View" if existing.get("TableType") == "VIRTUAL_VIEW" else "Table"
        raise ValueError(f"{kind} already exists: '{database}.{name}'")
    table = _table_input(name, json.dumps(definition), columns)
    handler = glue._update_table if existing else glue._create_table
    patching.checked(handler({"DatabaseName": database, "TableInput": table}))


def drop(database: str, name: str, if_exists: bool) -> None:
    """Delete a view from the catalog."""
    glue = patching.service("glue")
    existing = glue._tables.get(f"{database}/{name}")
    if existing is None and if_exists:
        return
    if existing is None or existing.get("TableType") != "VIRTUAL_VIEW":
        raise ValueError(f"TABLE_NOT_FOUND: line 1:1: View '{database}.{name}' does not exist")
    patching.checked(glue._delete_table({"DatabaseName": database, "Name": name}))


def _table_input(name: str, definition: str, columns: list[tuple[str, str]]) -> dict[str, Any]:
    encoded = base64.b64encode(definition.encode()).decode()
    return {
        "Name": name,
        "Owner": "hadoop",
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {
            "comment": "Presto View",
            "presto_view": "true",
            "transient_lastDdlTime": str(int(time.time())),
        },
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": _HIVE.get(kind, kind)} for column, kind in columns],
            "Location": "",
            "SerdeInfo": {},
            "BucketColumns": [],
            "SortColumns": [],
        },
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
    }
