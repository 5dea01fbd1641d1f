"""`velib publish`: writes a month as an open data set."""

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import click

from velib_assets.cli.console import FAILED, fail, print_path, read_settings, say
from velib_assets.cli.suggestions import empty_lake
from velib_assets.lake.keys import SOURCE, hour_of, hour_text, iso_z
from velib_assets.lake.listing import is_lake, utc_now
from velib_assets.lake.months import days_of_month, month_text, parse_month
from velib_assets.lake.network import network
from velib_assets.lake.network_facts import network_facts
from velib_assets.lake.text import counted

if TYPE_CHECKING:
    from velib_assets.publish.month_data import MonthData
    from velib_assets.settings import Settings


def _month(text: str) -> date:
    """Parse a month (`YYYY-MM`, UTC) that has begun."""
    try:
        month = parse_month(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if month > utc_now().date():
        raise click.BadParameter(f"{text} is in the future: it is {month_text(utc_now().date())} (UTC)")
    return month


@click.command()
@click.argument("month", type=_month)
@click.option("--to", "to", metavar="DIR|s3://BUCKET/FOLDER", help="Default: published/<name> in the lake.")
def publish(month: date, to: str | None) -> None:
    """Publish MONTH (YYYY-MM, UTC) as a data set that needs neither this program nor the lake.

    A folder with the rows by station and time, the daily KPIs, the station register and the coverage of every
    quarter of an hour, as Parquet and CSV; a data card with licence and known gaps; the descriptions
    datapackage.json, croissant.json and CITATION.cff; and SHA256SUMS. The same lake gives the same bytes. An
    earlier edition of the month is replaced as a whole; any other folder that is not empty is refused. Days
    that are not in history, or outdated there, are named: the command then exits with 1 and writes nothing.

        velib publish 2022-06 --to open-data/2022-06
    """
    from velib_assets.publish.dataset import dataset_files
    from velib_assets.publish.month_data import load_month
    from velib_assets.publish.month_history import UnpublishableError
    from velib_assets.publish.provenance import provenance_of
    from velib_assets.publish.published_tables import dataset_name
    from velib_assets.publish.target import default_target, parse_target, write_target
    from velib_assets.publish.target_contents import TargetError
    from velib_assets.resources import build_resources

    settings = read_settings()
    _check_first_hour(settings, month)
    lake_address = settings.lake_address
    try:
        target = parse_target(
            default_target(lake_address, dataset_name(SOURCE, month)) if to is None else to, lake_address
        )
    except TargetError as error:
        fail(f"--to: {error}")
    resources = build_resources(settings)
    if not is_lake(resources.lake):
        fail(empty_lake(settings, exists=False), FAILED)
    resources.catalog.prepare()
    provenance = provenance_of(network(), network_facts(resources.lake))
    try:
        data = load_month(resources.lake, resources.catalog, month, utc_now())
        write_target(target, dataset_files(data, provenance), settings.names.region)
    except (UnpublishableError, TargetError) as error:
        fail(str(error), FAILED)
    say(_summary(data))
    print_path(target.address)


def _check_first_hour(settings: "Settings", month: date) -> None:
    end = datetime.combine(days_of_month(month)[-1], time(23), UTC)
    if end < settings.first_hour:
        fail(
            f"{month_text(month)} is before the first hour, {hour_text(settings.first_hour)}: "
            "set VELIB_FIRST_HOUR to an earlier one if the lake has that month"
        )


def _summary(data: "MonthData") -> str:
    """Return what was published, and what the month lacks."""
    from velib_assets.history.backfill_advice import commands_of_hours
    from velib_assets.lake.ledger import MISSED, QUARANTINED, STORED
    from velib_assets.publish.coverage import counts_of
    from velib_assets.publish.published_tables import HISTORY

    counts = counts_of(data.slots)
    rows, stations = counted(data.rows[HISTORY.name], "row"), counted(data.stations, "station")
    stored = f"{counts[STORED]:,} of {counted(len(data.slots), 'slot')} stored"
    lines = [
        f"{rows} of {stations}; {stored}, {counts[QUARANTINED]:,} quarantined, {counts[MISSED]:,} missed"
    ]
    if not data.is_over:
        lines.append(f"the month has not ended: published up to {hour_text(data.end)} (UTC)")
    if empty := [slot.start for slot in data.slots if slot.state == STORED and not slot.rows]:
        lines.append(
            f"{counted(len(empty), 'stored slot')} without rows, the first at {iso_z(empty[0])}: run "
            f"`{commands_of_hours(sorted(set(map(hour_of, empty))))}` to clean them"
        )
    return "\n".join(lines)
