"""Builds the history file of a UTC day, and publishes it only while the day's clean files are unchanged."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import List, Optional, Sequence, Tuple

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.history.backfill_advice import backfill_command
from velib_assets.history.day_rows import DamagedFileError, read_day
from velib_assets.history.digests import digest_of_parts
from velib_assets.history.history_file import encode_history
from velib_assets.history.history_result import DayResult
from velib_assets.history.retired_days import missing_hours, read_retired
from velib_assets.history.sorted_rows import DAY_GROUP, row_groups
from velib_assets.lake.keys import HOUR, clean_key, day_text, history_day_key, hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.store import Change, LakeStore

_ATTEMPTS = 20


def rebuild_day(
    store: LakeStore, day: date, now: Optional[datetime] = None, catalog: Optional[Catalog] = None
) -> DayResult:
    """Build the history file of a closed UTC day from its clean files. Failures are returned, not raised.

    If a clean file has changed in the meantime, nothing is published and the day starts over: the writer
    that saw the newest hours wins. A day without a clean file is absent, and an existing file stays.

    Args:
        store: the lake.
        day: the day, UTC.
        now: the current time; that of the clock by default.
        catalog: has the hashes of the clean files, by which damage is found that leaves a file readable.
    """
    hours = hours_of_day(day)
    if (now or utc_now()) < hours[-1] + HOUR:
        return DayResult(day, error=f"{day_text(day)} (UTC) has not ended: it is built when it has")
    try:
        return _build_until_unchanged(store, day, hours, catalog)
    except DamagedFileError as error:
        return DayResult(day, error=str(error))
    except OSError as error:
        return DayResult(day, error=f"the lake could not be read or written: {error}")
    except CatalogError as error:
        return DayResult(day, error=str(error))


def _build_until_unchanged(
    store: LakeStore, day: date, hours: Sequence[datetime], catalog: Optional[Catalog]
) -> DayResult:
    for _ in range(_ATTEMPTS):
        rows = read_day(store, hours, catalog.partitions(hours) if catalog else ())
        if not rows.digests:
            retired = ". Its hours are retired, and its history stays" if read_retired(store, day) else ""
            return DayResult(day, error=f"{day_text(day)} (UTC) has no clean file{retired}", absent=True)
        if missing := missing_hours(store, day, rows.digests):
            return DayResult(day, error=_only_in_history(store, day, missing))
        digest = digest_of_parts(rows.digests.items())
        groups = row_groups([rows.table], rows.table.num_rows, DAY_GROUP)
        data = encode_history(groups, digest, dict.fromkeys(rows.digests, ""))
        changes = [Change(history_day_key(day), data)]
        read = rows.listing
        if store.publish(changes, lambda: clean_listing(store, hours) == read):  # noqa: B023 - called at once
            return DayResult(
                day,
                rows.table.num_rows,
                len(data),
                digest,
                hours=len(rows.digests),
                sha256=hashlib.sha256(data).hexdigest(),
                slots=rows.slots,
            )
    message = f"clean files of {day_text(day)} changed during each of {_ATTEMPTS} attempts to read them"
    return DayResult(day, error=message)


def _only_in_history(store: LakeStore, day: date, missing: Sequence[str]) -> str:
    """Return why a day stays as it is: hours that were retired are not cleaned again."""
    return (
        f"{store.address(history_day_key(day))} stays: it alone has the rows of {', '.join(missing)}, which "
        f"were retired. Run `{backfill_command(store, day, day)}` to clean them again"
    )


def clean_listing(store: LakeStore, hours: Sequence[datetime]) -> List[Tuple[str, str]]:
    """Return the (key, hash) pairs of the clean files that hours have."""
    listing = []
    for hour in hours:
        key = clean_key(hour)
        folder = key.rpartition("/")[0] + "/"
        listing += [(key, store.hash(item)) for item in store.list(folder) if item.key == key]
    return listing
