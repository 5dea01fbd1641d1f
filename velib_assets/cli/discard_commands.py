"""`velib discard`: moves raw snapshots to quarantine, and brings everything made from them up to date."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from velib_assets.catalog.catalog import CatalogError
from velib_assets.cli.console import FAILED, fail, first_hour, last_hour, read_settings, say, utf8_text
from velib_assets.cli.run_commands import check_writable
from velib_assets.lake.keys import file_name, hour_of, hour_text, hours_text, key_hour, raw_time
from velib_assets.lake.schema import QUARANTINE
from velib_assets.lake.text import counted
from velib_assets.settings import Settings

if TYPE_CHECKING:
    from velib_assets.resources import Resources


_MOST_NAMED = 10


@click.command()
@click.argument("first", metavar="FROM", type=first_hour)
@click.argument("last", metavar="TO", type=last_hour)
@click.option("--snapshot", metavar="KEY", default="", help="One snapshot: its key, file name or address.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; stored beside the bytes.")
def discard(first: datetime, last: datetime, snapshot: str, reason: str) -> None:
    """Quarantine raw snapshots and rebuild what was made from them.

    FROM and TO are hours (YYYY-MM-DDTHH, UTC) or days (YYYY-MM-DD), both included.
    Nothing is lost: quarantine/ keeps the bytes and the reason. Rows, partitions, the station register, KPIs
    and the report follow. A later backfill may bring a corrected snapshot for the same time. The discarded
    records never come back.

        velib discard 2024-11-03T09 2024-11-03T11 --reason "frozen feed"
    """
    from velib_assets.ingest.discard import discard_object, find_snapshots
    from velib_assets.lake.listing import utc_now
    from velib_assets.resources import build_resources

    settings = read_settings()
    if first > last:
        fail(f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    reason = utf8_text(reason).strip()
    if not reason:
        fail("--reason is empty: say why the snapshots are discarded")
    check_writable(settings)
    resources = build_resources(settings)
    store = resources.lake
    resources.catalog.prepare()
    found = find_snapshots(store, first, last, snapshot)
    hours = {affected for item in found if (affected := key_hour(item.key))}
    hours |= _interrupted(resources, first, last, snapshot)
    if not hours:
        which = f"snapshot {snapshot!r}" if snapshot else "snapshot"
        fail(f"raw has no {which} from {hour_text(first)} to {hour_text(last)}: nothing to discard", FAILED)
    for number, item in enumerate(found):
        kept = discard_object(store, item, reason, utc_now())
        if number < _MOST_NAMED:
            say(f"{file_name(item.key)} moved to {store.address(kept)}")
    if len(found) > _MOST_NAMED:
        say(f"and {len(found) - _MOST_NAMED:,} more: the table {QUARANTINE} of `velib query` has them")
    plural = "snapshots of the range were"
    message = f"{counted(len(found), 'snapshot of the range was', plural)} discarded: {reason}"
    _follow(settings, resources, sorted(hours), message)


def _interrupted(resources: "Resources", first: datetime, last: datetime, snapshot: str) -> set[datetime]:
    """Return the hours from `first` to `last` of which an earlier discard was interrupted."""
    from velib_assets.catalog.removal import is_outdated
    from velib_assets.lake.listing import hours_in

    taken = raw_time(snapshot)
    return {
        hour
        for hour in hours_in(resources.lake, "quarantine", first, last)
        if (not snapshot or (taken and hour_of(taken) == hour))
        and is_outdated(resources.lake, resources.catalog, hour)
    }


def _follow(settings: Settings, resources: "Resources", hours: Sequence[datetime], message: str) -> None:
    """Clean these hours again, or remove them, and refresh the views; exit with 1 on failure."""
    from velib_assets.cli import run_summary, runs
    from velib_assets.cli.day_runs import closed_days
    from velib_assets.defs.build import build_defs

    run_summary.show_progress(len(hours), len(closed_days(hours)))
    try:
        with runs.open_instance(settings) as instance:
            summary, removed = runs.run_discard(build_defs(settings), instance, resources, hours, message)
    except (OSError, CatalogError) as error:
        fail(
            f"{str(error).rstrip('.')}. The snapshots are in quarantine, but not all that was made from them "
            "was brought up to date. Run the same command again",
            FAILED,
        )
    if removed:
        verb = "was" if len(removed) == 1 else "were"
        say(f"{hours_text(removed)} {verb} removed from the table: no usable snapshot is left")
    if not run_summary.print_summary(resources.lake, resources.catalog, summary, []):
        sys.exit(FAILED)
