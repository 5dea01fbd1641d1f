"""The `velib` command: the pipeline from a terminal.

Belongs here: arguments, exit statuses and what is said. Does not: doing it (console, and the graph).
Exit status: 0 everything asked for ended in clean; 1 a snapshot or an hour did not; 2 settings or usage.
"""

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from velib_assets.ingest.step import SourceMismatchError, ensure_same_source
from velib_assets.lake.keys import HOUR, hour_of, hour_text, hours_between, parse_hour
from velib_assets.lake.ledger import ledger
from velib_assets.lake.listing import hour_range, hours_in, newest_snapshot, slot_times, utc_now
from velib_assets.lake.text import visible
from velib_assets.settings import CHECKOUT, Settings, SettingsError, dagster_home

if TYPE_CHECKING:
    from velib_assets.resources import Resources

FORMATS = click.Choice(["table", "json", "csv"])
DEMO_LAKE = CHECKOUT / "lake-demo"


class Hour(click.ParamType[datetime]):
    """An hour on the command line, `YYYY-MM-DDTHH`, UTC."""

    name = "YYYY-MM-DDTHH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's
        """Parse, or fail as usage."""
        try:
            return value if isinstance(value, datetime) else parse_hour(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


HOUR_TYPE = Hour()


class Commands(click.Group):
    """The commands; what AWS refuses, or the disk, ends each of them with one line."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """See click.Group."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read the output has gone, which click takes quietly
        except OSError as error:  # AWS's refusals, and what of a folder cannot be read
            _fail(1, str(error))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Vélib' Insights: snapshots of all Vélib' stations, cleaned, catalogued and read as five KPIs.

    Times are UTC. Settings are VELIB_* variables: VELIB_LAKE (the lake's folder, default `lake` in the
    checkout), VELIB_SOURCE (opendata, gbfs, archive or simulator), VELIB_ARCHIVE, VELIB_ALERTS;
    docs/settings.md has them all. Runs show up in the Dagster UI (`make dev`).

    Exit status: 0 everything asked for ended in clean; 1 a snapshot or an hour did not, and standard error
    says which, where the bytes are and what to do; 2 a setting or the usage is wrong.
    """


@main.command()
def demo() -> None:
    """Run a simulated day through the whole graph and print the five KPIs.

    24 hours, 96 snapshots of 1,450 stations, in a lake of its own (`lake-demo`). Needs no network.
    """
    last = hour_of(utc_now()) - HOUR
    first = last - 23 * HOUR
    settings = Settings(lake=DEMO_LAKE, source="simulator")
    click.echo(
        f"A simulated day, {hour_text(first)} to {hour_text(last)} (UTC), into {DEMO_LAKE}\n",
        err=True,
    )
    status = _backfill(settings, list(hours_between(first, last)), [])
    if status:
        sys.exit(status)
    _print_kpis(settings)
    click.echo("\nNext: `make dev LAKE=lake-demo` opens the Dagster UI on this lake,")
    click.echo("`VELIB_LAKE=lake-demo velib report --open` its report.")


@main.command()
def tick() -> None:
    """Take one snapshot now and bring it through to the KPIs.

    The snapshot goes into the running hour, beside those that are there. An answer that is not usable goes to
    quarantine/ and changes nothing else.
    """
    settings = _settings()
    if settings.source == "archive":
        _fail(
            2,
            "VELIB_SOURCE: an archive has no present; use `velib backfill`, or another source to tick",
        )
    _guard(settings)
    from velib_assets.cli import progress, runs  # noqa: PLC0415 - Dagster takes seconds to import
    from velib_assets.cli.conclusion import print_summary  # noqa: PLC0415 - likewise
    from velib_assets.defs.build import build_defs  # noqa: PLC0415 - likewise

    progress.show_progress(1)
    with runs.open_instance() as instance:
        report = runs.run_tick(build_defs(settings), instance)
    status = print_summary(report, [])
    if status:
        sys.exit(status)
    _print_kpis(settings, headlines=True)


@main.command()
@click.argument("first", metavar="FROM", type=HOUR_TYPE)
@click.argument("last", metavar="TO", type=HOUR_TYPE)
def backfill(first: datetime, last: datetime) -> None:
    """Restore, clean and register the hours FROM to TO, both included (YYYY-MM-DDTHH, UTC).

    Raw that is there is cleaned again; raw that is missing comes from VELIB_SOURCE=archive or simulator. The
    live feeds have no past: an hour is never filled with the present. Hours that no source has are named and
    left alone, and make the exit status 1.

        velib backfill 2022-06-04T00 2022-06-05T23
    """
    from velib_assets.defs.partitions import FIRST_HOUR  # noqa: PLC0415 - Dagster takes seconds to import

    settings = _settings()
    now = hour_of(utc_now())
    if first > last:
        _fail(2, f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    if last > now:
        _fail(2, f"TO {hour_text(last)} is in the future: it is {hour_text(now)} (UTC)")
    if first < FIRST_HOUR:
        _fail(2, f"FROM {hour_text(first)} is before the first partition, {hour_text(FIRST_HOUR)}")
    stack = _stack(settings)
    try:
        recorded = stack.ingest.recorded_hours(first, last)
    except ValueError as error:
        _fail(2, f"VELIB_ARCHIVE: {error}")
    sources = recorded | set(hours_in(stack.lake, "raw", first, last))
    asked = list(hours_between(first, last))
    lacking = [hour for hour in asked if hour not in sources]
    sys.exit(_backfill(settings, [hour for hour in asked if hour in sources], lacking))


@main.command()
@click.argument("sql")
@click.option(
    "--format",
    "form",
    type=FORMATS,
    default="table",
    show_default=True,
    help="How rows are printed.",
)
def query(sql: str, form: str) -> None:
    """Ask the lake in SQL, in Athena's dialect (Trino). Read-only.

    The table is source_velib; the views are kpi_taux_remplissage, kpi_shortage, kpi_station_saturation,
    kpi_saturation_par_arrondissement, kpi_top10_2hour, kpi_episodes and kpi_typical_week. A filter on "date"
    and "hour" reads only those partitions:

        velib query "SELECT * FROM kpi_shortage WHERE hour = '17' LIMIT 5"
    """
    from velib_assets.catalog.sqlite_catalog import CatalogError  # noqa: PLC0415 - likewise
    from velib_assets.cli.rows import frame_text  # noqa: PLC0415 - pandas is slow to import
    from velib_assets.query.duckdb_engine import LakeReadError, QueryError  # noqa: PLC0415 - likewise

    try:
        click.echo(frame_text(_stack(_settings()).query_engine.query(sql), form))
    except LakeReadError as error:
        _fail(1, str(error))
    except QueryError as error:
        _fail(2, str(error))
    except CatalogError as error:
        _fail(1, str(error))


@main.command()
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(show: bool) -> None:
    """Make the insights report of the lake as it is now, and print where it is.

    One HTML page, reports/velib_report.html in the lake, with the numbers behind it in reports/data/. Every
    tick makes it anew. On AWS a copy is brought here, and a link to the page that lives an hour is printed.
    """
    from velib_assets.catalog.sqlite_catalog import CatalogError  # noqa: PLC0415 - likewise
    from velib_assets.cli.report_command import make_page  # noqa: PLC0415 - pandas is slow to import
    from velib_assets.query.duckdb_engine import QueryError  # noqa: PLC0415 - likewise

    try:
        make_page(_stack(_settings()), dagster_home(), show=show)
    except (QueryError, CatalogError, OSError) as error:
        _fail(1, f"the report was not made: {error}")


@main.command()
@click.option("--from", "first", type=HOUR_TYPE, help="First hour; default: 23 hours before the last.")
@click.option("--to", "last", type=HOUR_TYPE, help="Last hour; default: the hour of the newest snapshot.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Hours as rows, or slots as objects.",
)
def status(first: datetime | None, last: datetime | None, form: str) -> None:
    """Show the ledger: each 15-minute slot is stored, quarantined or missed."""
    from velib_assets.cli.progress import ledger_text  # noqa: PLC0415 - pandas is slow to import

    store, now = _stack(_settings()).lake, utc_now()
    if last is None:
        newest = newest_snapshot(store)
        last = hour_of(newest) if newest and (first is None or newest >= first) else hour_of(now)
    for name, hour in (("--from", first), ("--to", last)):
        if hour and hour > hour_of(now):
            _fail(2, f"{name} {hour_text(hour)} is in the future: it is {hour_text(hour_of(now))} (UTC)")
    first = first or last - 23 * HOUR
    if first > last:
        _fail(2, f"--from {hour_text(first)} is after --to {hour_text(last)}")
    slots = ledger(hours_between(first, last), lambda hour: slot_times(store, hour), now)
    click.echo(ledger_text(slots, form))
    if hour_range(store, "raw") is None:
        click.echo(f"The lake {store.address('')} has no snapshot yet: `velib tick` takes one.", err=True)


@main.command()
def audit() -> None:
    """Let the crawler infer the table from the clean files, and compare it with the declared one (AWS only).

    The catalog is not touched: in the catalog mode api the crawler writes a table of its own. A crawl costs
    at least ten minutes of a DPU.
    """
    settings = _settings()
    if settings.target != "aws":
        _fail(2, "VELIB_TARGET: only AWS has a crawler; the local table is checked by every tick")
    from velib_assets.catalog.crawler_client import Crawler  # noqa: PLC0415 - slow to import
    from velib_assets.catalog.sqlite_catalog import CatalogError  # noqa: PLC0415 - likewise

    try:
        found = Crawler(settings.names).audit()
    except CatalogError as error:
        _fail(1, str(error))
    if found:
        _fail(1, "\n".join(f"the crawler infers other {words}" for words in found))
    click.echo("The crawler infers the table as it is declared.")


@main.command()
@click.option("--orchestrator", type=click.Choice(["dagster", "step_functions"]), help="Who starts ticks.")
@click.option("--catalog-mode", type=click.Choice(["api", "crawler"]), help="Who registers partitions.")
@click.option("--job-type", type=click.Choice(["pythonshell", "glueetl"]), help="The Glue job's type.")
@click.option("--every", type=click.IntRange(1, 1440), metavar="MINUTES", help="Between two ticks.")
@click.option("--memory", type=click.IntRange(128, 10240), metavar="MB", help="Of the Lambda.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How it is printed.",
)
def cost(form: str, **given: str | int | None) -> None:
    """Show what the stack on AWS costs a month, line by line, beside the first version's design.

    With VELIB_TARGET=aws the settings, durations and sizes are those of the deployed stack; without, those
    of infra/ and of the local lake. Options go before them. Of each it says what it rests on.
    """
    from velib_assets.cost.bill import cost_report  # noqa: PLC0415 - tabulate and boto3 are slow to import

    text, refused = cost_report(_settings(), given, form)
    click.echo(text)
    for words in refused:
        click.echo(f"warning: {words}; assumed instead", err=True)


def _settings() -> Settings:
    try:
        return Settings.from_env()
    except SettingsError as error:
        _fail(2, str(error))


def _fail(status: int, message: str) -> NoReturn:
    for line in message.splitlines():
        click.echo(f"velib: {visible(line)}", err=True)
    sys.exit(status)


def _stack(settings: Settings) -> "Resources":
    from velib_assets.resources import build_resources  # noqa: PLC0415 - slow to import

    return build_resources(settings)


def _backfill(settings: Settings, hours: list[datetime], lacking: list[datetime]) -> int:
    _guard(settings)
    from velib_assets.cli import progress, runs  # noqa: PLC0415 - Dagster takes seconds to import
    from velib_assets.cli.conclusion import print_summary  # noqa: PLC0415 - likewise
    from velib_assets.defs.build import build_defs  # noqa: PLC0415 - likewise

    progress.show_progress(len(hours))
    with runs.open_instance() as instance:
        report = runs.run_hours(build_defs(settings), instance, hours)
    return print_summary(report, lacking)


def _print_kpis(settings: Settings, *, headlines: bool = False) -> None:
    from velib_assets.cli.conclusion import print_kpis  # noqa: PLC0415 - Dagster takes seconds to import
    from velib_assets.query.query_error import QueryError  # noqa: PLC0415 - likewise

    try:
        print_kpis(_stack(settings).query_engine, headlines=headlines)
    except QueryError as error:
        _fail(1, str(error))


def _guard(settings: Settings) -> None:
    """Refuse what cannot end well before anything is run.

    That is a lake or a DAGSTER_HOME that cannot be written to, and simulating among real snapshots.
    """
    folders = {"DAGSTER_HOME": dagster_home()}
    if settings.target == "local":
        folders["VELIB_LAKE"] = settings.lake
    for name, path in folders.items():
        nearest = next(p for p in (path, *path.parents) if p.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            _fail(2, f"{name}: {nearest} is not a folder that can be written to")
    try:
        ensure_same_source(_stack(settings).lake, settings.source)
    except SourceMismatchError as error:
        _fail(2, f"VELIB_SOURCE: {error}")


if __name__ == "__main__":
    main(prog_name="velib")
