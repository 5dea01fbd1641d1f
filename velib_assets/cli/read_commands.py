"""`velib query`, `velib report` and `velib status`: commands that read the lake."""

import webbrowser
from datetime import datetime
from pathlib import Path

import click

from velib_assets.cli.console import EMPTY_LAKE, FAILED, USAGE, Hour, fail, format_option, read_settings
from velib_assets.lake.keys import HOUR, REPORT_KEY, hour_of, hour_text, hours_between
from velib_assets.lake.ledger import ledger
from velib_assets.lake.listing import hour_range, newest_snapshot, slot_times, utc_now
from velib_assets.query.engine import LakeReadError, QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets.settings import dagster_home

QUERY_HELP = f"""Run a read-only SQL query in Athena's dialect (Trino).

The table is source_velib; the views are {", ".join(view.name for view in VIEWS)}.
A filter on "date" and "hour" reads only those partitions:

    velib query "SELECT * FROM kpi_shortage WHERE hour = '17' LIMIT 5"

In local mode DuckDB runs the query. It returns Athena's values, but does not refuse all that Athena refuses:
verify a query on Athena before you deploy it.
"""  # noqa: S608 - help, not a query


@click.command(help=QUERY_HELP)
@click.argument("sql")
@format_option("table", "json", "csv")
def query(sql: str, form: str) -> None:
    """Print the rows of a query."""
    from velib_assets.cli.rows import frame_text
    from velib_assets.resources import build_resources

    try:
        click.echo(frame_text(build_resources(read_settings()).query_engine.query(sql), form))
    except QueryError as error:
        fail(str(error), FAILED if isinstance(error, LakeReadError) else USAGE)


@click.command()
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(show: bool) -> None:
    """Build the report from the current lake and print its path.

    One HTML page, reports/velib_report.html in the lake, with its data in reports/data/. Every tick rebuilds
    it. On AWS, a copy is written below DAGSTER_HOME, and a link to the page that is valid for an hour is
    printed.
    """
    from velib_assets.lake.bucket_store import BucketStore
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.report.report_data import load_report_data
    from velib_assets.report.writer import write_report
    from velib_assets.resources import build_resources

    resources = build_resources(read_settings())
    lake = resources.lake
    data = load_report_data(resources.query_engine, resources.catalog, lake, utc_now())
    written = write_report(lake, data)
    page = Path(written.address)
    if isinstance(lake, BucketStore):
        page = Path(write_report(FolderStore(dagster_home()), data).address)
        click.echo(f"{written.address}\nvalid for one hour: {lake.link(REPORT_KEY)}", err=True)
    click.echo(page)
    if written.report["newest_ts"] is None:
        click.echo(EMPTY_LAKE, err=True)
    if show and not webbrowser.open(page.as_uri()):
        click.echo("no browser could be opened here; open the file yourself", err=True)


@click.command()
@click.option("--from", "first", type=Hour(), help="First hour; default: 23 hours before the last.")
@click.option("--to", "last", type=Hour(), help="Last hour; default: the hour of the newest snapshot.")
@format_option("table", "json")
def status(first: datetime | None, last: datetime | None, form: str) -> None:
    """Show whether each 15-minute slot is stored, quarantined or missed.

    A table has a row per hour, JSON an object per slot.
    """
    from velib_assets.cli.rows import ledger_text
    from velib_assets.resources import build_resources

    lake, now = build_resources(read_settings()).lake, utc_now()
    if last is None:
        newest = newest_snapshot(lake)
        last = hour_of(newest) if newest and (first is None or newest >= first) else hour_of(now)
    first = first or last - 23 * HOUR
    if first > last:
        fail(f"--from {hour_text(first)} is after --to {hour_text(last)}")
    slots = ledger(hours_between(first, last), lambda hour: slot_times(lake, hour), now)
    click.echo(ledger_text(slots, form))
    if hour_range(lake, "raw") is None:
        click.echo(EMPTY_LAKE, err=True)


COMMANDS = (query, report, status)
