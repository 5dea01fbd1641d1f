"""Printing for the terminal: progress, tables, the ledger.

Belongs here: how things look. Does not: what they are.
"""

import json
import logging
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate

from velib_assets.core.layout import hour_of, hour_text
from velib_assets.core.ledger import Slot
from velib_assets.core.words import one_line, visible

if TYPE_CHECKING:
    import pandas as pd

CELL_WIDTH = 36
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PLAIN = "biufMm"  # kinds of columns that hold no text: numbers and times
_NOT_SHOWN = re.compile(r"[^ -~]")
_MARKS = {"stored": "stored", "quarantined": "QUARANTINED", "missed": "missed"}


class Progress(logging.Handler):
    """Prints a line for each cleaned hour on standard error."""

    def __init__(self, hours: int) -> None:
        super().__init__()
        self._hours, self._done, self._restored = hours, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Print one outcome, as `assets.hourly` logs it."""
        layer, hour = getattr(record, "layer", ""), getattr(record, "hour", None)
        if hour is None:
            return
        wrote = getattr(record, "wrote", True)
        if layer == "clean_stations" and wrote:
            self._done += 1
            line = f"[{self._done:>3}/{self._hours}] {hour_text(hour)}  {record.getMessage()}"
            click.echo(line, err=True)
        elif layer == "raw_snapshot" and wrote:
            self._restored += 1
            last = self._restored == self._hours
            if sys.stderr.isatty() or last:
                said = f"raw: {self._restored} of {self._hours} hours"
                click.echo(f"\r{said}" if sys.stderr.isatty() else said, err=True, nl=last)


def show_progress(hours: int) -> None:
    """Print progress of `hours` hours from here on."""
    log = logging.getLogger("velib.progress")
    log.handlers[:] = [Progress(hours)]
    log.setLevel(logging.INFO)
    log.propagate = False


def headline_text(numbers: Mapping[str, float]) -> str:
    """Headline numbers in a phrase: `stations short 35, arrondissements touched 21`."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:,.0f}"
        if value == int(value)
        else f"{name.replace('_', ' ')} {value:.3f}"
        for name, value in numbers.items()
        if value == value  # noqa: PLR0124 - NaN, of an empty view, is unlike itself
    )


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
    return ("'" if value.startswith(_FORMULA) else "") + visible(value)


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


def ledger_text(slots: Sequence[Slot], form: str) -> str:
    """The ledger: an hour a row as a table, a slot an object as JSON."""
    if form == "json":
        rows = [{"slot": slot.start.isoformat(), "state": slot.state} for slot in slots]
        return json.dumps(rows, indent=1)
    hours: dict[datetime, dict[int, str]] = {}
    for slot in slots:
        hours.setdefault(hour_of(slot.start), {})[slot.start.minute] = _MARKS[slot.state]
    counts = {state: sum(slot.state == state for slot in slots) for state in _MARKS}
    body = table(
        ["hour (UTC)", ":00", ":15", ":30", ":45"],
        (
            [hour_text(hour), *(marks.get(minute, "") for minute in (0, 15, 30, 45))]
            for hour, marks in hours.items()
        ),
    )
    total = ", ".join(f"{number} {state}" for state, number in counts.items())
    return f"{body}\n\n{len(slots)} slots: {total}"
