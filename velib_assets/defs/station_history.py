"""The assets of the history: `station_history`, a closed day in one file, and `station_history_months`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.defs import checks
from velib_assets.defs.asset_keys import asset_key
from velib_assets.defs.checks import Finding
from velib_assets.defs.graphs import columns_of, provenance
from velib_assets.defs.partitioned import Outcome, partitioned_asset
from velib_assets.defs.partitions import DAILY, MONTHLY, days_of, months_of
from velib_assets.history.currency import outdated_days, outdated_months
from velib_assets.history.digests import digest_of_day, digest_of_month, is_month
from velib_assets.history.history_registration import register_found_day, register_history_until_stable
from velib_assets.history.history_removal import remove_day, remove_month
from velib_assets.history.history_result import DayResult, MonthResult
from velib_assets.history.local_history_job import HistoryJob
from velib_assets.lake.keys import day_text, hours_of_day
from velib_assets.lake.months import days_of_month, month_text, parse_month
from velib_assets.lake.schema import DATABASE, HISTORY, HISTORY_COLUMNS, TABLE
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import counted

DAYS, MONTHS = "station_history", "station_history_months"
_TABLE = f"{DATABASE}.{HISTORY}"
_ONLY = "The file is complete, only its registration failed; healing repeats it"


@partitioned_asset(
    DAILY,
    unit="days",
    upstream=TABLE,
    upstream_unit="hours",
    group_name="lake",
    kinds={"python", "parquet", "table"},
    metadata=columns_of(HISTORY_COLUMNS),
)
def station_history(
    context: dg.OpExecutionContext,
    lake: dg.ResourceParam[LakeStore],
    catalog: dg.ResourceParam[Catalog],
    history_job: dg.ResourceParam[HistoryJob],
) -> Iterator[Outcome]:
    """The hours of a closed UTC day in one Parquet file, sorted by station and time: table `velib_history`.

    It has the columns of `source_velib`, so that a query runs on it by changing the name, and takes a
    fraction of the space and of the time. The same clean files give the same bytes; a day is built again when
    one of them changes. Days of a month that is over are also compacted: see `station_history_months`.
    """
    days = days_of(context)
    yield from build_days(lake, catalog, history_job, days)
    known = context.instance.get_materialized_partitions(asset_key(MONTHS))
    yield from build_months(lake, catalog, history_job, _complete_months(lake, catalog, days, known))


@partitioned_asset(
    MONTHLY,
    unit="months",
    upstream="station_history",
    upstream_unit="days",
    group_name="lake",
    kinds={"python", "parquet", "table"},
    metadata=columns_of(HISTORY_COLUMNS),
)
def station_history_months(
    context: dg.OpExecutionContext,
    lake: dg.ResourceParam[LakeStore],
    catalog: dg.ResourceParam[Catalog],
    history_job: dg.ResourceParam[HistoryJob],
) -> Iterator[Outcome]:
    """The days of a closed month in one Parquet file, sorted by station and time: table `velib_history`.

    A question about one station reads one file per month instead of thirty. The run that builds the last day
    of a month compacts it, and so does a run that builds one of its days again. The day files stay; the table
    reads them while the file of the month is missing or outdated.
    """
    yield from build_months(lake, catalog, history_job, months_of(context))


def build_days(
    store: LakeStore, catalog: Catalog, job: HistoryJob, days: Iterable[date]
) -> Iterator[Outcome]:
    """Build and register the history of UTC days; yield what became of each."""
    for result in job.run(days):
        if result.absent:
            yield _absent_day(store, catalog, _day(result.day, None, {}, result.error))
        elif result.error:
            finding = checks.readable_files(result.error)
            yield _day(result.day, None, {"readable_files": finding}, result.error)
        else:
            yield _registered_day(store, catalog, job, result)


def build_months(
    store: LakeStore, catalog: Catalog, job: HistoryJob, months: Iterable[date]
) -> Iterator[Outcome]:
    """Compact and register months; yield what became of each."""
    for result in job.compact(months):
        if result.absent:
            yield _removed(store, catalog, _month(result.month, None, {}, result.error))
        elif result.error:
            finding = checks.readable_files(result.error)
            yield _month(result.month, None, {"readable_files": finding}, result.error)
        else:
            yield _registered_month(store, catalog, job, result)


def _complete_months(
    store: LakeStore, catalog: Catalog, days: Sequence[date], known: Collection[str]
) -> list[date]:
    """Return the months of these days that are not current or known, and of which no other day is outdated.

    A month of which a day is still to be built is compacted by the run that builds it. One that is not in
    `known` is compacted again, as its days are built again, so that a new home shows it.
    """
    asked = {*days}
    try:
        found = {*outdated_months(store, catalog, min(days), max(days))}
        for file in catalog.history(day_text(min(days)), day_text(max(days))):
            if is_month(file) and file.period not in known:
                found.add(parse_month(file.period))
        return [
            month
            for month in sorted(found)
            if not asked.isdisjoint(days_of_month(month))
            and {*outdated_days(store, catalog, month, days_of_month(month)[-1])} <= asked
        ]
    except (OSError, CatalogError):  # building the days has reported it; healing compacts the months
        return []


def _absent_day(store: LakeStore, catalog: Catalog, absent: Outcome) -> Outcome:
    """Remove what a day without hours has left; a file that has to stay is registered."""
    outcome = _removed(store, catalog, absent)
    if outcome.is_removed or outcome.findings:
        return outcome
    day = absent.period
    try:
        file = register_found_day(store, catalog, day)
    except (OSError, CatalogError) as error:  # also a damaged file
        finding = checks.readable_files(f"{absent.summary}, and its history cannot be registered: {error}")
        return absent._replace(findings={"readable_files": finding}, summary=finding.message)
    if file is None:
        return outcome
    summary = f"{absent.summary}: its history, {counted(file.rows, 'row')}, was registered"
    found = DayResult(day, file.rows, file.bytes, file.digest, sha256=file.sha256)
    checked = {"readable_files": checks.readable_files()}
    outcome = _day(day, _facts(store, found, {}), checked, summary)
    return outcome._replace(tags=provenance(TABLE, file.digest))


def _removed(store: LakeStore, catalog: Catalog, absent: Outcome) -> Outcome:
    """Remove what an absent day or month has left, and return what became of it."""
    remove = remove_day if absent.asset == DAYS else remove_month
    try:
        is_removed = remove(store, catalog, absent.period)
    except (OSError, CatalogError) as error:
        finding = checks.readable_files(f"{absent.summary}, and its history cannot be removed: {error}")
        return absent._replace(findings={"readable_files": finding}, summary=finding.message)
    text = f"{absent.summary}: its history was removed" if is_removed else absent.summary
    return absent._replace(is_removed=is_removed, summary=text)


def _registered_day(store: LakeStore, catalog: Catalog, job: HistoryJob, result: DayResult) -> Outcome:
    file, day = result.file(), result.day
    try:
        register_history_until_stable(store, catalog, [file])
        parts = catalog.partitions(hours_of_day(day))
    except (OSError, CatalogError) as error:
        return _day(day, None, *_not_registered(error))
    checked = {"readable_files": checks.readable_files(), "slot_coverage": checks.slot_coverage(result.slots)}
    if digest_of_day(parts) == result.digest:  # else an hour has changed since, and healing comes back
        expected = sum(part.rows for part in parts)
        sources = counted(result.hours, "hour")
        checked["conserved_rows"] = checks.conserved_rows(result.rows, expected, sources)
    metadata = {"hours": result.hours, "slots": result.slots, **_facts(store, result, job.links)}
    summary = f"{counted(result.rows, 'row')} of {counted(result.hours, 'hour')}, {result.bytes:,} bytes"
    return _day(day, metadata, checked, summary)._replace(tags=provenance(TABLE, result.digest))


def _registered_month(store: LakeStore, catalog: Catalog, job: HistoryJob, result: MonthResult) -> Outcome:
    file, month = result.file(), result.month
    try:
        register_history_until_stable(store, catalog, [file])
        last = day_text(days_of_month(month)[-1])
        days = [part for part in catalog.history(day_text(month), last) if not is_month(part)]
    except (OSError, CatalogError) as error:
        return _month(month, None, *_not_registered(error))
    checked = {"readable_files": checks.readable_files()}
    if digest_of_month(days) == result.digest:
        expected, sources = sum(part.rows for part in days), counted(result.days, "day")
        checked["conserved_rows"] = checks.conserved_rows(result.rows, expected, sources)
    metadata = {"days": result.days, **_facts(store, result, job.links)}
    summary = f"{counted(result.rows, 'row')} of {counted(result.days, 'day')}, {result.bytes:,} bytes"
    return _month(month, metadata, checked, summary)._replace(tags=provenance(DAYS, result.digest))


def _not_registered(error: Exception) -> tuple[dict[str, Finding], str]:
    message = f"{str(error).rstrip('.')}. {_ONLY}"
    return {"readable_files": checks.readable_files(message)}, message


def _facts(store: LakeStore, result: DayResult | MonthResult, links: Mapping[str, str]) -> dict[str, Any]:
    return {
        "dagster/row_count": result.rows,
        "bytes": result.bytes,
        "bytes_per_row": round(result.bytes / result.rows, 2) if result.rows else 0.0,
        "digest": result.digest,
        "dagster/table_name": _TABLE,
        "file": dg.MetadataValue.path(store.address(result.file().key)),
        **{name: dg.MetadataValue.url(url) for name, url in links.items()},
    }


def _day(
    day: date, metadata: Mapping[str, Any] | None, findings: Mapping[str, Finding], summary: str
) -> Outcome:
    return Outcome(DAYS, day_text(day), day, day_text(day), metadata, findings, summary)


def _month(
    month: date, metadata: Mapping[str, Any] | None, findings: Mapping[str, Finding], summary: str
) -> Outcome:
    return Outcome(MONTHS, month_text(month), month, month_text(month), metadata, findings, summary)
