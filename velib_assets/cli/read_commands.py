"""`velib query`, `report`, `status`, `audit` and `cost`: the commands that run no asset."""

import sys
import webbrowser
from datetime import datetime
from pathlib import Path

import click

from velib_assets.cli.console import (
    FAILED,
    USAGE,
    fail,
    first_hour,
    format_option,
    last_hour,
    print_path,
    read_settings,
    say,
    utf8_text,
)
from velib_assets.cli.suggestions import empty_lake, no_rows
from velib_assets.lake.keys import HOUR, REPORT_KEY, hour_of, hour_text, hours_between
from velib_assets.lake.ledger import ledger
from velib_assets.lake.listing import hour_range, is_lake, newest_snapshot, slot_times, utc_now
from velib_assets.lake.schema import QUARANTINE, TABLE
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.engine import LakeReadError, MissingLakeError, QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import LAKE_TABLES
from velib_assets.settings import dagster_home

QUERY_HELP = f"""Run a read-only SQL query in Athena's dialect (Trino).

The table is {TABLE}; the views are {", ".join(view.name for view in VIEWS)}.
Over local days there are {", ".join(kpi.name for kpi in DAILY_KPIS)}.
There are also {", ".join(table.name for table in LAKE_TABLES)} ({QUARANTINE} only in local mode).
SHOW TABLES lists them all, and DESCRIBE name shows the columns of one.
A filter on "date" and "hour" reads only those partitions:

    velib query "SELECT * FROM kpi_shortage WHERE hour = '17' LIMIT 5"

With - as SQL, the query is read from standard input: `velib query -`, paste it, and press Ctrl-D.

In local mode DuckDB runs the query. It returns Athena's values, but does not refuse all that Athena refuses:
verify a query on Athena before you deploy it.
"""  # noqa: S608 - help, not a query


@click.command(help=QUERY_HELP)
@click.argument("sql")
@format_option("table", "json", "csv")
def query(sql: str, form: str) -> None:
    """Print the rows of a query."""
    from velib_assets.cli.rows import table_text
    from velib_assets.query.hints import partition_hints
    from velib_assets.query.lake_hints import lake_hints
    from velib_assets.resources import build_resources

    settings = read_settings()
    sql = utf8_text(sys.stdin.read() if sql == "-" else sql)
    for hint in partition_hints(sql):
        say(hint)
    resources = build_resources(settings)
    try:
        rows = resources.query_engine.query_table(sql)
        click.echo(table_text(rows, form))
        if settings.target == "local":
            for hint in lake_hints(sql, resources.lake, resources.catalog, empty_lake(settings)):
                say(hint)
    except MissingLakeError:
        fail(empty_lake(settings, exists=False), FAILED)
    except QueryError as error:
        fail(str(error), FAILED if isinstance(error, LakeReadError) else USAGE)


REPORT_HELP = f"""Build the report from the current lake and print its path.

One HTML page, {REPORT_KEY} in the lake, with its data in reports/data/. Every tick rebuilds it. On AWS,
a copy is written below DAGSTER_HOME, and a link to the page that is valid for an hour is printed. A report
with data is never replaced by an empty one: the command then exits with 1. So it does, after the report is
written, where a file of the days that it shows is damaged or missing in the local lake.
"""


@click.command(help=REPORT_HELP)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(show: bool) -> None:
    """Build the report and print its path."""
    from velib_assets.cli.day_damage import damage_of_report, unbuilt_days_of_report
    from velib_assets.lake.bucket_store import BucketStore
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.report.report_data import load_report_data
    from velib_assets.report.writer import EmptyReportError, write_report
    from velib_assets.resources import build_resources

    settings = read_settings()
    resources = build_resources(settings)
    lake = resources.lake
    if not is_lake(lake):
        fail(empty_lake(settings, exists=False), FAILED)
    data = load_report_data(resources.query_engine, resources.catalog, lake, utc_now())
    try:
        written = write_report(lake, data)
        page = Path(written.address)
        if isinstance(lake, BucketStore):
            page = Path(write_report(FolderStore(dagster_home(settings)), data).address)
    except EmptyReportError as error:
        fail(str(error), FAILED)
    if isinstance(lake, BucketStore):
        click.echo(f"{written.address}\nvalid for one hour: {lake.link(REPORT_KEY)}", err=True)
    print_path(page)
    if written.report["newest_ts"] is None:
        say(no_rows(settings, lake))
    if show and not webbrowser.open(page.as_uri()):
        click.echo("no browser could be opened here; open the file yourself", err=True)
    if settings.target == "local":
        if damage := damage_of_report(resources):
            fail("\n".join(map(str, damage)), FAILED)
        if note := unbuilt_days_of_report(resources, data):
            say(note)


@click.command()
@click.option(
    "--from",
    "first",
    type=first_hour,
    metavar="YYYY-MM-DD[THH]",
    help="First hour or day; default: 23 hours before the last.",
)
@click.option(
    "--to",
    "last",
    type=last_hour,
    metavar="YYYY-MM-DD[THH]",
    help="Last hour or day; default: the hour of the newest snapshot.",
)
@format_option("table", "json")
def status(first: datetime | None, last: datetime | None, form: str) -> None:
    """Show whether each 15-minute slot is stored, quarantined or missed.

    A table has a row per hour, JSON an object per slot. Without a lake and without hours, the command exits
    with 1.
    """
    from velib_assets.cli.rows import ledger_text
    from velib_assets.resources import build_resources

    settings, now = read_settings(), utc_now()
    resources = build_resources(settings)
    lake = resources.lake
    if not is_lake(lake) and not (first or last):  # each slot of requested hours has a state, in any lake
        fail(empty_lake(settings, exists=False), FAILED)
    resources.catalog.prepare()
    if last is None:
        newest = newest_snapshot(lake)
        last = hour_of(newest) if newest and (first is None or newest >= first) else hour_of(now)
    first = first or last - 23 * HOUR
    if first > last:
        fail(f"--from {hour_text(first)} is after --to {hour_text(last)}")
    slots = ledger(hours_between(first, last), lambda hour: slot_times(lake, hour), now)
    click.echo(ledger_text(slots, form))
    if hour_range(lake, "raw") is None:
        say(empty_lake(settings))


@click.command()
def audit() -> None:
    """Compare the table with what the Glue crawler infers from the clean files (AWS only).

    The catalog is not changed: in catalog mode api, the crawler writes a table of its own. AWS bills at least
    ten minutes per crawl.
    """
    settings = read_settings()
    if settings.target != "aws":
        fail("VELIB_TARGET: only AWS has a crawler; every tick checks the local table")
    from velib_assets.catalog.crawler_client import Crawler

    if differences := Crawler(settings.names).audit():
        fail("\n".join(f"the crawler infers other {difference}" for difference in differences), FAILED)
    click.echo("The crawler infers the table as declared.")


@click.command()
@click.option("--orchestrator", type=click.Choice(["dagster", "step_functions"]), help="What starts ticks.")
@click.option("--catalog-mode", type=click.Choice(["api", "crawler"]), help="What registers partitions.")
@click.option("--job-type", type=click.Choice(["pythonshell", "glueetl", "lambda"]), help="What cleans.")
@click.option("--encryption", type=click.Choice(["sse_s3", "sse_kms"]), help="Encryption of the bucket.")
@click.option("--every", type=click.IntRange(1, 1440), metavar="MINUTES", help="Time between two ticks.")
@click.option("--memory", type=click.IntRange(128, 10240), metavar="MB", help="Memory of the Lambda.")
@format_option("table", "json")
def cost(form: str, **given: str | int | None) -> None:
    """Estimate what the stack on AWS costs per month, line by line.

    With VELIB_TARGET=aws, settings, durations and sizes are read from the deployed stack; otherwise they are
    the defaults of infra/ and the sizes in the local lake. Options override these. The basis of each value is
    shown. Below the bill is what it costs to clean all hours again, once.
    """
    from velib_assets.cost.bill import cost_report

    text, warnings = cost_report(read_settings(opens_lake=False), given, form)
    click.echo(text)
    for warning in warnings:
        say(f"warning: {warning}; using the assumed value")
