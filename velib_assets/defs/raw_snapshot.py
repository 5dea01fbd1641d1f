"""The layer `raw_snapshot`: an hour's snapshots as the feed gave them.

Belongs here: which run may ask the feed for the present, and what is told of an hour. Does not: storing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.defs import findings
from velib_assets.defs.hourly import HourOutcome, hourly_asset
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.local_ingest import Ingest
from velib_assets.ingest.step import (
    QUARANTINED,
    STORED,
    IngestResult,
    SlotExpiredError,
    SourceMismatchError,
    ensure_slot_open,
)
from velib_assets.lake.keys import HOUR, SLOT, hour_prefix, slots_of
from velib_assets.lake.ledger import ledger
from velib_assets.lake.listing import hour_range, raw_objects, slot_times, utc_now
from velib_assets.lake.store import LakeStore

SCHEDULED_AT = "velib/scheduled_at"
RESTORE_ONLY = "velib/restore_only"

DESCRIPTION = """\
One snapshot of all stations, every 15 minutes, kept as the feed gave it.

A tick takes a new snapshot into the running hour. A closed hour is never filled with the present: it
reports what raw holds, and restores what the archive or the simulator has recorded. An answer that is
not usable goes to `quarantine/`, its bytes as they came, with the reason beside it.
"""


def raw_hours(context: dg.OpExecutionContext, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Bring each hour's snapshots into raw."""
    store: LakeStore = context.resources.lake
    ingest: Ingest = context.resources.ingest
    for hour in hours:
        now = utc_now()
        try:
            outcome = _hour(store, ingest, hour, now, context.run.tags)
        except OSError as error:  # the lake itself cannot be read: one hour's trouble, not the others'
            finding = findings.usable_snapshot(0, [], str(error))
            outcome = HourOutcome(hour, None, {"usable_snapshot": finding}, finding.message)
        yield outcome
        if SCHEDULED_AT in context.run.tags and now < hour + SLOT:
            with suppress(OSError):  # the hour that runs has told of it
                yield from _hour_before(store, hour - HOUR, now)


def _hour(
    store: LakeStore, ingest: Ingest, hour: datetime, now: datetime, tags: Mapping[str, str]
) -> HourOutcome:
    """Bring an hour's snapshots into raw, and say what lies there now.

    Raises:
        OSError: where the lake cannot be listed.
    """
    taken, trouble = [], ""
    ticks = _ticks(ingest, hour, now, tags)
    try:
        taken = _tick(store, ingest, hour, now, tags) if ticks else ingest.restore(hour, now)
    except (FeedError, SourceMismatchError, OSError, ValueError, SlotExpiredError) as error:
        trouble = str(error)
    outcome = _outcome(store, hour, now, taken, trouble, ticks=ticks)
    if taken and outcome.metadata:
        links = {name: dg.MetadataValue.url(link) for name, link in ingest.links.items()}
        outcome = outcome._replace(metadata={**outcome.metadata, **links})
    return outcome


def _hour_before(store: LakeStore, hour: datetime, now: datetime) -> Iterator[HourOutcome]:
    """The first tick of an hour tells whether the hour before is complete: nobody else looks then."""
    span = hour_range(store, "raw")
    if span and span[0] <= hour:
        stored, _ = slot_times(store, hour)
        count = sum(slot.state == STORED for slot in ledger([hour], lambda _: (stored, set()), now))
        finding = findings.complete_hour(count, len(slots_of(hour)))
        yield HourOutcome(hour, None, {"complete_hour": finding}, finding.message)


def _ticks(ingest: Ingest, hour: datetime, now: datetime, tags: Mapping[str, str]) -> bool:
    """Whether the run may ask for the present; any other brings back what was recorded."""
    runs_now = hour <= now < hour + HOUR and RESTORE_ONLY not in tags
    return ingest.live and (SCHEDULED_AT in tags or runs_now)


def _tick(
    store: LakeStore, ingest: Ingest, hour: datetime, now: datetime, tags: Mapping[str, str]
) -> list[IngestResult]:
    if SCHEDULED_AT not in tags:
        return [ingest.take(now, now)]
    scheduled = datetime.fromisoformat(tags[SCHEDULED_AT])
    if scheduled in slot_times(store, hour)[0]:
        return []  # a doubled or a late retry of a tick that did its work
    ensure_slot_open(scheduled, now)
    return [ingest.take(scheduled, now)]


def _outcome(
    store: LakeStore, hour: datetime, now: datetime, taken: list[IngestResult], trouble: str, *, ticks: bool
) -> HourOutcome:
    refused = [f"{part.reason} ({store.address(part.key)})" for part in taken if part.state == QUARANTINED]
    stored, quarantined = slot_times(store, hour)
    brought = sum(part.state != QUARANTINED for part in taken)
    usable = brought or (0 if refused and ticks else len(stored))
    slots = ledger([hour], lambda _: (stored, quarantined), now)
    count = {state: sum(s.state == state for s in slots) for state in ("stored", "quarantined", "missed")}
    over = sum(slot.start + SLOT <= now for slot in slots)
    arrived = findings.usable_snapshot(usable, refused, trouble)
    if not arrived.passed:  # says it all: one alert, not three
        return HourOutcome(hour, None, {"usable_snapshot": arrived}, arrived.message)
    found = {
        "usable_snapshot": arrived,
        "quarantined_snapshot": findings.quarantined_snapshot(refused),
        "complete_hour": findings.complete_hour(count["stored"], over),
    }
    objects = raw_objects(store, hour)
    new = [part for part in taken if part.state == STORED]
    metadata = {
        "snapshots": len(objects),
        "new_snapshots": len(new),
        "new_records": sum(part.records for part in new),
        "bytes": sum(item.size for item in objects),
        **{f"slots_{state}": number for state, number in count.items()},
        "slots_open": len(slots_of(hour)) - len(slots),  # neither over nor filled: with it they are four
        "folder": dg.MetadataValue.path(store.address(hour_prefix("raw", hour))),
    }
    return HourOutcome(hour, metadata, found, f"{len(objects)} snapshots, {len(new)} new")


def raw_snapshot_asset(**attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of the asset
    """The asset."""
    return hourly_asset(
        raw_hours,
        name="raw_snapshot",
        upstream=None,
        resources={"lake", "ingest"},
        group_name="ingest",
        description=DESCRIPTION,
        kinds={"python", "json"},
        **attributes,
    )
