"""Values of an answer as JSON's: times, days, and rows by column.

Belongs here: the forms that every part of the report shares. Does not: which values (the other modules).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
"""A row of an answer: null is None, a time is a datetime in UTC, with its zone or without."""


def utc(moment: datetime) -> datetime:
    """An aware time; the engines give theirs in UTC without saying so."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime | None) -> str | None:
    """`2022-06-05T23:34:56Z`, with milliseconds only where there are some."""
    if moment is None:
        return None
    whole = utc(moment)
    return whole.isoformat(timespec="milliseconds" if whole.microsecond else "seconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of an answer, to any of JSON
    """A value as JSON has it, to the last digit."""
    return iso(value) if isinstance(value, datetime) else value


def columnar(rows: Sequence[Row], names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Rows as one list a column; `names` says what a column is called here and in the rows."""
    return {name: [plain(row[source]) for row in rows] for name, source in names.items()}
