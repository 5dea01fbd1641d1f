"""Query results as JSON values: times, and rows turned into columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from velib_assets.lake.keys import iso_z

Row = Mapping[str, Any]
"""A row of a query result: None for null; times are naive datetimes in UTC."""


def json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a query result
    """Return a value as JSON holds it: times as text, everything else unchanged."""
    return iso_z(value) if isinstance(value, datetime) else value


def columnar(rows: Sequence[Row], sources: Mapping[str, str]) -> dict[str, list[Any]]:
    """Turn rows into one list per column; `sources` maps a new column name to its name in the rows."""
    return {name: [json_value(row[source]) for row in rows] for name, source in sources.items()}
