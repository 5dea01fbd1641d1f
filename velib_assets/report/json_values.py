"""Query results as JSON values: times, and rows turned into columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
"""A row of a query result: None for null; times are datetimes in UTC, aware or naive."""


def utc(moment: datetime) -> datetime:
    """Return an aware time in UTC. The engines return naive ones, which are in UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime | None) -> str | None:
    """Format a time as `2022-06-05T23:34:56Z`, with milliseconds only if it has any."""
    if moment is None:
        return None
    whole = utc(moment)
    return whole.isoformat(timespec="milliseconds" if whole.microsecond else "seconds").replace("+00:00", "Z")


def json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a query result
    """Return a value as JSON holds it: times as text, everything else unchanged."""
    return iso(value) if isinstance(value, datetime) else value


def columnar(rows: Sequence[Row], sources: Mapping[str, str]) -> dict[str, list[Any]]:
    """Turn rows into one list per column; `sources` maps a new column name to its name in the rows."""
    return {name: [json_value(row[source]) for row in rows] for name, source in sources.items()}
