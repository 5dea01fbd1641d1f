"""`velib day`: what a local day was like."""

import json
from datetime import date
from typing import TYPE_CHECKING

import click

from velib_assets.catalog.catalog import newest_hour
from velib_assets.cli.console import (
    FAILED,
    fail,
    format_option,
    print_text,
    read_settings,
    say,
    terminal_width,
)
from velib_assets.cli.suggestions import empty_lake, no_rows
from velib_assets.lake.keys import day_text, parse_day
from velib_assets.lake.listing import is_lake, utc_now
from velib_assets.lake.local_days import local_day_of
from velib_assets.lake.network import time_zone

if TYPE_CHECKING:
    from velib_assets.insights.day_insights import DayInsights


def _day(text: str) -> date:
    """Parse a local day (`YYYY-MM-DD`)."""
    try:
        return parse_day(text if text.isascii() else "")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(name="day")
@click.argument("day", type=_day, metavar="YYYY-MM-DD")
@format_option("table", "json", "csv")
def day_command(day: date, form: str) -> None:
    """Show what a local day of the network was like: its numbers, worst stations, events.

    Each number is shown beside the usual one: its mean over the same weekdays of the four weeks before, as
    far as they are complete. Times of events are UTC. For a day that is not stored, the reason is shown, and
    what builds it; the command then exits with 1. JSON has everything, CSV a row per number.

        velib day 2022-06-04
    """
    from velib_assets.cli.day_damage import damage_of_day
    from velib_assets.cli.rows import table_text
    from velib_assets.insights.absent_days import absence, outdated_note
    from velib_assets.insights.day_data import day_object, insights_table
    from velib_assets.insights.day_insights import load_day
    from velib_assets.resources import build_resources

    settings, now = read_settings(), utc_now()
    resources = build_resources(settings)  # from here on the time zone is known
    if day > (today := local_day_of(now)):
        text = f"{day_text(day)} is in the future: it is {today} in {time_zone()}"
        raise click.BadParameter(text, param_hint="'YYYY-MM-DD'")
    if not is_lake(resources.lake):
        fail(empty_lake(settings, exists=False), FAILED)
    resources.catalog.prepare()
    found = load_day(resources.query_engine, day)
    if damage := damage_of_day(resources, day):
        fail("\n".join(map(str, damage)), FAILED)
    if found is None:
        if newest_hour(resources.catalog) is None:
            fail(no_rows(settings, resources.lake), FAILED)
        fail(absence(resources.catalog, resources.lake, day, now), FAILED)
    notes = _notes(found) + outdated_note(resources.catalog, resources.lake, day, now)
    if form == "json":
        click.echo(json.dumps(day_object(found, notes), indent=1))
    elif form == "csv":
        print_text(lambda _: table_text(insights_table(found), "csv"))
    else:
        from velib_assets.cli.day_page import day_page

        print_text(lambda _: day_page(found, terminal_width()))
    for note in notes:
        say(note)


def _notes(found: "DayInsights") -> list[str]:
    if found.is_complete:
        return []
    return [f"less than 80 % of {day_text(found.day)} is known: its arrivals and departures are not compared"]
