"""What `velib` prints about a run: progress per hour, what became of the hours, and the KPIs."""

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

from velib_assets.catalog.catalog import Catalog
from velib_assets.cli.console import say
from velib_assets.cli.day_runs import DaySummary
from velib_assets.cli.layer_states import layer_states
from velib_assets.cli.rows import table_text
from velib_assets.cli.runs import RunSummary
from velib_assets.defs.partitions import partitions_text
from velib_assets.defs.station_history import DAYS, MONTHS
from velib_assets.ingest.feeds.feed import SkippedFiles
from velib_assets.ingest.http import RETRIES
from velib_assets.lake.keys import day_text, hour_text, hours_text
from velib_assets.lake.months import month_text
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.query.kpis import KPIS
from velib_assets.resources import build_resources
from velib_assets.settings import Settings

SHOWN_ROWS = 10
_MOST_MESSAGES = 3  # per check of the days


class Progress(logging.Handler):
    """Prints one line per cleaned hour, built day or month, and retry, on standard error."""

    def __init__(self, hours: int, days: int) -> None:
        super().__init__()
        self._hours, self._cleaned, self._restored = hours, 0, 0
        self._days, self._built = days, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Print that a layer wrote an hour, a day or a month, or that a request is repeated."""
        layer = record.__dict__.get("layer")
        if record.name == RETRIES:
            half_line = sys.stderr.isatty() and 0 < self._restored < self._hours
            say(f"{chr(10) if half_line else ''}{record.getMessage()}")
        elif layer == "clean_stations":
            self._cleaned += 1
            hour = hour_text(record.__dict__["hour"])
            click.echo(f"[{self._cleaned:>3}/{self._hours}] {hour}  {record.getMessage()}", err=True)
        elif layer == DAYS:
            self._built += 1
            day = day_text(record.__dict__["hour"])
            click.echo(f"[{self._built:>3}/{self._days}] {day}  {record.getMessage()}", err=True)
        elif layer == MONTHS:
            click.echo(f"{month_text(record.__dict__['hour'])}  {record.getMessage()}", err=True)
        elif layer == "raw_snapshot":
            self._restored += 1
            last, terminal = self._restored == self._hours, sys.stderr.isatty()
            if terminal or last:
                line = f"raw: {self._restored} of {self._hours} hours"
                click.echo(f"\r{line}" if terminal else line, err=True, nl=last)


def show_progress(hours: int, days: int = 0) -> None:
    """Print the progress of runs over so many hours and days, and each failed attempt that is repeated."""
    progress = Progress(hours, days)
    for name in ("velib.progress", RETRIES):
        log = logging.getLogger(name)
        log.handlers[:] = [progress]
        log.setLevel(logging.INFO)
        log.propagate = False


def print_summary(
    lake: LakeStore,
    catalog: Catalog,
    summary: RunSummary,
    missing: Sequence[datetime],
    skipped: SkippedFiles | None = None,
    *,
    advice: str = "",
) -> bool:
    """Print what became of the requested hours; return whether all of them were cleaned.

    Args:
        lake: the lake.
        catalog: the catalog.
        summary: the outcome of the runs.
        missing: requested hours that no source has, which were not run.
        skipped: files and hours of an archive that were not loaded.
        advice: what to do about the hours that no source has.
    """
    if clean := summary.clean:
        rows = sum(summary.rows[hour] for hour in clean)
        hours = counted(len(clean), "hour")
        say(f"{hours} clean, {counted(rows, 'row')}, {summary.rejected:,} rejected")
    for message, affected in summary.warnings.items():
        say(f"warning: {message}: {hours_text(affected)}")
    if missing:
        say(f"velib: skipped {hours_text(missing)}: no source has a snapshot. {advice}")
    for note in skipped.notes if skipped else ():
        say(f"archive: {note}")
    for message in skipped.refused if skipped else ():
        say(f"velib: not loaded: {message}")
    for hour, messages in summary.failures.items():
        outcome = "was cleaned, but"
        if hour not in clean:
            written = summary.written.get(hour, set())
            outcome = f"failed, {layer_states(lake, catalog, hour, written, summary.layers)}:"
        say(f"velib: {hour_text(hour)} {outcome} {'; '.join(messages)}")
    for message in summary.errors:
        say(f"velib: {message}")
    print_days(summary.days)
    return summary.ok and not missing and not (skipped and skipped.refused)


def print_days(days: DaySummary) -> None:
    """Print what became of the daily layer."""
    if days.rows:
        rows = sum(days.rows.values())
        size = f"{days.bytes / rows if rows else 0:.1f} bytes per row"
        say(f"{counted(len(days.rows), 'day')} in the history, {counted(rows, 'row')}, {size}")
    if days.removed:
        say(f"removed from the history: {', '.join(days.removed)}: no usable snapshot is left")
    for check, by_message in days.warnings.items():
        for message, affected in list(by_message.items())[:_MOST_MESSAGES]:
            say(f"warning: {message}: {partitions_text(affected)}")
        if more := [day for about in list(by_message.values())[_MOST_MESSAGES:] for day in about]:
            say(
                f"warning: check {check} found others: {partitions_text(more)}. The UI has each day's message"
            )
    for period, messages in days.failures.items():
        again = f"{period}-01 {period}-28" if len(period) == len("2022-06") else f"{period} {period}"
        say(f"velib: {period} failed: {'; '.join(messages)}. Run `velib backfill {again}` to repeat it")
    for message in days.errors:
        say(f"velib: {message}")


def print_kpis(settings: Settings, *, headlines: bool = False) -> None:
    """Print the headline numbers of each KPI and, unless `headlines`, the first rows of its newest state."""
    engine = build_resources(settings).query_engine
    for kpi, (_, newest, numbers) in zip(KPIS, engine.read(KPIS), strict=True):
        when = f", {newest['ingested_ts'][0].as_py():%Y-%m-%d %H:%M} UTC" if kpi.hourly and newest else ""
        click.echo(f"\n{kpi.name}{when}: {headline_text(numbers)}")
        if not headlines:
            click.echo(f"Each row is {kpi.grain}.\n")
            names = [name for name in newest.column_names if name not in ("ingested_ts", "date", "hour")]
            click.echo(table_text(newest.slice(0, SHOWN_ROWS).select(names), "table"))


def headline_text(numbers: Mapping[str, float]) -> str:
    """Format headline numbers as a phrase: `stations short 35, arrondissements touched 21`.

    In other networks than Vélib', arrondissements are areas.
    """
    area = "arrondissement" if IS_VELIB else "area"
    words = {name: name.replace("arrondissement", area).replace("_", " ") for name in numbers}
    return ", ".join(
        f"{words[name]} {value:,.{0 if value == int(value) else 3}f}"
        for name, value in numbers.items()
        if value == value  # noqa: PLR0124 - NaN, of an empty view, differs from itself
    )
