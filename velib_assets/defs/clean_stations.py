"""The layer `clean_stations`: an hour's raw as one typed Parquet file.

Belongs here: what is told of a cleaned hour. Does not: cleaning (core.clean, resources.clean_job).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.clean.clean_result import CleanedHour
from velib_assets.clean.hour import QuarantinedObject
from velib_assets.clean.local_clean_job import CleanJob
from velib_assets.clean.rebuild import footer_of
from velib_assets.defs import findings
from velib_assets.defs.findings import Finding
from velib_assets.defs.hourly import HourOutcome, hourly_asset
from velib_assets.lake.keys import HOUR, clean_key, hours_between, rejects_key
from velib_assets.lake.store import LakeStore

DESCRIPTION = """\
All raw snapshots of an hour as one Parquet file: audited again, typed, duplicates dropped, sorted by
station and time. The same raw gives the same bytes, in any order of arrival. Rows that cannot be typed
lie in `rejects/` with the reason.
"""


def clean_hours(context: dg.OpExecutionContext, hours: Sequence[datetime]) -> Iterator[HourOutcome]:
    """Rebuild each hour's clean file."""
    store: LakeStore = context.resources.lake
    job: CleanJob = context.resources.clean_job
    counts: dict[datetime, list[int]] = {}
    for result in job.run(hours):
        cleaned = result.cleaned
        if result.absent:
            yield HourOutcome(result.hour, None, {}, result.trouble)
            continue
        refused = [_refusal(store, part) for part in cleaned.quarantined] if cleaned else []
        if cleaned is None or not cleaned.size:
            finding = findings.readable_raw(refused, result.trouble, cleaned=False)
            yield HourOutcome(result.hour, None, {"readable_raw": finding}, finding.message)
            continue
        preceding = _preceding(store, result.hour, counts)
        counts[result.hour] = [part.records for part in cleaned.snapshots]
        yield _outcome(store, cleaned, refused, preceding, job.links)


def _preceding(store: LakeStore, hour: datetime, known: dict[datetime, list[int]]) -> list[int]:
    """The record counts of the 24 hours before, from the clean files' footers; 24 reads at most."""
    day = list(hours_between(hour - 24 * HOUR, hour - HOUR))
    for earlier in day:
        if earlier not in known:
            try:
                footer = footer_of(store, earlier)
            except OSError:  # what is unknown of a neighbour holds up no hour
                footer = None
            known[earlier] = [part["records"] for part in footer.snapshots] if footer else []
    for old in [past for past in known if past < day[0]]:
        del known[old]
    return [records for earlier in day for records in known[earlier]]


def _outcome(
    store: LakeStore,
    cleaned: CleanedHour,
    refused: list[str],
    preceding: list[int],
    links: Mapping[str, str],
) -> HourOutcome:
    records = sum(part.records for part in cleaned.snapshots)
    duplicates = sum(part.duplicates for part in cleaned.snapshots)
    rejected = sum(part.rejected for part in cleaned.snapshots)
    metadata: dict[str, Any] = {
        "dagster/row_count": cleaned.rows,
        "bytes": cleaned.size,
        "snapshots": len(cleaned.snapshots),
        "records": records,
        "rejected": rejected,
        "duplicates": duplicates,
        "quarantined": len(cleaned.quarantined),
        "stale_share": cleaned.stale / cleaned.rows if cleaned.rows else 0.0,
        "digest": cleaned.digest,
        "file": dg.MetadataValue.path(store.address(clean_key(cleaned.hour))),
        **{name: dg.MetadataValue.url(link) for name, link in links.items()},
    }
    if rejected:
        metadata["rejects"] = dg.MetadataValue.path(store.address(rejects_key(cleaned.hour)))
        metadata["reject_reasons"] = dg.MetadataValue.json(cleaned.rejected)
    summary = f"{cleaned.rows:,} rows of {len(cleaned.snapshots)} snapshots"
    if rejected or cleaned.quarantined:
        summary += f", {rejected} rejected, {len(cleaned.quarantined)} quarantined"
    found = _findings(cleaned, refused, preceding, store.address(rejects_key(cleaned.hour)))
    return HourOutcome(cleaned.hour, metadata, found, summary)


def _refusal(store: LakeStore, part: QuarantinedObject) -> str:
    return f"{part.reason} ({store.address(part.key)}; the reason lies in quarantine/, move it away to go on)"


def _findings(
    cleaned: CleanedHour, refused: list[str], preceding: list[int], rejects: str
) -> dict[str, Finding]:
    records = sum(part.records for part in cleaned.snapshots)
    return {
        "readable_raw": findings.readable_raw(refused),
        "rejected_rows": findings.rejected_rows(cleaned.rejected, records, rejects),
        "conservation": findings.conservation(
            [
                (part.key, part.records, part.rows, part.rejected, part.duplicates)
                for part in cleaned.snapshots
            ],
            cleaned.rows,
        ),
        "unique_rows": findings.unique_rows(cleaned.repeated),
        "partial_snapshot": findings.partial_snapshot(
            [(part.key, part.records) for part in cleaned.snapshots], preceding
        ),
        "stale_stations": findings.stale_stations(cleaned.stale, cleaned.rows),
        "schema_drift": findings.schema_drift(*cleaned.drift),
    }


def clean_stations_asset(**attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of the asset
    """The asset."""
    return hourly_asset(
        clean_hours,
        name="clean_stations",
        upstream="raw_snapshot",
        resources={"lake", "clean_job"},
        group_name="lake",
        description=DESCRIPTION,
        kinds={"python", "parquet", "arrow"},
        **attributes,
    )
