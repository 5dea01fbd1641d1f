"""The Arrow schemas of the clean step, derived from the table's schema."""

from __future__ import annotations

from typing import Dict

import pyarrow as pa

from velib_assets.lake.schema import COLUMNS, TYPES

_DERIVED = ("ingested_ts", "arrondissement", "fill_rate", "is_stale")


def _arrow_type(alias: str) -> pa.DataType:
    type_ = pa.type_for_alias(alias)
    return pa.timestamp(type_.unit, tz="UTC") if pa.types.is_timestamp(type_) else type_


ARROW_TYPES: Dict[str, pa.DataType] = {name: _arrow_type(type_.arrow) for name, type_ in TYPES.items()}
TABLE_SCHEMA = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in COLUMNS])
"""The columns of a clean file."""

READ_TYPES = {column.name: column.type for column in COLUMNS if column.name not in _DERIVED}
"""The columns that are read from records, with the names of their types."""

TYPED_SCHEMA = pa.schema([(name, ARROW_TYPES[type_]) for name, type_ in READ_TYPES.items()])
"""The columns of a typed snapshot."""

COUNTS = tuple(name for name, type_ in READ_TYPES.items() if type_ == "int")
TEXTS = tuple(name for name, type_ in READ_TYPES.items() if type_ == "string")
REJECTS_SCHEMA = pa.schema(
    [
        ("raw_key", ARROW_TYPES["string"]),
        ("ingested_ts", ARROW_TYPES["timestamp"]),
        ("position", ARROW_TYPES["int"]),
        ("station_id", ARROW_TYPES["string"]),
        ("reason", ARROW_TYPES["string"]),
        ("record", ARROW_TYPES["string"]),
    ]
)
"""The columns of a rejects file."""
