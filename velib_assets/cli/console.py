"""What the commands share: settings, parameters, and messages on standard error."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from velib_assets.lake.keys import HOUR, hour_of, hour_text, parse_hour
from velib_assets.lake.listing import utc_now
from velib_assets.lake.other_networks import other_network_text, other_networks
from velib_assets.lake.text import visible
from velib_assets.settings import Settings, SettingsError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
FAILED, USAGE = 1, 2  # exit statuses
_NARROWEST, _WIDEST = 40, 80


class HoursCommand(click.Command):
    """A command in which FROM and TO go together: both, or neither."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line."""
        options = [piece for piece in super().collect_usage_pieces(ctx) if piece not in ("FROM", "TO")]
        return [*options, "[FROM TO]"]


def first_hour(text: str) -> datetime:
    """Parse an hour (`YYYY-MM-DDTHH`, UTC) that is not in the future, or a day as its first hour."""
    try:
        parsed = parse_hour(f"{text}T00" if _DAY.fullmatch(text) else text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not an hour or a day. Use YYYY-MM-DDTHH in UTC, for example 2022-06-04T17, "
            "or a day, YYYY-MM-DD"
        ) from None
    if parsed > (now := hour_of(utc_now())):
        raise click.BadParameter(f"{text} is in the future: it is {hour_text(now)} (UTC)")
    return parsed


def last_hour(text: str) -> datetime:
    """Parse an hour, or a day (`YYYY-MM-DD`) as its last hour; today ends with the running hour."""
    start = first_hour(text)
    return min(start + 23 * HOUR, hour_of(utc_now())) if _DAY.fullmatch(text) else start


def format_option(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare `--format`, whose default is the first form."""
    form = click.Choice(forms)
    return click.option(
        "--format", "form", type=form, default=forms[0], show_default=True, help="Output format."
    )


def read_settings(*, opens_lake: bool = True, fetches: bool = False) -> Settings:
    """Read the settings, or exit with one line per wrong setting, or if the lake is another network's.

    The settings look into a folder themselves; for a bucket this takes one request, with `opens_lake`. A
    command that `fetches` the feed needs its address.
    """
    try:
        settings = Settings.from_env(fetches=fetches)
    except SettingsError as error:
        fail(str(error))
    if settings.target == "aws" and opens_lake:
        _refuse_other_network(settings)
    return settings


def _refuse_other_network(settings: Settings) -> None:
    from velib_assets.lake.bucket_store import BucketStore

    lake = BucketStore(settings.names.bucket, region=settings.names.region)
    if others := other_networks(lake, ["raw"]):
        fail(f"VELIB_NETWORK: {other_network_text(settings.lake_address, others, 'VELIB_BUCKET')}")


def terminal_width() -> int:
    """Return how many columns a text for people may have: those of the terminal, 40 to 80."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


def print_text(make: Callable[[str], str]) -> None:
    """Print a text, made for the encoding of the output; characters that it lacks become question marks."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(make(encoding).encode(encoding, "replace").decode(encoding))


def print_path(path: Path | str) -> None:
    """Print the bytes of a path, which an encoding other than the system's would change."""
    click.echo(os.fsencode(path))


def utf8_text(text: str) -> str:
    """Return text from the command line, whose bytes a process in another locale may not have decoded."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def say(message: str) -> None:
    """Print a message on standard error, with nothing in it that acts on a terminal."""
    for line in message.splitlines():
        click.echo(visible(line), err=True)


def fail(message: str, status: int = USAGE) -> NoReturn:
    """Print a message on standard error and exit."""
    say("\n".join(f"velib: {line}" for line in message.splitlines()))
    sys.exit(status)
