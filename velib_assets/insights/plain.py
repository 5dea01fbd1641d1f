"""Converts rows to JSON types, and rows with declared columns to Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from velib_assets.lake.keys import iso_z
from velib_assets.lake.schema import TYPES


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    """Convert times (UTC) and dates to text, and numbers that are none to null, at any depth."""
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return iso_z(value)
    if isinstance(value, date):
        return value.isoformat()
    return None if value != value else value  # noqa: PLR0124 - NaN differs from itself


def arrow_table(rows: Iterable[Mapping[str, Any]], types: Mapping[str, str]) -> pa.Table:
    """Return rows as a table with these columns and no others; `types` are keys of TYPES."""
    schema = pa.schema([(name, pa.type_for_alias(TYPES[kind].arrow)) for name, kind in types.items()])
    return pa.Table.from_pylist(list(rows), schema)
