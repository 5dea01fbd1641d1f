"""The asset `raw_snapshot`: the snapshots of an hour, as the feed returned them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import dagster as dg

from velib_assets.clean.frozen_feed import FrozenFeed
from velib_assets.defs import checks
from velib_assets.defs.checks import REMARKS
from velib_assets.defs.hourly import HourOutcome, hourly_asset, hours_of
from velib_assets.defs.schedule_state import switched_on_at
from velib_assets.ingest.feed_facts import feed_facts
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.ingest_result import QUARANTINED, STORED, IngestResult
from velib_assets.ingest.same_source import SourceMismatchError
from velib_assets.ingest.step import Ingest, SlotExpiredError, ensure_slot_open
from velib_assets.lake.keys import HOUR, SLOT, hour_prefix, slot_of, slots_of
from velib_assets.lake.ledger import ledger
from velib_assets.lake.listing import DISCARDED, hour_range, raw_objects, slot_times, utc_now
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted

SCHEDULED_AT = "velib/scheduled_at"
RESTORE_ONLY = "velib/restore_only"


@hourly_asset(upstream=None, group_name="ingest", kinds={"python", "json"})
def raw_snapshot(
    context: dg.OpExecutionContext, lake: dg.ResourceParam[LakeStore], ingest: dg.ResourceParam[Ingest]
) -> Iterator[HourOutcome]:
    """One snapshot of all stations, every 15 minutes, stored unmodified.

    A tick adds the current snapshot to the running hour. A past hour never gets current data: it reports what
    raw holds, and restores what the archive or the simulator has recorded. A response that is not usable goes
    to `quarantine/` unmodified, with the reason beside it.
    """
    on_since = switched_on_at(context.instance)
    yield from ingest_hours(lake, ingest, hours_of(context), context.run.tags, on_since)


def ingest_hours(
    store: LakeStore,
    ingest: Ingest,
    hours: Sequence[datetime],
    tags: Mapping[str, str],
    on_since: datetime | None = None,
) -> Iterator[HourOutcome]:
    """Take or restore the snapshots of each hour.

    A tick (run tag SCHEDULED_AT) and a run over the running hour take a new snapshot from a live feed. Any
    other run, and one with the tag RESTORE_ONLY, restores recorded snapshots. No snapshot is missing from
    before `on_since`, when the schedule was switched on.
    """
    scheduled = datetime.fromisoformat(tags[SCHEDULED_AT]) if SCHEDULED_AT in tags else None
    frozen = FrozenFeed(store)
    for hour in hours:
        now = utc_now()
        running = hour <= now < hour + HOUR and RESTORE_ONLY not in tags
        takes = ingest.live and (scheduled is not None or running)
        try:
            results = _take(store, ingest, hour, scheduled, now) if takes else ingest.restore(hour, now)
            yield _outcome(store, ingest, hour, results, now, frozen=frozen, takes=takes)
        except (FeedError, SourceMismatchError, SlotExpiredError, OSError, ValueError) as error:
            yield HourOutcome.failed(hour, "usable_snapshot", checks.usable_snapshot(0, [], str(error)))
        if scheduled and now < hour + SLOT:
            with suppress(OSError):  # already reported for the running hour
                yield from _previous_hour(store, hour - HOUR, on_since)


def _outcome(
    store: LakeStore,
    ingest: Ingest,
    hour: datetime,
    results: Sequence[IngestResult],
    now: datetime,
    *,
    frozen: FrozenFeed,
    takes: bool,
) -> HourOutcome:
    """Report what raw holds after the snapshots of an hour were taken or restored.

    Raises:
        OSError: The lake cannot be listed.
    """
    objects = raw_objects(store, hour)
    stored, quarantined = slot_times(store, hour, objects)
    arrived = _arrival(store, results, len(stored), takes=takes)
    if not arrived.passed:
        return HourOutcome.failed(hour, "usable_snapshot", arrived)
    slots = ledger([hour], lambda _: (stored, quarantined), now)
    count = {state: sum(s.state == state for s in slots) for state in ("stored", "quarantined", "missed")}
    past = sum(slot.start + SLOT <= now for slot in slots)
    new = [result for result in results if result.state == STORED]
    said = feed_facts(store, objects)
    metadata = {
        "snapshots": len(objects),
        "new_snapshots": len(new),
        "new_records": sum(result.records for result in new),
        "bytes": sum(item.size for item in objects),
        **{f"slots_{state}": number for state, number in count.items()},
        "slots_open": len(slots_of(hour)) - len(slots),  # neither past nor filled
        "folder": dg.MetadataValue.path(store.address(hour_prefix("raw", hour))),
        **said,
    }
    if any(result.code not in REMARKS for result in results):
        metadata |= {name: dg.MetadataValue.url(url) for name, url in ingest.links.items()}
    checked = {
        "usable_snapshot": arrived._replace(facts={**arrived.facts, **said}),
        "quarantined_snapshot": checks.quarantined_snapshot(_quarantine_reasons(store, results)),
        "discarded_before": checks.discarded_before(results),
        "complete_hour": checks.complete_hour(count["stored"], past),
        "feed_frozen": checks.feed_frozen(frozen.stretches(hour, objects)),
        "archive_agrees": checks.archive_agrees(results),
        "archive_columns": checks.archive_columns(results),
    }
    return HourOutcome(hour, metadata, checked, f"{counted(len(objects), 'snapshot')}, {len(new)} new")


def _arrival(
    store: LakeStore, results: Sequence[IngestResult], stored: int, *, takes: bool
) -> checks.Finding:
    """Check that an hour has a usable snapshot. If the run brought none, those `stored` earlier count."""
    reasons = _quarantine_reasons(store, results)
    discarded = checks.discarded_before(results)
    usable = sum(
        result.state != QUARANTINED and result.code not in (*REMARKS, DISCARDED) for result in results
    )
    if not usable and not (takes and reasons):
        usable = stored
    error = ""
    if not usable and not discarded.passed:
        error = "; ".join([*reasons, f"{discarded.message}. No other snapshot was loaded for this hour"])
    return checks.usable_snapshot(usable, reasons, error)


def _quarantine_reasons(store: LakeStore, results: Sequence[IngestResult]) -> list[str]:
    """Return why each response was quarantined in this run."""
    return [
        f"{result.reason} ({store.address(result.key)})"
        for result in results
        if result.state == QUARANTINED and result.code != DISCARDED
    ]


def _take(
    store: LakeStore, ingest: Ingest, hour: datetime, scheduled: datetime | None, now: datetime
) -> list[IngestResult]:
    """Take the current snapshot. A tick that is repeated or retried finds its own and takes no other."""
    if scheduled is None:
        return [ingest.take(now, now)]
    if slot_of(scheduled) != slot_of(now) and scheduled in slot_times(store, hour)[0]:
        return []
    ensure_slot_open(scheduled, now)
    return [ingest.take(scheduled, now)]


def _previous_hour(store: LakeStore, hour: datetime, on_since: datetime | None) -> Iterator[HourOutcome]:
    """Check whether the previous hour is complete. Only the first tick of an hour does, and no later run."""
    if on_since and hour < on_since:
        return
    slots = slots_of(hour)
    filled = {slot_of(moment) for moment in slot_times(store, hour)[0]}.intersection(slots)
    span = None if filled else hour_range(store, "raw")
    if filled or (span and span[0] <= hour):  # the lake is older than the hour
        finding = checks.complete_hour(len(filled), len(slots))
        yield HourOutcome(hour, None, {"complete_hour": finding}, finding.message)
