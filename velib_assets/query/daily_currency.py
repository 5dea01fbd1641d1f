"""Tells which local days of the daily KPIs are outdated, from the catalog, a listing and the footers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.keys import daily_kpi_key, day_text, parse_day, source_prefix
from velib_assets.lake.local_days import local_days_overlapping
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_file import read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import history_days
from velib_assets.query.daily_store import day_digest, has_ended, history_digests

_READERS = 16  # a footer in a bucket takes two requests
_PREFIX = source_prefix("kpi")


def stored_daily_files(lake: LakeStore) -> dict[str, int]:
    """Return the sizes of all stored files of the daily KPIs, by key."""
    return {item.key: item.size for item in lake.walk(_PREFIX)}


def completed_local_days(lake: LakeStore) -> list[date]:
    """Return the local days that have the last file of the daily KPIs, which completes them; oldest first."""
    last = f"/{DAILY_KPIS[-1].name}/"
    days = {local_day_of_key(key) for key in stored_daily_files(lake) if last in key}
    return sorted(day for day in days if day)


def outdated_local_days(
    catalog: Catalog, lake: LakeStore, now: datetime, first: date | None = None, last: date | None = None
) -> list[date]:
    """Return the ended local days whose stored rows are missing or outdated, oldest first.

    A day is outdated if its history or the SQL changed since, if a file is missing or has another size than
    when it was stored, or if it has files and no history any more. A day without snapshots is current once
    its files without rows are stored. The cost is one listing, and one footer per day.

    Args:
        catalog: Knows the history.
        lake: Has the files.
        now: The current time.
        first: The first local day to look at; None for all.
        last: The last one, included; None for all.

    Raises:
        CatalogError: If the catalog cannot be read.
        OSError: If the lake cannot be read.
    """
    since = day_text(history_days(first)[0]) if first else ""
    until = day_text(history_days(last)[-1]) if last else ""
    history, files = history_digests(catalog, since, until), stored_daily_files(lake)
    days = {day for text in history for day in local_days_overlapping(parse_day(text))}
    days |= {day for key in files if (day := local_day_of_key(key))}
    chosen = sorted(
        day
        for day in days
        if (first is None or day >= first) and (last is None or day <= last) and has_ended(day, now)
    )
    with ThreadPoolExecutor(_READERS, "daily-footers") as readers:
        current = readers.map(lambda day: _is_current(day, day_digest(day, history), lake, files), chosen)
        return [day for day, is_current in zip(chosen, current, strict=True) if not is_current]


def _is_current(day: date, digest: str, lake: LakeStore, files: dict[str, int]) -> bool:
    keys = [daily_kpi_key(kpi.name, day) for kpi in DAILY_KPIS]
    if not digest:
        return files.keys().isdisjoint(keys)
    if not all(key in files for key in keys):
        return False
    footer = read_daily_footer(lake, keys[-1])
    if footer is None or footer.digest != digest:
        return False
    sizes = {kpi.name: files[key] for kpi, key in zip(DAILY_KPIS[:-1], keys[:-1], strict=True)}
    return sizes == {name: size for name, (size, _) in footer.files.items()}


def local_day_of_key(key: str) -> date | None:
    """Return the local day of a daily KPI's file; None if its folder is not that of a day."""
    try:
        return parse_day(key.rpartition("/")[0].rpartition("/date=")[2])
    except ValueError:
        return None
