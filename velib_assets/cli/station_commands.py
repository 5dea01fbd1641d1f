"""`velib station`: the card of a station, or the stations that a name matches."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

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
from velib_assets.insights.station_search import Station, find_stations, fold, near_stations
from velib_assets.lake.keys import iso_z
from velib_assets.lake.listing import is_lake, utc_now
from velib_assets.lake.network import time_zone
from velib_assets.lake.schema import HISTORY
from velib_assets.lake.text import counted, one_line
from velib_assets.setting_readers import MAX_DAYS

if TYPE_CHECKING:
    from velib_assets.insights.known_stations import KnownStations
    from velib_assets.insights.station_card import StationCard
    from velib_assets.resources import Resources

_SHOWN = 60  # characters of the text that was looked for
_SHOWN_COLUMNS = {"station_id": 64, "name": 31, "arrondissement": 20, "state": 9}  # and their widths
_MATCH = ("station_id", "name", "arrondissement", "capacity", "state", "bikes", "docks")


@click.command()
@click.argument("code")
@click.option(
    "--days", type=click.IntRange(1, MAX_DAYS), default=30, show_default=True, help="Local days to look at."
)
@format_option("table", "json", "csv")
def station(code: str, days: int, form: str) -> None:
    """Show a station: now, its last 24 hours, its typical day, and its days.

    CODE is a station's code, or a part of its name, without accents and case. If several names match, they
    are listed; if none does, similar ones are, and the command exits with 1. Times are UTC; days, and the
    hours of the typical day, are local to the network. Days are those that `velib backfill` and the daily
    schedule have built. JSON has the whole card, CSV a row per day.

        velib station 16107 --days 90

        velib station "gare de lyon"
    """
    from velib_assets.insights.known_stations import load_known_stations
    from velib_assets.resources import build_resources

    if not fold(code):
        raise click.BadParameter("write a station's code or a part of its name", param_hint="'CODE'")
    settings = read_settings()
    resources = build_resources(settings)
    if not is_lake(resources.lake):
        fail(empty_lake(settings, exists=False), FAILED)
    resources.catalog.prepare()
    known = load_known_stations(resources.query_engine)
    if not known.stations or known.newest_ts is None:
        fail(no_rows(settings, resources.lake), FAILED)
    names = [
        Station(key, one.description["name"] or "", one.former_names) for key, one in known.stations.items()
    ]
    matches = find_stations(code, names)
    if not matches:
        fail(_no_match(code, near_stations(code, names), known), FAILED)
    if len(matches) > 1:
        _print_matches(known, matches, form)
    else:
        _print_card(resources, known, matches[0].station_id, days, form)


def _print_card(resources: "Resources", known: "KnownStations", code: str, days: int, form: str) -> None:
    from velib_assets.cli.rows import table_text
    from velib_assets.cli.station_text import card_text
    from velib_assets.insights.station_card import load_card
    from velib_assets.insights.station_days import card_object, days_table

    card = load_card(resources.query_engine, known, code, days)
    notes = _notes(resources, card, has_register=known.has_register)
    if form == "table":
        print_text(lambda encoding: card_text(card, terminal_width(), encoding))
    elif form == "json":
        click.echo(json.dumps(card_object(card, notes), indent=1))
    else:
        text = table_text(days_table(card), "csv")
        print_text(lambda _: text)
    for note in notes:
        say(note)
    if form == "csv" and not card.days:
        fail("there is no stored day to print", FAILED)


def _print_matches(known: "KnownStations", matches: Sequence[Station], form: str) -> None:
    from velib_assets.cli.rows import table
    from velib_assets.cli.text_page import cut
    from velib_assets.insights.station_days import matches_table

    rows = [_match(known, match) for match in matches]
    if form == "json":
        click.echo(json.dumps({"matches": rows}, indent=1))
    elif form == "csv":
        from velib_assets.cli.rows import table_text

        print_text(lambda _: table_text(matches_table(rows), "csv"))
    else:
        shown = [[cut(row[name] or "", most) for name, most in _SHOWN_COLUMNS.items()] for row in rows]
        print_text(lambda _: table(["code", "name", "area", "state"], shown))
    say(f"{len(matches)} stations match: write the code of one to see its card")


def _match(known: "KnownStations", match: Station) -> dict[str, Any]:
    found = known.stations[match.station_id]
    row = found.row or {}
    return {
        **{name: row.get(name, found.description.get(name)) for name in _MATCH},
        "state": row.get("state", "gone"),
    }


def _notes(resources: "Resources", card: "StationCard", *, has_register: bool) -> list[str]:
    """Return what a reader of the card has to know about the lake."""
    from velib_assets.cli.station_text import age_text, is_old
    from velib_assets.history.backfill_advice import backfill_of_local_days
    from velib_assets.insights.absent_days import unbuilt_days, unbuilt_note

    now, notes = utc_now(), []
    newest = card.newest_ts.replace(tzinfo=UTC)
    if is_old(newest, now):
        notes.append(
            f"the newest snapshot is {age_text(now - newest)} old: {iso_z(newest)} is not the present"
        )
    stored = [day["date"] for day in card.days]
    if unbuilt := unbuilt_days(resources.catalog, card.first, card.last, stored, now):
        notes.append(unbuilt_note(resources.lake, unbuilt))
    elif not stored:
        notes.append(f"no day from {card.first} to {card.last} ({time_zone()}) has ended and is stored yet")
    if not card.typical and any(day["minutes_in_operation"] for day in card.days):
        notes.append(
            f"{HISTORY} has none of these days, so there is no typical day. "
            f"Run `{backfill_of_local_days(resources.lake, [card.first, card.last])}`"
        )
    if not has_register:
        notes.append(
            "there is no station register, so stations that are gone, and earlier names, are not found"
        )
    return notes


def _no_match(code: str, near: Sequence[Station], known: "KnownStations") -> str:
    text = f"no station has the code {one_line(code, _SHOWN)!r}, or a name with these words"
    if not near:
        return f"{text}. {counted(len(known.stations), 'station')} are known: write a part of a name"
    return "\n".join(
        [f"{text}. Similar ones:", *(f"  {one.station_id}  {one_line(one.name, _SHOWN)}" for one in near)]
    )
