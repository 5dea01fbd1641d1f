"""What a command says at its end: what became of the hours, and the KPIs.

Belongs here: the words and the exit status of an ended command. Does not: running it (runs).
"""

from collections.abc import Sequence
from datetime import datetime

import click

from velib_assets.cli.progress import headline_text
from velib_assets.cli.rows import frame_text
from velib_assets.cli.runs import RunSummary
from velib_assets.lake.keys import hour_text, hours_text
from velib_assets.lake.text import visible
from velib_assets.query.engine import QueryEngine
from velib_assets.query.frames import frame_of
from velib_assets.query.kpis import KPIS

SHOWN_ROWS = 10


def print_summary(report: RunSummary, lacking: Sequence[datetime]) -> int:
    """Say what became of what was asked for; the exit status, 1 where anything did not end in clean."""
    if clean := report.clean:
        hours = "1 hour" if len(clean) == 1 else f"{len(clean)} hours"
        rows, rejected = sum(report.rows[hour] for hour in clean), report.rejected
        _say(f"{hours} clean, {rows:,} rows, {rejected:,} rejected")
    for words, found in report.warnings.items():
        _say(f"warning: {words}: {hours_text(found)}")
    if lacking:
        _say(
            f"velib: no source has a snapshot of {hours_text(lacking)}: nothing was done there. "
            "Is there an archive that has them? VELIB_SOURCE=archive VELIB_ARCHIVE=<folder>",
        )
    for hour, reasons in report.failures.items():
        done = "is clean, but" if hour in clean else "failed, its clean file is as it was:"
        _say(f"velib: {hour_text(hour)} {done} {'; '.join(reasons)}")
    for words in report.broken:
        _say(f"velib: {words}")
    return 0 if report.ok and not lacking else 1


def print_kpis(engine: QueryEngine, *, headlines: bool = False) -> None:
    """Print each KPI's newest state: its headline numbers and, unless `headlines`, its first rows."""
    for kpi in KPIS:
        _, newest, headline = engine.read(kpi)
        when = f", {newest['ingested_ts'][0].as_py():%Y-%m-%d %H:%M} UTC" if kpi.hourly and newest else ""
        click.echo(f"\n{kpi.name}{when}: {headline_text(headline)}")
        if not headlines:
            click.echo(f"A row is {kpi.grain}.\n")
            names = [name for name in newest.column_names if name not in ("ingested_ts", "date", "hour")]
            click.echo(frame_text(frame_of(newest.slice(0, SHOWN_ROWS).select(names)), "table"))


def _say(words: str) -> None:
    for line in words.splitlines():
        click.echo(visible(line), err=True)
