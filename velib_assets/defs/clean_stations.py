"""The asset `clean_stations`: the raw snapshots of an hour as one typed Parquet file."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg

from velib_assets.clean.hour_result import HourSummary
from velib_assets.clean.local_clean_job import CleanJob
from velib_assets.clean.rebuild import footer_of
from velib_assets.clean.typed_snapshot import Drift
from velib_assets.defs import checks
from velib_assets.defs.checks import Finding, described_rows, unbroken_since
from velib_assets.defs.graphs import table_schema
from velib_assets.defs.hourly import HourOutcome, hourly_asset, hours_of
from velib_assets.lake.keys import HOUR, clean_key, hour_text, hours_between, raw_time, rejects_key
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted
from velib_assets.stations.describe import OWN
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_or_empty
from velib_assets.stations.sights import milliseconds_of


@hourly_asset(
    upstream="raw_snapshot", group_name="lake", kinds={"python", "parquet", "arrow"}, metadata=table_schema()
)
def clean_stations(
    context: dg.OpExecutionContext,
    lake: dg.ResourceParam[LakeStore],
    clean_job: dg.ResourceParam[CleanJob],
) -> Iterator[HourOutcome]:
    """All raw snapshots of an hour as one typed Parquet file, sorted by station and time.

    Every snapshot is audited again, and duplicates are dropped. The same raw objects give the same bytes,
    whatever their order of arrival. Records that cannot be typed are in `rejects/` with the reason.
    """
    yield from clean_hours(lake, clean_job, hours_of(context))


def clean_hours(store: LakeStore, job: CleanJob, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Rebuild the clean file of each hour."""
    known: dict[datetime, Earlier] = {}
    register: Register | None = None
    for result in job.run(hours):
        cleaned = result.cleaned
        if result.absent:
            yield HourOutcome(result.hour, None, {}, result.error)
            continue
        reasons = [
            f"{part.reason} ({store.address(part.key)}). {_how_to_replace(result.hour, part.key)}"
            for part in (cleaned.quarantined if cleaned else [])
        ]
        if cleaned is None or not cleaned.size:
            finding = checks.readable_raw(reasons, result.error, cleaned=False)
            yield HourOutcome.failed(result.hour, "readable_raw", finding)
            continue
        preceding = _preceding(store, result.hour, known)
        known[result.hour] = Earlier(_usual([part._asdict() for part in cleaned.snapshots]), cleaned.drift)
        summary = f"{counted(cleaned.rows, 'row')} of {counted(len(cleaned.snapshots), 'snapshot')}"
        if (rejected := sum(part.rejected for part in cleaned.snapshots)) or reasons:
            summary += f", {rejected} rejected, {len(reasons)} quarantined"
        since = _incomplete_since(store, result.hour) if cleaned.described or cleaned.undescribed else None
        register = register or load_or_empty(store).register
        expected = register.open_at(milliseconds_of(result.hour) - 1) or None
        checked = _findings(cleaned, reasons, preceding, expected, store.address(rejects_key(result.hour)))
        is_explained = bool(cleaned.missing_columns) and not cleaned.left_out
        checked["described_rows"] = described_rows(
            cleaned.described, cleaned.undescribed, since, is_explained=is_explained
        )
        yield HourOutcome(result.hour, _metadata(store, cleaned, job.links), checked, summary)


def _how_to_replace(hour: datetime, key: str) -> str:
    text = hour_text(hour)
    return (
        f"To replace it, run `velib discard {text} {text} --snapshot {key} --reason TEXT`, "
        f"then `velib backfill {text} {text}`"
    )


class Earlier(NamedTuple):
    """What the checks of an hour need to know of an hour before: counts and differences of fields."""

    counts: list[int]
    drift: Drift


def _usual(snapshots: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the counts with which `partial_snapshot` compares later snapshots."""
    return [part["records" if IS_VELIB else "rows"] for part in snapshots]


def _preceding(store: LakeStore, hour: datetime, known: dict[datetime, Earlier]) -> dict[datetime, Earlier]:
    """Return what is known of the 24 hours before.

    It comes from the footers of the clean files, at most 24 reads. `known` caches them within a run.
    """
    last_24_hours = list(hours_between(hour - 24 * HOUR, hour - HOUR))
    for earlier in last_24_hours:
        if earlier not in known:
            try:
                footer = footer_of(store, earlier)
            except OSError:  # an unreadable file of another hour must not stop this one
                footer = None
            counts = _usual(footer.snapshots) if footer else []
            known[earlier] = Earlier(counts, footer.drift if footer else Drift())
    return {earlier: known[earlier] for earlier in last_24_hours}


def _incomplete_since(store: LakeStore, hour: datetime) -> datetime | None:
    """Return when the feed last began to leave out descriptions, within the last 24 hours."""
    snapshots: list[tuple[datetime, bool]] = []
    for earlier in reversed(list(hours_between(hour - 23 * HOUR, hour))):
        if footer := footer_of(store, earlier):
            times = sorted(taken for part in footer.snapshots if (taken := raw_time(part["key"])))
            missing = [footer.missing.get(str(milliseconds_of(taken)), {}) for taken in times]
            marked = [not OWN.isdisjoint(fields) for fields in missing]
            snapshots = [*zip(times, marked, strict=True), *snapshots]
            if not all(marked):
                break
    return unbroken_since(snapshots)


def _metadata(store: LakeStore, cleaned: HourSummary, links: Mapping[str, str]) -> dict[str, Any]:
    rejected = sum(part.rejected for part in cleaned.snapshots)
    metadata = {
        "dagster/row_count": cleaned.rows,
        "bytes": cleaned.size,
        "snapshots": len(cleaned.snapshots),
        "records": sum(part.records for part in cleaned.snapshots),
        "rejected": rejected,
        "duplicates": sum(part.duplicates for part in cleaned.snapshots),
        "quarantined": len(cleaned.quarantined),
        "stale_share": cleaned.stale / cleaned.rows if cleaned.rows else 0.0,
        "digest": cleaned.digest,
        "file": dg.MetadataValue.path(store.address(clean_key(cleaned.hour))),
        **{name: dg.MetadataValue.url(url) for name, url in links.items()},
    }
    if rejected:
        metadata["rejects"] = dg.MetadataValue.path(store.address(rejects_key(cleaned.hour)))
        metadata["reject_reasons"] = dg.MetadataValue.json(cleaned.rejected)
    return metadata


def _findings(
    cleaned: HourSummary,
    reasons: Sequence[str],
    preceding: Mapping[datetime, Earlier],
    expected: int | None,
    rejects: str,
) -> dict[str, Finding]:
    return {
        "readable_raw": checks.readable_raw(reasons),
        "rejected_rows": checks.rejected_rows(cleaned.rejected, cleaned.snapshots, rejects),
        "conservation": checks.conservation(cleaned.snapshots, cleaned.rows),
        "unique_rows": checks.unique_rows(cleaned.repeated),
        "partial_snapshot": checks.partial_snapshot(
            cleaned.snapshots,
            [count for earlier in preceding.values() for count in earlier.counts],
            cleaned.announced,
            expected,
            by_rows=not IS_VELIB,
        ),
        "stale_stations": checks.stale_stations(
            cleaned.stale,
            cleaned.rows,
            cleaned.unreadable_times + cleaned.future_unknown,
            is_reported="reported_ts" not in cleaned.missing_columns,
        ),
        "readable_times": checks.readable_times(cleaned.unreadable_times, cleaned.unreadable_time),
        "schema_drift": checks.schema_drift(
            cleaned.drift, {hour: earlier.drift for hour, earlier in preceding.items()}
        ),
        "future_reports": checks.future_reports(cleaned.future, cleaned.future_unknown, cleaned.rows),
        "differing_duplicates": checks.differing_duplicates(cleaned.differing),
    }
