"""Rows as a table, JSON or CSV, such that no value breaks a row or acts on a terminal or in a spreadsheet."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from velib_assets.lake.keys import hour_of, hour_text
from velib_assets.lake.ledger import Slot
from velib_assets.lake.text import one_line, visible

if TYPE_CHECKING:
    import pyarrow as pa

CELL_WIDTH = 36
_DESCRIBED = ["col_name", "data_type", "comment"]
SLOT_LABELS = {"stored": "stored", "quarantined": "QUARANTINED", "missed": "missed"}
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.]+\Z)")  # a signed number is not a formula
_NOT_ASCII = re.compile(r"[^ -~]")


def table_text(result: "pa.Table", form: str) -> str:
    """Format a query's result as `table`, `json` (an array of objects in column order) or `csv`.

    JSON and CSV keep types: integers beside nulls stay integers. In CSV, null is empty, timestamps are
    ISO 8601 with Z, and text that a spreadsheet would take for a formula begins with an apostrophe.
    In a table, long cells are cut, except for a single column and for DESCRIBE.
    """
    from pyarrow import types as pa_types  # noqa: PLC0415 - slow to import

    from velib_assets.query.frames import intervals_as_text, iso_texts  # noqa: PLC0415 - imports pyarrow

    result, names = intervals_as_text(result), result.column_names
    if form == "csv":
        times = [pa_types.is_timestamp(column.type) for column in result.columns]
        columns = [iso_texts(c) if is_time else c for c, is_time in zip(result.columns, times, strict=True)]
        return _csv_text(names, [column.to_pylist() for column in columns])
    rows = list(zip(*(column.to_pylist() for column in result.columns), strict=True))
    if form == "json":
        keys = [
            name if (n := names[: i + 1].count(name)) == 1 else f"{name}_{n}" for i, name in enumerate(names)
        ]
        objects = [dict(zip(keys, map(_json_value, row), strict=True)) for row in rows]
        return _NOT_ASCII.sub(_escape, json.dumps(objects, ensure_ascii=False, indent=1))
    return table(names, rows, None if len(names) == 1 or names == _DESCRIBED else CELL_WIDTH)


def _csv_text(names: Sequence[str], columns: Sequence[Sequence[object]]) -> str:
    """Format columns as CSV. Only cells with commas, quotes or line breaks are quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_csv_cell(name) for name in names])
    writer.writerows(zip(*(map(_csv_cell, column) for column in columns), strict=True))
    return text.getvalue().rstrip("\n")


def table(head: Sequence[str], rows: Iterable[Iterable[object]], width: int | None = CELL_WIDTH) -> str:
    """Format a plain table. Longer cells are cut; control characters are replaced, so a row is one line."""
    return tabulate(
        [[_table_cell(value, width) for value in row] for row in rows],
        headers=[visible(name) for name in head],
        disable_numparse=True,
    )


def ledger_text(slots: Sequence[Slot], form: str) -> str:
    """Format the ledger as `table` with a row per hour, or as `json` with an object per slot."""
    if form == "json":
        return json.dumps([{"slot": s.start.isoformat(), "state": s.state} for s in slots], indent=1)
    hours = groupby(slots, lambda slot: hour_of(slot.start))
    rows = [[hour_text(hour), *(SLOT_LABELS[slot.state] for slot in group)] for hour, group in hours]
    counts = ", ".join(f"{sum(slot.state == state for slot in slots)} {state}" for state in SLOT_LABELS)
    body = table(["hour (UTC)", ":00", ":15", ":30", ":45"], rows)
    return f"{body}\n\n{len(slots)} slots: {counts}"


def _escape(char: re.Match[str]) -> str:
    return char[0] if char[0] == "\n" or char[0].isprintable() else json.dumps(char[0])[1:-1]


def _csv_cell(value: object) -> object:
    value = _flatten(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    return ("'" if _FORMULA.match(value) else "") + visible(value)


def _table_cell(value: object, width: int | None) -> str:
    value = _flatten(value)
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ""
    return f"{value:.3f}" if isinstance(value, float) else one_line(str(value), width)


def _flatten(value: object) -> object:
    """Turn an ARRAY, a MAP or a ROW into JSON text."""
    json_value = _json_value(value)
    return json.dumps(json_value, ensure_ascii=False) if isinstance(json_value, (list, dict)) else value


def _json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a result
    """Convert a value of a result: a ROW and a MAP (pairs, in Arrow) become objects, an ARRAY a list."""
    if isinstance(value, dict):
        return {str(name): _json_value(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0:
        if len(value) and all(isinstance(part, tuple) for part in value):
            return {str(name): _json_value(part) for name, part in value}
        return [_json_value(part) for part in value]
    if isinstance(value, datetime) and value == value:  # noqa: PLR0124 - see above
        return value.isoformat(timespec="milliseconds")
    value = value.item() if hasattr(value, "item") else value  # a number of numpy
    if value is None or value != value or (isinstance(value, float) and math.isinf(value)):  # noqa: PLR0124 - see above
        return None
    return value if isinstance(value, (str, int, float, bool)) else str(value)
