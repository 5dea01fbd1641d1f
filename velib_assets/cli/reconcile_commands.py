"""`velib reconcile`: tells Dagster what the lake holds, for a home that lost its history."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from velib_assets.cli.console import (
    FAILED,
    HoursCommand,
    fail,
    first_hour,
    last_hour,
    read_settings,
    say,
)
from velib_assets.cli.run_commands import check_writable
from velib_assets.cli.suggestions import empty_lake
from velib_assets.lake.keys import hour_text, hours_text
from velib_assets.lake.listing import hour_range, hours_in, is_lake
from velib_assets.lake.text import counted

if TYPE_CHECKING:
    from velib_assets.defs.day_reconciliation import ReconciledDays
    from velib_assets.defs.reconciliation import Reconciled
    from velib_assets.lake.store import LakeStore


@click.command(cls=HoursCommand)
@click.argument("first", metavar="FROM", type=first_hour, required=False)
@click.argument("last", metavar="TO", type=last_hour, required=False)
def reconcile(first: datetime | None, last: datetime | None) -> None:
    """Report the hours FROM to TO of the lake, or all, and their days as materialized in Dagster.

    For a DAGSTER_HOME that was lost, or that does not know hours that others have cleaned. Nothing is cleaned
    again: snapshots, clean files, partitions, the station register, the history and the daily KPIs are
    reported from what the lake holds. What Dagster already knows is left alone. Files that the catalog lacks
    are registered. The KPI views
    and the report are run if Dagster has none, or if an hour was reported.

        velib reconcile 2022-06-04 2022-06-05T11
    """
    if first is not None and last is None:
        raise click.UsageError("Missing argument 'TO': write both FROM and TO, or neither.")
    settings = read_settings()
    if first and last and first > last:
        fail(f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    check_writable(settings)
    from velib_assets.cli import runs
    from velib_assets.defs import day_reconciliation, reconciliation
    from velib_assets.defs.build import build_defs
    from velib_assets.resources import build_resources

    resources = build_resources(settings)
    resources.catalog.prepare()
    hours = [hour for hour in _hours(resources.lake, first, last) if hour >= settings.first_hour]
    if not hours:
        empty = empty_lake(settings, exists=is_lake(resources.lake))
        fail(_nothing(first, last) if first and last else empty, FAILED)
    with runs.open_instance(settings) as instance:
        parts = []
        for part in reconciliation.reconcile(instance, resources.lake, resources.catalog, hours):
            parts.append(part)
            if sys.stderr.isatty():
                done = sum(len(part.reported) + part.known for part in parts)
                click.echo(f"\r{done:,} of {counted(len(hours), 'hour')}", err=True, nl=False)
        if sys.stderr.isatty():
            click.echo(err=True)
        days = day_reconciliation.reconcile_days(
            instance, resources.lake, resources.catalog, hours[0].date(), hours[-1].date()
        )
        ok = _print(parts)
        ok = _print_days(days) and ok
        if (
            days.reported
            or any(part.reported for part in parts)
            or not reconciliation.views_are_known(instance)
        ):
            errors = runs.run_views(build_defs(settings), instance).errors
            for message in errors:
                say(f"velib: {message}")
            ok = ok and not errors
    if not ok:
        sys.exit(FAILED)


def _hours(lake: "LakeStore", first: datetime | None, last: datetime | None) -> list[datetime]:
    """Return the hours of raw and of the clean files in a range, or in the whole lake."""
    spans = [span for layer in ("raw", "clean") if (span := hour_range(lake, layer))]
    if not spans:
        return []
    first, last = first or min(span[0] for span in spans), last or max(span[1] for span in spans)
    return sorted({hour for layer in ("raw", "clean") for hour in hours_in(lake, layer, first, last)})


def _nothing(first: datetime, last: datetime) -> str:
    return f"The lake has no hour from {hour_text(first)} to {hour_text(last)}: nothing to report."


def _print(parts: "list[Reconciled]") -> bool:
    """Print what became of the hours; return whether every clean file could be read."""
    reported, known = sum(len(part.reported) for part in parts), sum(part.known for part in parts)
    click.echo(f"{counted(reported, 'hour')} reported as materialized, {known:,} already known")
    if registered := sum(part.registered for part in parts):
        click.echo(f"{counted(registered, 'partition')} registered, which the catalog lacked")
    if uncleaned := [hour for part in parts for hour in part.uncleaned]:
        say(f"not cleaned yet: {hours_text(uncleaned)}. Healing cleans them, or `velib backfill` does")
    damaged = [message for part in parts for message in part.damaged]
    for message in damaged:
        say(f"velib: not reported: {message}. `velib backfill` cleans the hour again")
    return not damaged


def _print_days(days: "ReconciledDays") -> bool:
    """Print what became of the daily layer; return whether every file could be read."""
    if days.reported or days.known:
        count = counted(days.reported, "partition")
        click.echo(f"{count} of the daily layer reported as materialized, {days.known:,} already known")
    if days.registered:
        click.echo(f"{counted(days.registered, 'history file')} registered, which the catalog lacked")
    for message in days.damaged:
        say(f"velib: not reported: {message}. `velib backfill` builds the day again")
    return not days.damaged
