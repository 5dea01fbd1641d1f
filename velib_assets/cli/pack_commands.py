"""`velib pack`: puts the raw snapshots of each closed day into one file, or back into files."""

import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from velib_assets.cli.console import FAILED, HoursCommand, fail, read_settings, say
from velib_assets.cli.suggestions import empty_lake
from velib_assets.lake.keys import parse_day, source_prefix
from velib_assets.lake.listing import utc_now
from velib_assets.lake.text import counted

if TYPE_CHECKING:
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.lake.packing import PackedDay

KEPT_DAYS = 7  # late raw and discarded snapshots are mostly of these
_IN_A_BUCKET = (
    "VELIB_TARGET: `velib pack` works on a lake in a folder only. In a bucket no role may delete raw, and "
    "storing many objects costs no more than storing few: leave them as they are"
)


def closed_day(text: str) -> date:
    """Parse a day (`YYYY-MM-DD`, UTC) that has ended."""
    try:
        day = parse_day(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    now = utc_now()
    if day >= now.date():
        raise click.BadParameter(f"{text} has not ended: it is {now:%Y-%m-%dT%H:%M} (UTC)")
    return day


@click.command(cls=HoursCommand)
@click.argument("first", metavar="FROM", type=closed_day, required=False)
@click.argument("last", metavar="TO", type=closed_day, required=False)
@click.option("--undo", is_flag=True, help="Put packed snapshots into files of their own again.")
def pack(first: date | None, last: date | None, undo: bool) -> None:
    """Put the raw snapshots of each day FROM to TO into one file.

    FROM and TO are days that have ended (YYYY-MM-DD, UTC), both included; without them, all that ended more
    than 7 days ago. A day's file is a ZIP with every snapshot under its key, its bytes as they were. Each
    command and asset reads it like the files, and no hour changes. The files are deleted after the pack was
    read back. A snapshot that comes later is a file beside it, until the day is packed again.

        velib pack 2024-11-01 2024-11-30
    """
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.lake.packing import days_with_raw, pack_day, unpack_day

    settings = read_settings(opens_lake=False)
    if first is not None and last is None:
        raise click.UsageError("Missing argument 'TO': write both FROM and TO, or neither.")
    if first and last and first > last:
        fail(f"FROM {first} is after TO {last}")
    if settings.target == "aws":
        fail(_IN_A_BUCKET)
    store = FolderStore(settings.lake)
    if not store.folders(source_prefix("raw")):
        fail(empty_lake(settings, exists=settings.lake.is_dir()), FAILED)
    newest = utc_now().date() - timedelta(days=1 if undo else 1 + KEPT_DAYS)
    days = days_with_raw(store, first or date.min, last or newest)
    packed, problems = _change_days(unpack_day if undo else pack_day, store, days)
    if first and not problems and not any(day.snapshots for day in packed):
        fail(f"raw has no snapshot from {first} to {last}: nothing to {'unpack' if undo else 'pack'}", FAILED)
    click.echo(_summary(packed, undo=undo))
    for problem in problems:
        say(f"velib: {problem}")
    if problems:
        sys.exit(FAILED)


def _change_days(
    change: Callable[["FolderStore", date], "PackedDay"], store: "FolderStore", days: Sequence[date]
) -> tuple[list["PackedDay"], list[str]]:
    """Pack or unpack days; return the results and the problems. A damaged pack stops no other day."""
    from velib_assets.lake.raw_pack import DamagedPackError

    changed: list[PackedDay] = []
    problems: list[str] = []
    for number, day in enumerate(days, 1):
        try:
            changed.append(change(store, day))
        except DamagedPackError as error:
            problems.append(str(error))
        else:
            problems += changed[-1].problems
        if sys.stderr.isatty():
            click.echo(f"\r{number:,} of {counted(len(days), 'day')}", err=True, nl=number == len(days))
    return changed, problems


def _summary(days: Sequence["PackedDay"], *, undo: bool) -> str:
    """Return what the days hold, in how many files, and in how many before."""
    if not days and not undo:
        return f"No day of raw ended more than {KEPT_DAYS} days ago: nothing to pack"
    before, after = sum(day.files_before for day in days), sum(day.files_after for day in days)
    snapshots, size = sum(day.snapshots for day in days), sum(day.size for day in days)
    return (
        f"{counted(len(days), 'day')} {'unpacked' if undo else 'packed'}: "
        f"{counted(snapshots, 'snapshot')} in {counted(after, 'file')}, before in {before:,}; "
        f"{size / 1e6:,.1f} MB"
    )
