"""Verifies some clean files per round of the healing sensor, in turns over the whole table."""

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from velib_assets.catalog.catalog import DAMAGED, Catalog, CatalogError, Partition
from velib_assets.catalog.clean_hashes import MISSING, REPLACED, check_clean_file, mark_damaged
from velib_assets.lake.keys import HOUR, hour_text, hours_between, parse_hour
from velib_assets.lake.listing import hour_range
from velib_assets.lake.store import LakeStore
from velib_assets.query.kpis import VIEWS

FILES = 2
"""The fewest clean files that are read per round: at 30 seconds per round, a year takes 37 hours."""

_YEAR, _LONGEST = 365 * 24, 24 * 86400  # hours; seconds in which all of them are read

WINDOW = 240
"""The hours in which the next registered ones are searched: one request to the catalog per round."""


def files_per_round(seconds: float) -> int:
    """Return how many files to read per round of so many seconds, so that a year takes less than a month."""
    return max(FILES, math.ceil(_YEAR * seconds / _LONGEST))


def damaged_in_turn(
    store: LakeStore, catalog: Catalog, state: dict[str, Any], files: int = FILES
) -> list[Partition]:
    """Verify the next clean files and return the partitions of the damaged ones, which are marked.

    A sound file without a hash in the catalog gets one. In the state, `verify` is the hour that comes next.
    """
    parts = _next_partitions(store, catalog, state, files)
    damaged, hashed = [], []
    for part in parts:
        check = check_clean_file(store, part)
        if not check.problem:
            hashed += [part._replace(sha256=check.sha256)] if check.sha256 != part.sha256 else []
        elif check.problem not in (MISSING, REPLACED):  # healing finds these by their listing and digest
            damaged.append(part)
    with suppress(OSError, CatalogError):  # hashes are recorded in a later turn
        if known := [part for part in hashed if part.digest]:  # the crawler's catalog stores no hash
            catalog.register(known)
    if damaged:
        mark_damaged(store, catalog, damaged, [view.name for view in VIEWS if view.cached])
    return [part._replace(sha256=DAMAGED) for part in damaged]


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
