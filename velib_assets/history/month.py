"""Builds the history file of a closed month from its day files, which stay."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import List, Optional, Sequence, Tuple

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.history.day_rows import DamagedFileError
from velib_assets.history.digests import digest_of_parts
from velib_assets.history.history_file import encode_history
from velib_assets.history.history_result import MonthResult
from velib_assets.history.month_rows import merged_by_station, open_days
from velib_assets.history.sorted_rows import MONTH_GROUP, row_groups
from velib_assets.lake.keys import HOUR, history_day_key, history_month_key, hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.months import days_of_month, month_text
from velib_assets.lake.store import Change, LakeStore

_ATTEMPTS = 20


def rebuild_month(
    store: LakeStore, month: date, now: Optional[datetime] = None, catalog: Optional[Catalog] = None
) -> MonthResult:
    """Build the file of a closed month from its day files. Failures are returned, not raised.

    A month without a day file is absent. The rules are those of `rebuild_day`.

    Args:
        store: the lake.
        month: the month's first day.
        now: the current time; that of the clock by default.
        catalog: has the hashes of the day files, by which damage is found that leaves a file readable.
    """
    days = days_of_month(month)
    if (now or utc_now()) < hours_of_day(days[-1])[-1] + HOUR:
        return MonthResult(month, error=f"{month_text(month)} (UTC) has not ended: it is built when it has")
    try:
        return _build_until_unchanged(store, month, days, catalog)
    except DamagedFileError as error:
        return MonthResult(month, error=str(error))
    except OSError as error:
        return MonthResult(month, error=f"the lake could not be read or written: {error}")
    except CatalogError as error:
        return MonthResult(month, error=str(error))


def _build_until_unchanged(
    store: LakeStore, month: date, days: Sequence[date], catalog: Optional[Catalog]
) -> MonthResult:
    for _ in range(_ATTEMPTS):
        registered = catalog.history(month_text(month), month_text(month)) if catalog else ()
        sources = open_days(store, days, registered)
        if not sources.days:
            return MonthResult(month, error=f"{month_text(month)} has no history file of a day", absent=True)
        digest = digest_of_parts(sources.digests.items())
        groups = row_groups(merged_by_station(sources.days), sources.rows, MONTH_GROUP)
        data = encode_history(groups, digest, sources.digests)
        changes, read = [Change(history_month_key(month), data)], sources.listing
        if store.publish(changes, lambda: day_listing(store, days) == read):  # noqa: B023 - called at once
            sha256 = hashlib.sha256(data).hexdigest()
            return MonthResult(month, sources.rows, len(data), digest, len(read), sha256=sha256)
    message = f"day files of {month_text(month)} changed during each of {_ATTEMPTS} attempts to read them"
    return MonthResult(month, error=message)


def day_listing(store: LakeStore, days: Sequence[date]) -> List[Tuple[str, str]]:
    """Return the (key, hash) pairs of the day files that the days of a month have."""
    keys = {history_day_key(day) for day in days}
    folder = history_day_key(days[0]).rpartition("/")[0] + "/"
    return [(item.key, store.hash(item)) for item in store.list(folder) if item.key in keys]
