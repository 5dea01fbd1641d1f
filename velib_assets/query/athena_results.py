"""Athena's results, which are text, as typed Arrow tables."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

# Arrow's types of Athena's types. Other types stay text.
_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int32(),
    "smallint": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us"),
}


def pages_to_table(pages: Iterator[dict[str, Any]]) -> pa.Table:
    """Return all pages of GetQueryResults as one table.

    The first row of a SELECT repeats the column names; that of SHOW and DESCRIBE does not.
    """
    first = next(pages)
    columns = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    names, kinds = [column["Name"] for column in columns], [column["Type"] for column in columns]
    rows = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in itertools.chain([first], pages)
        for row in page["ResultSet"]["Rows"]
    ]
    if rows and rows[0] == names:
        rows = rows[1:]
    arrays = [_array(kind, [row[position] for row in rows]) for position, kind in enumerate(kinds)]
    return pa.table(arrays, names=names)


def _array(kind: str, texts: list[str | None]) -> pa.Array:
    try:
        if kind == "timestamp with time zone":
            return pa.array([None if text is None else _in_utc(text) for text in texts], _TYPES[kind])
        return pa.array(texts, pa.string()).cast(_TYPES.get(kind, pa.string()))
    except (ValueError, KeyError):  # text that cannot be parsed stays as it is; KeyError: an unknown zone
        return pa.array(texts, pa.string())


def _in_utc(text: str) -> datetime:
    """Parse `2022-06-04 17:34:59.000 Europe/Paris` as a naive UTC time; without a zone it is UTC.

    Raises:
        ValueError: If it is no such time.
        KeyError: If the zone is unknown.
    """
    day, clock, zone = [*text.split(" "), "UTC"][:3]
    if zone[0] in "+-":
        aware = datetime.fromisoformat(f"{day} {clock}{zone}")
    else:
        aware = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)
