"""`velib verify`: reads every layer of the lake, lists what is damaged, and says what repairs it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import click

from velib_assets.catalog.catalog import DAMAGED, CatalogError, Partition
from velib_assets.cli.console import FAILED, fail, first_hour, last_hour, read_settings, say
from velib_assets.cli.suggestions import empty_lake
from velib_assets.history.backfill_advice import commands_of_hours
from velib_assets.lake.keys import day_text, hour_text
from velib_assets.lake.listing import hours_in, is_lake, utc_now
from velib_assets.lake.text import counted
from velib_assets.query.kpis import VIEWS

if TYPE_CHECKING:
    from velib_assets.catalog.verification import Damage
    from velib_assets.resources import Resources
    from velib_assets.settings import Settings
    from velib_assets.stations.register import Register

_THREADS = 4
_LAYERS = "raw, clean, rejects, catalog, stations, history, daily KPIs"
_PROGRESS_EVERY = 500  # hours


@click.command()
@click.argument("first", metavar="FROM", type=first_hour, required=False)
@click.argument("last", metavar="TO", type=last_hour, required=False)
def verify(first: datetime | None, last: datetime | None) -> None:
    """Verify the lake from hour FROM to TO, or all of it.

    FROM and TO are hours (YYYY-MM-DDTHH, UTC) or days (YYYY-MM-DD), both included; without TO, up to now.
    Every raw snapshot is read and its hash compared, every clean file is compared with its hash in the
    catalog, as is every file of the history, and the rejects, the partitions, the station register and the
    daily KPIs are checked. Nothing is repaired: the damage is listed, one line each with the command that
    repairs it, and the exit status is 1. On AWS every object is read, one GET each.

        velib verify 2024-11-03 2024-11-05
    """
    from velib_assets.catalog.clean_hashes import mark_damaged, record_hashes
    from velib_assets.catalog.verification import register_problem
    from velib_assets.cli.day_damage import damaged_days
    from velib_assets.history.history_verification import unregistered_history
    from velib_assets.history.retired_days import retired_hours
    from velib_assets.resources import build_resources
    from velib_assets.stations.register_file import load_or_empty

    settings = read_settings()
    if first and last and first > last:
        fail(f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    resources = build_resources(settings)
    if not is_lake(resources.lake):
        fail(empty_lake(settings, exists=False), FAILED)
    resources.catalog.prepare()
    hours, parts = _hours(settings, resources, first, last)
    if not hours:
        where = f" from {hour_text(first)} to {hour_text(last or utc_now())}" if first else ""
        fail(f"The lake has no hour{where}: nothing to verify.", FAILED)
    problem = register_problem(resources.lake)
    register = None if problem else load_or_empty(resources.lake).register
    damage: list[Damage] = [problem] if problem else []
    hashes: dict[Partition, str] = {}
    rebuilt: list[datetime] = []  # the hours that a backfill repairs
    retired = retired_hours(resources.lake, hours)
    for number, (found, part, sha256) in enumerate(_verified(resources, hours, parts, register), 1):
        if hours[number - 1] in retired and not part:
            found = [item for item in found if item.layer in ("raw", "rejects")]  # noqa: PLW2901
        damage += [item for item in found if item not in damage]  # a pack has many hours
        rebuilt += hours[number - 1 : number] * any(item.layer != "raw" for item in found)
        if part and sha256:
            hashes[part] = sha256
        if number % _PROGRESS_EVERY == 0:
            say(f"{number:,} of {counted(len(hours), 'hour')} verified")
    with suppress(OSError, CatalogError):  # a lake that cannot be written can be verified
        sound = {part: sha256 for part, sha256 in hashes.items() if sha256 != DAMAGED}
        record_hashes(resources.catalog, sound)
    marked = [part for part in hashes if hashes[part] == DAMAGED]
    mark_damaged(resources.lake, resources.catalog, marked, [view.name for view in VIEWS if view.cached])
    first_day, last_day = (day_text(hour.date()) for hour in (hours[0], hours[-1]))
    damage += unregistered_history(resources.lake, resources.catalog, first_day, last_day)
    damage += damaged_days(resources, hours[0], hours[-1])
    if damage:
        _report_damage(damage, hours, rebuilt)
        sys.exit(FAILED)
    click.echo(f"{counted(len(hours), 'hour')} verified: {_LAYERS}")


def _report_damage(
    damage: Sequence["Damage"], hours: Sequence[datetime], rebuilt: Sequence[datetime]
) -> None:
    """Print each finding with its command, the total, and one command for all hours that are rebuilt."""
    for item in damage:
        say(f"velib: {item}")
    say(f"{counted(len(damage), 'object')} damaged or missing in {counted(len(hours), 'hour')}")
    if len(rebuilt) > 1:
        command = commands_of_hours([hour for hour in hours if rebuilt[0] <= hour <= rebuilt[-1]])
        say(f"`{command}` rebuilds the {len(rebuilt):,} hours, and those between them, at once")


def _hours(
    settings: "Settings", resources: "Resources", first: datetime | None, last: datetime | None
) -> tuple[list[datetime], dict[datetime, Partition]]:
    """Return the hours that raw, the clean layer or the catalog has, and their partitions."""
    first, last = first or settings.first_hour, last or utc_now()
    listed = {hour for layer in ("raw", "clean") for hour in hours_in(resources.lake, layer, first, last)}
    registered = (part for part in resources.catalog.partitions() if first <= part.hour <= last)
    parts = {part.hour: part for part in registered}
    return sorted(listed | set(parts)), parts


def _verified(
    resources: "Resources",
    hours: Sequence[datetime],
    parts: dict[datetime, Partition],
    register: "Register | None",
) -> Iterator[tuple[list["Damage"], Partition | None, str]]:
    """Verify hours, several at a time; yield the damage, the partition and its hash of each, in order."""
    from concurrent.futures import ThreadPoolExecutor

    from velib_assets.catalog.verification import verify_hour
    from velib_assets.stations.register_file import load_or_empty

    lake, catalog = resources.lake, resources.catalog

    def verify(hour: datetime) -> tuple[list["Damage"], Partition | None, str]:
        part = parts.get(hour)
        damage, sha256 = verify_hour(lake, hour, part, register)
        if damage and (now := next(iter(catalog.partitions([hour])), None)) != part:
            part = now  # a run has registered the hour since the catalog was read
            damage, sha256 = verify_hour(lake, hour, part, load_or_empty(lake).register)
        return damage, part, sha256

    with ThreadPoolExecutor(_THREADS, "verify") as pool:
        yield from pool.map(verify, hours)
