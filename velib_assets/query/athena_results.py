"""Athena's results, which are text, as typed Arrow tables."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa


def _timestamp(text: str) -> datetime:
    """Parse `2022-06-04 17:34:59.000`, with or without a zone, as a naive UTC time.

    Raises:
        ValueError: If it is no such time.
        KeyError: If the zone is unknown.
    """
    day, clock, *zone = text.split(" ")
    moment = datetime.fromisoformat(f"{day} {clock}")
    if not zone or zone == ["UTC"]:
        return moment
    if zone[0][0] in "+-":
        aware = datetime.fromisoformat(f"{day} {clock}{zone[0]}")
    else:
        aware = moment.replace(tzinfo=ZoneInfo(zone[0]))
    return aware.astimezone(UTC).replace(tzinfo=None)


# Athena's types, with Arrow's type and the function that parses the text. Other types stay text.
_TYPES: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "tinyint": (pa.int32(), int),
    "smallint": (pa.int32(), int),
    "integer": (pa.int32(), int),
    "bigint": (pa.int64(), int),
    "float": (pa.float64(), float),
    "double": (pa.float64(), float),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), _timestamp),
    "timestamp with time zone": (pa.timestamp("us"), _timestamp),
}


def table_of_pages(pages: Iterator[dict[str, Any]]) -> pa.Table:
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
    arrow, parse = _TYPES.get(kind, (pa.string(), str))
    try:
        return pa.array([None if text is None else parse(text) for text in texts], arrow)
    except (ValueError, KeyError):  # text that cannot be parsed stays as it is
        return pa.array(texts, pa.string())
