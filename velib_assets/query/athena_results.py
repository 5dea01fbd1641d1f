"""Athena's answers, which are text, as typed tables.

Belongs here: from text and column types to columns. Does not: asking (query_engine).
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa


def _moment(text: str) -> datetime:
    """`2022-06-04 17:34:59.000`, perhaps with a zone behind it: UTC, without a zone in tables.

    Raises:
        ValueError: where it is no such time, or of a zone that nobody here knows.
    """
    day, clock, *zone = text.split(" ")
    moment = datetime.fromisoformat(f"{day} {clock}")
    if not zone or zone == ["UTC"]:
        return moment
    if zone[0][0] in "+-":
        known = datetime.fromisoformat(f"{day} {clock}{zone[0]}")
    else:
        known = moment.replace(tzinfo=ZoneInfo(zone[0]))
    return known.astimezone(UTC).replace(tzinfo=None)


# Athena's type: Arrow's, and from text. Others stay text.
_TYPES: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "tinyint": (pa.int32(), int),
    "smallint": (pa.int32(), int),
    "integer": (pa.int32(), int),
    "bigint": (pa.int64(), int),
    "float": (pa.float64(), float),
    "double": (pa.float64(), float),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), _moment),
    "timestamp with time zone": (pa.timestamp("us"), _moment),
}


def table_of_pages(pages: Iterator[dict[str, Any]]) -> pa.Table:
    """All pages of GetQueryResults as one table.

    The first row of a SELECT repeats the column names; that of SHOW and DESCRIBE does not.
    """
    first = next(pages)
    about = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    names, kinds = [column["Name"] for column in about], [column["Type"] for column in about]
    rows = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in itertools.chain([first], pages)
        for row in page["ResultSet"]["Rows"]
    ]
    if rows and rows[0] == names:
        rows = rows[1:]
    columns = [_column(kind, [row[place] for row in rows]) for place, kind in enumerate(kinds)]
    return pa.table(columns, names=names)


def _column(kind: str, texts: list[str | None]) -> pa.Array:
    arrow, read = _TYPES.get(kind, (pa.string(), str))
    try:
        return pa.array([None if text is None else read(text) for text in texts], arrow)
    except (ValueError, KeyError):  # what cannot be read stays as Athena wrote it; KeyError: of zoneinfo
        return pa.array(texts, pa.string())
