"""`velib demo`, `velib tick` and `velib backfill`: commands that run the asset graph."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from velib_assets.cli.console import FAILED, fail, hour, read_settings
from velib_assets.ingest.step import SourceMismatchError, ensure_same_source
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between
from velib_assets.lake.listing import hours_in, utc_now
from velib_assets.settings import CHECKOUT, Settings, dagster_home

DEMO_LAKE = CHECKOUT / "lake-demo"


@click.command()
def demo() -> None:
    """Run a simulated day through the whole graph and print the five KPIs.

    24 hours with 96 snapshots of 1,450 stations, in a lake of their own (`lake-demo`). Needs no network.
    """
    last = hour_of(utc_now()) - HOUR
    first = last - 23 * HOUR
    settings = Settings(lake=DEMO_LAKE, source="simulator")
    click.echo(f"Simulating {hour_text(first)} to {hour_text(last)} (UTC) into {DEMO_LAKE}\n", err=True)
    _run(settings, list(hours_between(first, last)))
    from velib_assets.cli.run_summary import print_kpis

    print_kpis(settings)
    click.echo("\nNext: `make dev LAKE=lake-demo` opens the Dagster UI on this lake,")
    click.echo("`VELIB_LAKE=lake-demo velib report --open` its report.")


@click.command()
def tick() -> None:
    """Take one snapshot now and process it through to the KPIs.

    The snapshot is added to the current hour. A response that is not usable goes to quarantine/ and changes
    nothing else.
    """
    settings = read_settings()
    if settings.source == "archive":
        fail("VELIB_SOURCE: an archive has no current snapshot; run `velib backfill`, or set another source")
    _run(settings)
    from velib_assets.cli.run_summary import print_kpis

    print_kpis(settings, headlines=True)


@click.command()
@click.argument("first", metavar="FROM", type=hour)
@click.argument("last", metavar="TO", type=hour)
def backfill(first: datetime, last: datetime) -> None:
    """Restore, clean and register the hours FROM to TO, inclusive (YYYY-MM-DDTHH, UTC).

    Hours with raw snapshots are cleaned again. Missing snapshots come from VELIB_SOURCE=archive or simulator;
    the live feeds have no past, and the present never fills a past hour. Hours that no source has are listed
    and skipped; the command then exits with 1.

        velib backfill 2022-06-04T00 2022-06-05T23
    """
    from velib_assets.defs.partitions import FIRST_HOUR
    from velib_assets.resources import build_resources

    settings = read_settings()
    if first > last:
        fail(f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    if first < FIRST_HOUR:
        fail(f"FROM {hour_text(first)} is before the first partition, {hour_text(FIRST_HOUR)}")
    resources = build_resources(settings)
    try:
        recorded = resources.ingest.recorded_hours(first, last)
    except ValueError as error:
        fail(f"VELIB_ARCHIVE: {error}")
    available = recorded | set(hours_in(resources.lake, "raw", first, last))
    hours = list(hours_between(first, last))
    _run(settings, [h for h in hours if h in available], [h for h in hours if h not in available])


def _run(
    settings: Settings, hours: Sequence[datetime] | None = None, missing: Sequence[datetime] = ()
) -> None:
    """Run a tick, or these hours, and print the outcome; exit with 1 unless every hour was cleaned."""
    _check_folders(settings)
    from velib_assets.cli import run_summary, runs
    from velib_assets.defs.build import build_defs

    run_summary.show_progress(1 if hours is None else len(hours))
    with runs.open_instance() as instance:
        defs = build_defs(settings)
        summary = runs.run_tick(defs, instance) if hours is None else runs.run_hours(defs, instance, hours)
    if not run_summary.print_summary(summary, missing):
        sys.exit(FAILED)


def _check_folders(settings: Settings) -> None:
    """Exit before anything runs if a folder cannot be written, or if the lake holds another source."""
    from velib_assets.resources import build_resources

    check_writable(settings)
    try:
        ensure_same_source(build_resources(settings).lake, settings.source)
    except SourceMismatchError as error:
        fail(f"VELIB_SOURCE: {error}")


def check_writable(settings: Settings) -> None:
    """Exit if a folder that a run writes is not a writable folder."""
    folders = {"DAGSTER_HOME": dagster_home()}
    if settings.target == "local":
        folders["VELIB_LAKE"] = settings.lake
    for name, path in folders.items():
        nearest = next(p for p in (path, *path.parents) if p.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            fail(f"{name}: {nearest} is not a writable folder")
