"""The healing sensor: requests hours whose clean file is missing, outdated, not registered or not learned.

It reports current hours that this Dagster instance has never seen as materialized.

Each round checks the newest two days, everything since the last round that found nothing to do (up to two
weeks), and one stretch of the older history. A year is covered in about an hour. It also compares some clean
files with their hashes (`verification_turn`); a damaged one is rebuilt.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import DAMAGED, Catalog, Partition
from velib_assets.clean.hour import digest_of
from velib_assets.clean.observed import current_digest
from velib_assets.clean.rebuild import footer_of
from velib_assets.defs.asset_keys import asset_keys
from velib_assets.defs.jobs import PIPELINE_JOB, QUIET
from velib_assets.defs.maintenance.orphans import end_orphans
from velib_assets.defs.partitions import key_of, range_tags
from velib_assets.defs.raw_snapshot import RESTORE_ONLY
from velib_assets.defs.reconciliation import report_lost
from velib_assets.defs.sensors.retries import HEALING, Tries, is_busy, is_due, note_try
from velib_assets.defs.sensors.verification_turn import damaged_in_turn, files_per_round
from velib_assets.history.retired_days import settled_hours
from velib_assets.lake.keys import HOUR, REPORT, contiguous, hour_text, parse_hour, raw_time
from velib_assets.lake.listing import has_usable_raw, hour_range, objects_by_hour, utc_now
from velib_assets.lake.network import KEY
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.schema import TABLE
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.lake.text import counted
from velib_assets.query.kpis import VIEWS
from velib_assets.settings import FIRST_HOUR
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_register

RECENT = timedelta(hours=48)
OUTAGE = timedelta(days=14)
STRETCH = timedelta(hours=240)
MAX_HOURS = 168
UNKNOWN = ""  # the digest of a partition that a crawler registered
UNLEARNED = "unlearned"  # instead of a digest: the station register lacks the hour
SELECTION = asset_keys("clean_stations", "stations", TABLE, *(view.name for view in VIEWS), REPORT)
LEARNING = asset_keys("stations")
TAGS = {RESTORE_ONLY: "true", **HEALING}
Span = tuple[datetime, datetime]


def healing_sensor(
    store: LakeStore, catalog: Catalog, seconds: int = 30, first_hour: datetime = FIRST_HOUR
) -> dg.SensorDefinition:
    """Return `<network>_healing`, evaluated every `seconds`; it heals no hour before `first_hour`."""

    @dg.sensor(
        name=f"{KEY}_healing",
        job=PIPELINE_JOB,
        description="Requests hours whose clean file is missing or older than their raw snapshots.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def heal_hours(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        state = json.loads(context.cursor) if context.cursor else {}
        tries: Tries = state.setdefault("tries", {})
        end_orphans(context.instance)
        if is_busy(context.instance):
            return dg.SensorResult(skip_reason="waiting for runs in progress", cursor=json.dumps(state))
        spans = _next_spans(store, state, first_hour)
        recent = spans[-1][1] if spans else None
        verified = damaged_in_turn(store, catalog, state, files_per_round(seconds))
        damaged = {part.hour: part for part in verified}
        for part in damaged.values():
            context.log.warning("%s is damaged; it is rebuilt if its raw is usable", store.address(part.key))
        spans += [(hour, hour) for hour in damaged if hour >= first_hour]
        packs: list[DamagedPackError] = []
        hours, outdated = _find_outdated(store, catalog, spans, damaged, packs)
        for error in packs:
            context.log.warning("%s. Its hours are not checked", error)
        outdated_hours = {hour for hour, _ in outdated}
        lost = report_lost(context.instance, store, catalog, {*hours} - outdated_hours)
        if recent and not outdated:
            state["well"] = hour_text(recent)
        for hour in {*hours} - outdated_hours:
            tries.pop(hour_text(hour), None)
        now = utc_now()
        due = [pair for pair in outdated if is_due(tries, hour_text(pair[0]), pair[1], now)][:MAX_HOURS]
        for hour, digest in due:
            note_try(tries, hour_text(hour), digest, now)
        waiting = f"{len(outdated)} wait for their next retry" if outdated else "all up to date"
        requests = [
            dg.RunRequest(
                run_key=f"heal-{key_of(first)}-{key_of(last)}-{utc_now().isoformat()}",
                run_config=QUIET,
                asset_selection=selection,
                tags={**range_tags(first, last), **TAGS},
            )
            for selection, learning in ((SELECTION, False), (LEARNING, True))
            for first, last in contiguous(hour for hour, digest in due if (digest == UNLEARNED) is learning)
        ]
        reported = f"; {lost:,} reported as materialized" if lost else ""
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else f"{counted(len(hours), 'hour')} checked, {waiting}{reported}",
            cursor=json.dumps(state),
        )

    return heal_hours


def _next_spans(store: LakeStore, state: dict[str, Any], first_hour: datetime) -> list[Span]:
    """Return the spans to check: a stretch of older raw, which starts over at the end, and the recent hours.

    In the state, `older` is the start of the next stretch, and `well` the newest hour of the last round that
    found nothing to do.
    """
    span = hour_range(store, "raw")
    if span is None:
        return []
    oldest, newest = max(span[0], first_hour), span[1]
    if newest < first_hour:
        return []
    well = parse_hour(state["well"]) if "well" in state else newest
    border = max(newest - OUTAGE, min(newest - RECENT, well))
    start = max(parse_hour(state["older"]) if "older" in state else oldest, oldest)
    if start >= border:
        start = oldest
    end = min(start + STRETCH, border - HOUR)
    state["older"] = hour_text(end + HOUR if start <= end else oldest)
    recent = (max(border, first_hour), newest)
    return [(start, end), recent] if start <= end else [recent]


def _find_outdated(
    store: LakeStore,
    catalog: Catalog,
    spans: Iterable[Span],
    damaged: Collection[datetime] = (),
    packs: list[DamagedPackError] | None = None,
) -> tuple[list[datetime], list[tuple[datetime, str]]]:
    """Return the hours of these spans that have raw, and the outdated ones with the digest they should have.

    An hour in `damaged` is outdated even if the catalog does not say so: the crawler's cannot. An hour that
    is up to date costs no request of its own: listings of days and the catalog suffice, unless its rows were
    completed from the station register. The days of damaged packs are left out; `packs` receives the errors.
    """
    register = load_register(store).register
    hours: list[datetime] = []
    outdated: list[tuple[datetime, str]] = []
    for first, last in spans:
        raw = objects_by_hour(store, "raw", first, last, packs)
        settled = settled_hours(store, catalog, raw)
        raw = {hour: objects for hour, objects in raw.items() if hour not in settled}
        clean = objects_by_hour(store, "clean", first, last)
        registered = {part.hour: part for part in catalog.partitions(raw)}
        for hour, objects in raw.items():
            listing = [(item.key, store.hash(item)) for item in objects if raw_time(item.key)]
            part = registered.get(hour)
            digest = _digest(store, hour, listing, register, completed=part is not None and part.completed)
            hours.append(hour)
            if hour in damaged or (part is not None and part.sha256 == DAMAGED):
                if has_usable_raw(store, hour, [key for key, _ in listing]):
                    outdated.append((hour, DAMAGED))
            elif _is_current(digest, clean.get(hour, []), part):
                if not register.has(hour):
                    outdated.append((hour, UNLEARNED))
            elif _can_be_healed(store, hour, listing, register, part):
                outdated.append((hour, digest))
    return hours, sorted(set(outdated))


def _digest(
    store: LakeStore,
    hour: datetime,
    listing: Sequence[tuple[str, str]],
    register: Register,
    *,
    completed: bool,
) -> str:
    """Return the digest that the hour's clean file should have."""
    footer = footer_of(store, hour) if completed else None
    return current_digest(store, hour, listing, footer, register) if footer else digest_of(listing)


def _is_current(digest: str, clean: Sequence[Stored], part: Partition | None) -> bool:
    """Whether the registered partition was made from this raw and is the only clean file of the hour."""
    files = [(item.key, item.size) for item in clean]
    return part is not None and part.digest == digest and files == [(part.key, part.bytes)]


def _can_be_healed(
    store: LakeStore,
    hour: datetime,
    listing: Sequence[tuple[str, str]],
    register: Register,
    part: Partition | None,
) -> bool:
    """Whether an hour that is not current has something to clean or to register."""
    footer = footer_of(store, hour)
    if footer is None:  # there is nothing to clean if every raw object is quarantined
        return has_usable_raw(store, hour, [key for key, _ in listing])
    by_crawler = part is not None and part.digest == UNKNOWN
    return not (by_crawler and footer.digest == current_digest(store, hour, listing, footer, register))
