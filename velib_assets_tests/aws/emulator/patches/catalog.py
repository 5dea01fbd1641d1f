"""Partitions of the Glue catalog: limits on batches, pages, and filter expressions of the service."""

from __future__ import annotations

from typing import Any

import duckdb

from velib_assets_tests.aws.emulator.patches import athena_catalog, athena_pruning, patching

_LIMITS = {
    "_batch_create_partition": ("PartitionInputList", 100),
    "_batch_update_partition": ("Entries", 100),
    "_batch_get_partition": ("PartitionsToGet", 1000),
}
_PAGE = 1000


def apply() -> None:
    """Wrap the batch calls, and replace the listing."""
    glue = patching.service("glue")
    patching.require(glue, "_tables", "_partitions")
    for name, (field, limit) in _LIMITS.items():
        patching.wrap(glue, name, _limited(field, limit))
    patching.replace(glue, "_get_partitions", list_partitions)


def list_partitions(data: dict[str, Any]) -> patching.Response:
    """GetPartitions: those that match the expression, in pages."""
    table = athena_catalog.find(data["DatabaseName"], data["TableName"])
    if table is None:
        return patching.error("EntityNotFoundException", f"Table {data['TableName']} not found.")
    records = patching.service("glue")._partitions.get(f"{table.database}/{table.name}", [])
    if data.get("Expression"):
        try:
            fitting = athena_pruning.fitting(table, data["Expression"].replace("`", '"'))
        except duckdb.Error as error:
            return patching.error("InvalidInputException", f"Unsupported expression: {error}")
        matching = {partition.values for partition in fitting}
        records = [record for record in records if tuple(record["Values"]) in matching]
    first, size = int(data.get("NextToken") or 0), min(data.get("MaxResults") or _PAGE, _PAGE)
    page: dict[str, Any] = {"Partitions": records[first : first + size]}
    if first + size < len(records):
        page["NextToken"] = str(first + size)
    return patching.ok(page)


def _limited(field: str, limit: int) -> Any:
    def around(stock: Any) -> Any:
        def call(data: dict[str, Any]) -> patching.Response:
            if athena_catalog.find(data["DatabaseName"], data["TableName"]) is None:
                return patching.error("EntityNotFoundException", f"Table {data['TableName']} not found.")
            if len(data.get(field) or []) > limit:
                message = (
                    f"1 validation error detected: '{field}' must have length less than or equal to {limit}"
                )
                return patching.error("ValidationException", message)
            response: patching.Response = stock(data)
            return response

        return call

    return around
