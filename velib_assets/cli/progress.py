"""Printing for the terminal: progress, headlines, the ledger.

Belongs here: how things look. Does not: what they are, or the rows of an answer (rows).
"""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

from velib_assets.cli.rows import table
from velib_assets.lake.keys import hour_of, hour_text
from velib_assets.lake.ledger import Slot

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
