"""Rows for the terminal: as a table, as JSON, as CSV.

Belongs here: what becomes of each value, so that none breaks a row, acts on the terminal or in a spreadsheet.
Does not: which rows.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from velib_assets.lake.text import one_line, visible

if TYPE_CHECKING:
    import pandas as pd

CELL_WIDTH = 36
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.]+\Z)")  # a number with its sign is none
_PLAIN = "biufMm"  # kinds of columns that hold no text: numbers and times
_NOT_SHOWN = re.compile(r"[^ -~]")


def frame_text(frame: "pd.DataFrame", form: str) -> str:
    """A frame as `table`, `json` (an array of objects in column order) or `csv`.

    Nothing in it acts on a terminal. JSON is exact; in CSV text that a spreadsheet would take for a formula
    begins with an apostrophe.
    """
    if form == "json":
        names = _distinct([str(name) for name in frame.columns])
        values = (map(_plain, row) for row in frame.astype(object).itertuples(index=False, name=None))
        rows = [dict(zip(names, row, strict=True)) for row in values]
        return _NOT_SHOWN.sub(_escaped, json.dumps(rows, ensure_ascii=False, indent=1))
    if form == "csv":
        safe = frame.apply(lambda column: column if column.dtype.kind in _PLAIN else column.map(_csv_cell))
        return str(safe.to_csv(index=False)).rstrip("\n")
    width = None if len(frame.columns) == 1 else CELL_WIDTH
    return table(list(frame.columns), frame.astype(object).itertuples(index=False), width)


def _escaped(char: re.Match[str]) -> str:
    return char[0] if char[0] == "\n" or char[0].isprintable() else json.dumps(char[0])[1:-1]


def _csv_cell(value: object) -> object:
    value = _flat(value)
    if not isinstance(value, str):
        return value
    return ("'" if _FORMULA.match(value) else "") + visible(value)


def _distinct(names: Sequence[str]) -> list[str]:
    """Column names as JSON keys: a repeated one gets its number."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    counts = dict.fromkeys(seen, 0)
    result = []
    for name in names:
        counts[name] += 1
        result.append(name if counts[name] == 1 else f"{name}_{counts[name]}")
    return result


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a frame, to any of JSON
    if _is_nested(value):
        return _plain_nested(value)
    if value is None or value != value or (isinstance(value, float) and math.isinf(value)):  # noqa: PLR0124
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if hasattr(value, "item"):  # of numpy
        return value.item()
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _is_nested(value: object) -> bool:
    """Whether it is an ARRAY, a MAP or a ROW, as Arrow hands it to pandas."""
    return isinstance(value, (list, tuple, dict)) or getattr(value, "ndim", 0) > 0


def _plain_nested(value: Any) -> Any:  # noqa: ANN401 - as _plain
    """A ROW is an object, a MAP too (pairs, in a frame), an ARRAY a list."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if len(value) and all(isinstance(part, tuple) for part in value):
        return {str(name): _plain(part) for name, part in value}
    return [_plain(part) for part in value]


def _flat(value: Any) -> Any:  # noqa: ANN401 - as _plain
    """A value of one cell: what is nested becomes JSON."""
    return json.dumps(_plain_nested(value), ensure_ascii=False) if _is_nested(value) else value


def table(head: Sequence[str], rows: Iterable[Iterable[Any]], width: int | None = CELL_WIDTH) -> str:
    """A plain table; longer cells are cut and control characters shown as one, so no row breaks another."""
    return tabulate(
        [[_cell(value, width) for value in row] for row in rows],
        headers=[visible(name) for name in head],
        disable_numparse=True,
    )


def _cell(value: object, width: int | None) -> str:
    value = _flat(value)
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT are unlike themselves
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return one_line(str(value), width)
