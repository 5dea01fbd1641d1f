"""The healing sensor: hours whose clean file is missing, made from other raw, or not registered.

Belongs here: comparing raw with clean, and bounding the work. Each round looks at the newest two days, at
what came since the last round that found nothing outdated, and at one stretch of the older history, so that a
year is walked through in about an hour.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import Catalog, Partition
from velib_assets.clean.hour import digest_of
from velib_assets.clean.rebuild import footer_of
from velib_assets.defs.maintenance.orphans import end_orphans
from velib_assets.defs.partitions import FIRST_HOUR, key_of, range_tags
from velib_assets.defs.raw_snapshot import RESTORE_ONLY
from velib_assets.lake.keys import HOUR, contiguous, hour_text, parse_hour, raw_time
from velib_assets.lake.listing import days_in, hour_range, refused_keys, utc_now
from velib_assets.lake.store import LakeStore, Stored

RECENT = timedelta(hours=48)
OUTAGE = timedelta(days=14)
STRETCH = timedelta(hours=240)
MAX_HOURS = 168
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 30, 60))
BUSY = timedelta(minutes=30)
UNKNOWN = ""  # what a crawler's partition says of the raw behind it
HEALED = ("clean_stations", "source_velib")


def healing_sensor(
    store: LakeStore,
    catalog: Catalog,
    job: Any,  # noqa: ANN401 - an unresolved asset job has no public name
    kpis: Iterable[str],
    seconds: int = 30,
) -> dg.SensorDefinition:
    """The sensor `velib_healing`; its rounds are `seconds` apart."""
    selection = [dg.AssetKey(name) for name in (*HEALED, *kpis)]

    @dg.sensor(
        name="velib_healing",
        job=job,
        description="Requests hours whose clean file is missing or older than their raw snapshots.",
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def velib_healing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        state = json.loads(context.cursor) if context.cursor else {}
        tries: dict[str, list[Any]] = state.setdefault("tries", {})
        end_orphans(context.instance)
        if _busy(context.instance):
            return dg.SensorResult(skip_reason="runs are under way", cursor=json.dumps(state))
        spans = _spans(store, state)
        hours, outdated = _look(store, catalog, spans)
        if spans and not outdated:
            state["well"] = hour_text(spans[-1][1])
        for hour in set(hours) - {hour for hour, _ in outdated}:
            tries.pop(hour_text(hour), None)
        due = [(hour, digest) for hour, digest in outdated if _is_due(tries, hour, digest)][:MAX_HOURS]
        for hour, digest in due:
            known, count, _ = tries.get(hour_text(hour), ("", 0, ""))
            tries[hour_text(hour)] = [digest, count + 1 if known == digest else 1, utc_now().isoformat()]
        requests = [
            dg.RunRequest(
                run_key=f"heal-{key_of(first)}-{key_of(last)}-{utc_now().isoformat()}",
                asset_selection=selection,
                tags={
                    **range_tags(first, last),
                    RESTORE_ONLY: "true",
                    "velib/healing": "true",
                },
            )
            for first, last in contiguous(hour for hour, _ in due)
        ]
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else f"{len(hours)} hours looked at, all clean",
            cursor=json.dumps(state),
        )

    return velib_healing


def _busy(instance: dg.DagsterInstance) -> bool:
    """Whether a run is under way: it may be writing the very hours that look outdated.

    One of over half an hour is not waited for: it may hang, and writing an hour twice is safe.
    """
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(
        instance.get_run_ids(
            dg.RunsFilter(statuses=unfinished, created_after=datetime.now(UTC) - BUSY), limit=1
        )
    )


def _spans(store: LakeStore, state: dict[str, Any]) -> list[tuple[datetime, datetime]]:
    """The next stretch of older raw (oldest again at the end), and the newest: two days, or the outage."""
    span = hour_range(store, "raw")
    if span is None:
        return []
    oldest, newest = span
    well = parse_hour(state["well"]) if "well" in state else newest
    border = max(newest - OUTAGE, min(newest - RECENT, well))
    start = max(parse_hour(state["older"]) if "older" in state else oldest, oldest)
    if start >= border:
        start = oldest
    end = min(start + STRETCH, border - HOUR)
    state["older"] = hour_text(end + HOUR if start <= end else oldest)
    recent = (max(border, FIRST_HOUR), newest)
    return [(max(start, FIRST_HOUR), end), recent] if start <= end else [recent]


def _look(
    store: LakeStore, catalog: Catalog, spans: Iterable[tuple[datetime, datetime]]
) -> tuple[list[datetime], list[tuple[datetime, str]]]:
    """The hours of these spans that have raw; and the outdated ones with the digest of their raw.

    A healthy hour costs no request of its own: the listings of its day and the catalog tell it.
    """
    hours: list[datetime] = []
    outdated: list[tuple[datetime, str]] = []
    for first, last in spans:
        raw, clean = days_in(store, "raw", first, last), days_in(store, "clean", first, last)
        registered = {part.hour: part for part in catalog.partitions(raw)}
        for hour, objects in raw.items():
            listing = [(item.key, store.hash(item)) for item in objects if raw_time(item.key)]
            digest = digest_of(listing)
            hours.append(hour)
            if not _is_healthy(digest, clean.get(hour, []), registered.get(hour)) and _is_sick(
                store, hour, digest, listing, registered.get(hour)
            ):
                outdated.append((hour, digest))
    return hours, sorted(outdated)


def _is_healthy(digest: str, clean: Sequence[Stored], part: Partition | None) -> bool:
    """Whether the registered partition was made of this raw and is the one file that lies there."""
    there = [(item.key, item.size) for item in clean]
    return part is not None and part.digest == digest and there == [(part.key, part.bytes)]


def _is_sick(
    store: LakeStore,
    hour: datetime,
    digest: str,
    listing: Sequence[tuple[str, str]],
    part: Partition | None,
) -> bool:
    """Whether an hour that does not look healthy has something to clean or to register."""
    footer = footer_of(store, hour)
    if footer is None:  # an hour of which every raw object was refused has nothing to clean
        refused = refused_keys(store, hour) if listing else set()
        return any(key not in refused for key, _ in listing)
    return not (footer.digest == digest and part is not None and part.digest == UNKNOWN)


def _is_due(tries: dict[str, list[Any]], hour: datetime, digest: str) -> bool:
    """Whether an outdated hour may be requested again: at once, then more and more rarely, at last hourly."""
    known, count, last = tries.get(hour_text(hour), ("", 0, ""))
    if known != digest:
        return True
    return utc_now() >= datetime.fromisoformat(last) + DELAYS[min(count, len(DELAYS) - 1)]
