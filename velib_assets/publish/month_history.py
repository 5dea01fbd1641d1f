"""Reads the history of a month: its rows, and whether all its days are in history and current."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Catalog, HistoryFile
from velib_assets.history.backfill_advice import backfill_command
from velib_assets.history.currency import outdated_days
from velib_assets.history.day_rows import DamagedFileError
from velib_assets.history.digests import current_files, digest_of_month, is_month
from velib_assets.history.history_file import encode_history
from velib_assets.history.month_rows import merged_by_station, open_days
from velib_assets.history.sorted_rows import MONTH_GROUP, row_groups
from velib_assets.lake.keys import HOUR, SLOT, day_text, hour_of, hours_between, hours_of_day, parse_day
from velib_assets.lake.local_days import day_bounds, utc_days_overlapped
from velib_assets.lake.months import days_of_month, month_text
from velib_assets.lake.store import LakeStore

_MOST_NAMED = 6
REPAIR = "Run `velib verify`: it lists what is damaged, and what repairs it"


class UnpublishableError(Exception):
    """A month cannot be published. The message says why, and what to do."""


def published_days(lake: LakeStore, catalog: Catalog, month: date, now: datetime) -> list[HistoryFile]:
    """Return the day files of a month's ended UTC days, in order.

    Raises:
        UnpublishableError: There is none, or a day that has clean hours is not in history, or outdated there.
    """
    days = days_of_month(month)
    ended = [day for day in days if hours_of_day(day)[-1] + HOUR <= now]
    if not ended:
        raise UnpublishableError(
            f"no UTC day of {month_text(month)} has ended: publish it after the first has"
        )
    files = {file.period: file for file in _files(catalog, days) if not is_month(file)}
    if outdated := outdated_days(lake, catalog, ended[0], ended[-1]):
        states: dict[str, list[date]] = {"not in history yet": [], "outdated in history": []}
        for day in outdated:
            states["outdated in history" if day_text(day) in files else "not in history yet"].append(day)
        raise UnpublishableError(incomplete(lake, month, states))
    found = [files[day_text(day)] for day in ended if day_text(day) in files]
    if not any(file.rows for file in found):
        part = "" if len(ended) == len(days) else "the days that have ended in "
        raise UnpublishableError(
            f"the lake has no rows of {part}{month_text(month)}: nothing to publish. If a source has "
            f"snapshots of it, run `velib backfill {day_text(days[0])} {day_text(ended[-1])}` first"
        )
    return found


def has_digests(catalog: Catalog, month: date, days: Sequence[HistoryFile]) -> bool:
    """Return whether the registered day files of a month still have the digests of these."""
    now = [file for file in _files(catalog, days_of_month(month)) if not is_month(file)]
    read = {file.period: file.digest for file in days}
    return read == {file.period: file.digest for file in now if file.period <= max(read)}


def history_bytes(lake: LakeStore, catalog: Catalog, month: date, days: Sequence[HistoryFile]) -> bytes:
    """Return the rows of a month's days as one Parquet file, sorted by station and time.

    It is the compacted file of the month, or what compacting these days gives: the same bytes.

    Raises:
        UnpublishableError: A file is missing or damaged.
    """
    registered = [file for file in _files(catalog, days_of_month(month)) if is_month(file)]
    chosen = current_files([*days, *registered])
    contents = [_read(lake, file) for file in chosen]
    if len(chosen) == 1 and is_month(chosen[0]):
        return contents[0]
    try:
        sources = open_days(lake, [parse_day(file.period) for file in days])
        groups = row_groups(merged_by_station(sources.days), sources.rows, MONTH_GROUP)
        return encode_history(groups, digest_of_month(days), sources.digests)
    except DamagedFileError as error:
        raise UnpublishableError(f"{error}. {REPAIR}") from error


def has_snapshot(lake: LakeStore, catalog: Catalog, day: date) -> bool:
    """Return whether the lake has rows of a local day, in its hours or, where these are retired, in history.

    Raises:
        UnpublishableError: A file is missing or damaged.
    """
    start, end = day_bounds(day)
    if any(part.rows for part in catalog.partitions(hours_between(hour_of(start), end - SLOT))):
        return True
    files = [file for file in _files(catalog, utc_days_overlapped(day)) if not is_month(file) and file.rows]
    sources = (pq.ParquetFile(pa.BufferReader(_read(lake, file))) for file in files)
    tables = (source.read(["ingested_ts"], use_threads=False) for source in sources)
    first, last = (pa.scalar(moment, pa.timestamp("ms", "UTC")) for moment in (start, end))
    times = (table["ingested_ts"].cast(first.type) for table in tables)
    return any(
        pc.any(pc.and_(pc.greater_equal(column, first), pc.less(column, last))).as_py() for column in times
    )


def incomplete(
    lake: LakeStore, month: date, states: Mapping[str, Sequence[date]], rebuilt: Iterable[date] = ()
) -> str:
    """Return a message about incomplete days, and the command that completes them.

    Args:
        lake: the lake.
        month: the month that was to be published.
        states: the days by what is wrong with them.
        rebuilt: the UTC days that the command names; by default, those of `states`.
    """
    parts = [f"{_days_are(days)} {state}" for state, days in states.items() if days]
    days = sorted(rebuilt or (day for days in states.values() for day in days))
    return (
        f"{month_text(month)} is not complete in the lake, and nothing was written: {' and '.join(parts)}. "
        f"Run `{backfill_command(lake, days[0], days[-1])}`, then publish it again"
    )


def _days_are(days: Sequence[date]) -> str:
    """Return a subject and its verb: `2022-06-04 and 2022-06-05 are`, or a count if there are many."""
    if len(days) == 1:
        return f"{day_text(days[0])} is"
    if len(days) > _MOST_NAMED:
        return f"{len(days)} days between {day_text(days[0])} and {day_text(days[-1])} are"
    return f"{', '.join(map(day_text, days[:-1]))} and {day_text(days[-1])} are"


def _files(catalog: Catalog, days: Sequence[date]) -> list[HistoryFile]:
    return catalog.history(day_text(days[0]), day_text(days[-1]))


def _read(lake: LakeStore, file: HistoryFile) -> bytes:
    try:
        data = lake.read(file.key)
    except FileNotFoundError:
        raise UnpublishableError(f"{lake.address(file.key)} is missing. {REPAIR}") from None
    if file.sha256 and hashlib.sha256(data).hexdigest() != file.sha256:
        raise UnpublishableError(f"{lake.address(file.key)} is damaged: its SHA-256 differs. {REPAIR}")
    return data
