"""What `velib backfill` will do: which hours have a source, and what is not loaded."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from velib_assets.cli.console import fail
from velib_assets.cli.suggestions import archive_settings
from velib_assets.ingest.feeds.feed import SkippedFiles
from velib_assets.lake.keys import hour_of, hour_text, hours_between, hours_text
from velib_assets.lake.listing import hours_in, utc_now
from velib_assets.resources import build_resources
from velib_assets.settings import Settings

_EARLIEST, _LATEST = (
    hour_of(datetime.fromisoformat(text)) for text in ("1970-01-02T00:00Z", "9998-12-31T23:00Z")
)


class BackfillPlan(NamedTuple):
    """The hours to run, requested hours that no source has, and messages about what is not loaded."""

    hours: Sequence[datetime]
    missing: Sequence[datetime] = ()
    skipped: SkippedFiles = SkippedFiles()


def plan_range(settings: Settings, first: datetime, last: datetime) -> BackfillPlan:
    """Plan the hours from `first` to `last`, both included; exit if they or the archive are wrong."""
    if first > last:
        fail(f"FROM {hour_text(first)} is after TO {hour_text(last)}")
    if first < settings.first_hour:
        fail(
            f"FROM {hour_text(first)} is before the first partition, {hour_text(settings.first_hour)}: "
            f"set VELIB_FIRST_HOUR={hour_text(first)}"
        )
    resources = build_resources(settings)
    try:
        recorded = resources.ingest.recorded_hours(first, last)
        skipped = resources.ingest.skipped(first, last)
    except ValueError as error:
        fail(f"VELIB_ARCHIVE: {error}")
    available = recorded | set(hours_in(resources.lake, "raw", first, last))
    hours = list(hours_between(first, last))
    return BackfillPlan(
        [h for h in hours if h in available], [h for h in hours if h not in available], skipped
    )


def plan_archive(settings: Settings) -> BackfillPlan:
    """Plan all hours of the archive; exit if the source is none, or cannot be read."""
    if settings.source != "archive":
        past = "has a snapshot for any time" if settings.source == "simulator" else "has no past"
        fail(
            f"VELIB_SOURCE: {settings.source} {past}. Write FROM and TO, as in "
            "`velib backfill 2022-06-04 2022-06-05`. To load all that an archive holds, "
            f"set {archive_settings(settings)}"
        )
    ingest = build_resources(settings).ingest
    try:
        recorded = sorted(ingest.recorded_hours(_EARLIEST, _LATEST))
        skipped = ingest.skipped(_EARLIEST, _LATEST)
    except ValueError as error:
        fail(f"VELIB_ARCHIVE: {error}")
    early = [hour for hour in recorded if hour < settings.first_hour]
    future = [hour for hour in recorded if hour > hour_of(utc_now())]
    refused = list(skipped.refused)
    if early:
        refused.append(
            f"{hours_text(early)}: before the first partition, {hour_text(settings.first_hour)}. "
            f"Set VELIB_FIRST_HOUR={hour_text(early[0])}"
        )
    if future:
        refused.append(
            f"{hours_text(future)}: in the future. "
            f"Check the names and VELIB_ARCHIVE_TIMEZONE, which is {settings.archive_timezone}"
        )
    hours = [hour for hour in recorded if hour not in {*early, *future}]
    return BackfillPlan(hours, (), SkippedFiles(skipped.notes, tuple(refused)))
