"""Builds the history file of a closed month from its day files, which stay."""

from __future__ import annotations

import hashlib
import io
from datetime import date, datetime
from typing import Dict, List, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.history.day_rows import DamagedFileError
from velib_assets.history.digests import digest_of_parts
from velib_assets.history.history_file import HISTORY_SCHEMA, encode_history, read_history_footer
from velib_assets.history.history_result import MonthResult
from velib_assets.lake.keys import (
    HOUR,
    day_text,
    history_day_key,
    history_month_key,
    hours_of_day,
)
from velib_assets.lake.listing import utc_now
from velib_assets.lake.months import days_of_month, month_text
from velib_assets.lake.store import Change, LakeStore

_ATTEMPTS = 20


def rebuild_month(store: LakeStore, month: date, now: Optional[datetime] = None) -> MonthResult:
    """Build the file of a closed month from its day files. Failures are returned, not raised.

    A month without a day file is absent. The rules are those of `rebuild_day`.

    Args:
        store: the lake.
        month: the month's first day.
        now: the current time; that of the clock by default.
    """
    days = days_of_month(month)
    if (now or utc_now()) < hours_of_day(days[-1])[-1] + HOUR:
        return MonthResult(month, error=f"{month_text(month)} (UTC) has not ended: it is built when it has")
    try:
        return _build_until_unchanged(store, month, days)
    except DamagedFileError as error:
        return MonthResult(month, error=str(error))
    except OSError as error:
        return MonthResult(month, error=f"the lake could not be read or written: {error}")


def _build_until_unchanged(store: LakeStore, month: date, days: Sequence[date]) -> MonthResult:
    for _ in range(_ATTEMPTS):
        tables: List[pa.Table] = []
        parts: Dict[str, str] = {}
        read: List[Tuple[str, str]] = []
        for day in days:
            key = history_day_key(day)
            try:
                hash_, data = store.fetch(key)
            except FileNotFoundError:
                continue
            footer = read_history_footer(io.BytesIO(data))
            if footer is None:
                raise DamagedFileError(f"{store.address(key)} is not a history file")
            tables.append(pq.read_table(io.BytesIO(data), schema=HISTORY_SCHEMA))
            parts[day_text(day)] = footer.digest
            read.append((key, hash_))
        if not parts:
            return MonthResult(month, error=f"{month_text(month)} has no history file of a day", absent=True)
        rows = pa.concat_tables(tables)
        rows = rows.sort_by([("station_id", "ascending"), ("ingested_ts", "ascending")])
        digest = digest_of_parts(parts.items())
        data = encode_history(rows, digest, parts)
        changes = [Change(history_month_key(month), data)]
        if store.publish(changes, lambda: day_listing(store, days) == read):  # noqa: B023 - called at once
            sha256 = hashlib.sha256(data).hexdigest()
            return MonthResult(month, rows.num_rows, len(data), digest, len(parts), sha256=sha256)
    message = f"day files of {month_text(month)} changed during each of {_ATTEMPTS} attempts to read them"
    return MonthResult(month, error=message)


def day_listing(store: LakeStore, days: Sequence[date]) -> List[Tuple[str, str]]:
    """Return the (key, hash) pairs of the day files that the days of a month have."""
    keys = {history_day_key(day) for day in days}
    folder = history_day_key(days[0]).rpartition("/")[0] + "/"
    return [(item.key, store.hash(item)) for item in store.list(folder) if item.key in keys]
