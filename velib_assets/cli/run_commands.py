"""`velib demo`, `velib tick` and `velib backfill`: commands that run the asset graph."""

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from velib_assets.cli.console import FAILED, HoursCommand, fail, first_hour, last_hour, read_settings, say
from velib_assets.cli.suggestions import after_demo, from_archive
from velib_assets.ingest.same_source import SourceMismatchError, ensure_same_source
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, hours_text
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import IS_VELIB, KEY
from velib_assets.lake.text import counted
from velib_assets.settings import WORKPLACE, Settings, SettingsError, dagster_home, demo_settings

if TYPE_CHECKING:
    from velib_assets.cli.backfill_plan import BackfillPlan

DEMO_LAKE = WORKPLACE / ("lake-demo" if IS_VELIB else f"lake-demo-{KEY}")


@click.command()
def demo() -> None:
    """Run a simulated day through the whole graph and print the five KPIs.

    24 hours with 96 snapshots of 1,450 stations, in a lake of their own (`lake-demo`). Needs no network. With
    VELIB_NETWORK=simville and VELIB_SIMULATOR_GBFS=3.0 (1.0 to 3.1), they come as a GBFS feed of another
    network than Vélib', and the lake is `lake-demo-simville`.
    """
    try:
        settings = demo_settings(DEMO_LAKE)
    except SettingsError as error:
        fail(str(error))
    last = hour_of(utc_now()) - HOUR
    first = last - 23 * HOUR
    click.echo(f"Simulating {hour_text(first)} to {hour_text(last)} (UTC) into {DEMO_LAKE}\n", err=True)
    from velib_assets.cli.backfill_plan import BackfillPlan

    _run(settings, BackfillPlan(list(hours_between(first, last))))
    from velib_assets.cli.run_summary import print_kpis

    print_kpis(settings)
    try:
        own: Settings | None = Settings.from_env()
    except SettingsError:  # the demo does not need them
        own = None
    click.echo(f"\n{after_demo(own, DEMO_LAKE, settings.simulator_gbfs)}")


@click.command()
def tick() -> None:
    """Take one snapshot now and process it through to the KPIs.

    The snapshot is added to the current hour. A response that is not usable goes to quarantine/ and changes
    nothing else.
    """
    settings = read_settings(fetches=True)
    if settings.source == "archive":
        fail("VELIB_SOURCE: an archive has no current snapshot; run `velib backfill`, or set another source")
    _run(settings)
    from velib_assets.cli.run_summary import print_kpis

    print_kpis(settings, headlines=True)


@click.command(cls=HoursCommand)
@click.argument("first", metavar="FROM", type=first_hour, required=False)
@click.argument("last", metavar="TO", type=last_hour, required=False)
def backfill(first: datetime | None, last: datetime | None) -> None:
    """Restore, clean and register the hours FROM to TO, or all that the archive holds, and build their days.

    FROM and TO are hours (YYYY-MM-DDTHH, UTC) or days (YYYY-MM-DD), both included. Hours with raw snapshots
    are cleaned again. Missing snapshots come from VELIB_SOURCE=archive or simulator; the live feeds have no
    past, and the present never fills a past hour. Hours that no source has, and files that cannot be loaded,
    are listed and skipped; the command then exits with 1. After the hours, the UTC days that are over are
    built: their history, the months that are complete, and the daily KPIs.

    VELIB_ARCHIVE_TIMEZONE and VELIB_ARCHIVE_COLUMNS say how the names and columns of an archive are read: see
    docs/settings.md#archives.

        velib backfill 2022-06-04 2022-06-05T11
    """
    from velib_assets.cli.backfill_plan import plan_archive, plan_range

    if first is not None and last is None:
        raise click.UsageError("Missing argument 'TO': write both FROM and TO, or neither.")
    settings = read_settings()
    _run(settings, plan_range(settings, first, last) if first and last else plan_archive(settings))


def _run(settings: Settings, plan: "BackfillPlan | None" = None) -> None:
    """Run a tick, or these hours, and print the outcome; exit with 1 unless every hour was cleaned."""
    _check_folders(settings)
    from velib_assets.cli import run_summary, runs
    from velib_assets.cli.day_runs import closed_days
    from velib_assets.resources import build_resources

    resources = build_resources(settings)
    resources.catalog.prepare()
    from velib_assets.defs.build import build_defs
    from velib_assets.history.retired_days import reopen_days

    if plan and (again := reopen_days(resources.lake, {hour.date() for hour in plan.hours})):
        say(f"{counted(len(again), 'hour')} of retired days are cleaned again: {hours_text(again)}")
        plan = plan._replace(hours=sorted({*plan.hours, *again}))
    hours = plan.hours if plan else [hour_of(utc_now())]
    run_summary.show_progress(len(hours), len(closed_days(hours)))
    with runs.open_instance(settings) as instance:
        defs = build_defs(settings)
        if plan is None:
            summary = runs.run_tick(defs, instance)
        else:
            summary = runs.run_hours(defs, instance, plan.hours, resources)
    missing, skipped = (plan.missing, plan.skipped) if plan else ((), None)
    lake, catalog, advice = resources.lake, resources.catalog, from_archive(settings)
    if not run_summary.print_summary(lake, catalog, summary, missing, skipped, advice=advice):
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
    """Exit if a folder that a run writes is not a writable folder, or if the home belongs to another lake."""
    from velib_assets.defs.dagster_home import refuse_second_lake

    refuse_second_lake(settings)
    lake = {"VELIB_LAKE": settings.lake} if settings.target == "local" else {}
    folders = {**lake, "DAGSTER_HOME": dagster_home(settings)}  # the home may be in the lake
    for name, path in folders.items():
        nearest = next(p for p in (path, *path.parents) if p.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            fail(
                f"{name}: {nearest} is not a writable folder. Make it writable, or set {name} to another one"
            )
