"""Verifies some clean files, and some days of the daily KPIs, per round of healing, in turns over all."""

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from velib_assets.catalog.catalog import Catalog, CatalogError, Partition
from velib_assets.catalog.clean_hashes import (
    MISSING,
    OUTDATED,
    REPLACED,
    check_clean_file,
    mark_damaged,
    record_hashes,
)
from velib_assets.lake.keys import HOUR, day_text, hour_text, hours_between, parse_day, parse_hour
from velib_assets.lake.listing import hour_range
from velib_assets.lake.local_days import DAY
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_currency import completed_local_days, local_day_of_key
from velib_assets.query.daily_verification import verify_local_days
from velib_assets.query.kpis import VIEWS

FILES = 2
"""The clean files that are read per round, at least: at 30 seconds per round, a year takes 37 hours."""

_YEAR, _SOON = 365 * 24, 25 * 24 * 3600.0  # files, and the seconds in which all of them are read

WINDOW = 240
"""The hours in which the next registered ones are searched: one request to the catalog per round."""


def files_per_round(seconds: int) -> int:
    """Return how many clean files a round reads if it comes every so many seconds: a year in 25 days."""
    return max(FILES, math.ceil(_YEAR * seconds / _SOON))


def damaged_in_turn(
    store: LakeStore, catalog: Catalog, state: dict[str, Any], files: int = FILES
) -> list[Partition]:
    """Verify the next clean files and return the partitions of the damaged ones, which are marked.

    A sound file without a hash in the catalog gets one. In the state, `verify` is the hour that comes next.
    """
    checks = {}
    for part in _next_partitions(store, catalog, state, files):
        with suppress(OSError):  # a failed request: healing goes on, and the file has its next turn
            checks[part] = check_clean_file(store, part)
    # Healing finds the other problems by the listing and the digest of the hour.
    damaged = [
        part for part, check in checks.items() if check.problem not in ("", MISSING, REPLACED, OUTDATED)
    ]
    with suppress(OSError, CatalogError):  # hashes are recorded in a later turn
        sound = {part: check.sha256 for part, check in checks.items() if not check.problem}
        record_hashes(catalog, {part: sha256 for part, sha256 in sound.items() if sha256 != part.sha256})
    if damaged:
        mark_damaged(store, catalog, damaged, [view.name for view in VIEWS if view.cached])
    return damaged


def days_per_round(seconds: int) -> int:
    """Return how many days a round reads if it comes every so many seconds: a year in 25 days."""
    return math.ceil(_YEAR / 24 * seconds / _SOON)


def damaged_days_in_turn(
    store: LakeStore, catalog: Catalog, state: dict[str, Any], first: date, days: int = 1
) -> list[date]:
    """Verify the daily KPIs of the next stored local days from `first` on; return the damaged days.

    A file whose size has not changed is found to be damaged only by its hash. In the state, `verify` is the
    day that comes next.
    """
    start = max(first, parse_day(state["verify"])) if "verify" in state else first
    with suppress(OSError, CatalogError):  # healing goes on, and the days have their next turn
        stored = [day for day in completed_local_days(store) if day >= first]
        turn = ([day for day in stored if day >= start] or stored)[:days]
        if turn:
            state["verify"] = day_text(turn[-1] + DAY)
            damage = verify_local_days(store, catalog, turn)
            return sorted({day for item in damage if (day := local_day_of_key(item.address))})
    return []


def _next_partitions(
    store: LakeStore, catalog: Catalog, state: dict[str, Any], files: int
) -> Sequence[Partition]:
    """Return the next registered partitions, and remember where the next turn starts."""
    span = hour_range(store, "clean")
    if span is None:
        return []
    oldest, newest = span
    start = max(parse_hour(state["verify"]), oldest) if "verify" in state else oldest
    if start > newest:
        start = oldest
    end = min(start + (WINDOW - 1) * HOUR, newest)
    parts = catalog.partitions(hours_between(start, end))[:files]
    following: datetime = parts[-1].hour + HOUR if len(parts) == files else end + HOUR
    state["verify"] = hour_text(following)
    return parts
