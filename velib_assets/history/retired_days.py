"""Days whose hours were retired: their clean files and partitions are gone, and the history has their rows.

A record per day says which raw and clean files the hours had. Raw stays: a day is reopened when its raw or
its history file is not as recorded any more, and its hours are then cleaned again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, datetime
from typing import Collection, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

from velib_assets.catalog.catalog import DAMAGED, Catalog
from velib_assets.clean.hour import digest_of
from velib_assets.history.history_file import read_history_footer
from velib_assets.lake.keys import (
    day_text,
    history_day_key,
    history_retired_key,
    hour_text,
    hours_of_day,
    parse_day,
    parse_hour,
    raw_time,
    source_prefix,
)
from velib_assets.lake.listing import DISCARDED, has_usable_raw, objects_by_hour, quarantine_reasons
from velib_assets.lake.store import Change, LakeStore, Stored

_FOLDER = source_prefix("history") + "retired/"


class RetiredDay(NamedTuple):
    """The record of a day: the digest of its history file, and of each hour those of its clean file and raw.

    `is_reopened` is true while its hours are to be cleaned again, and afterwards.
    """

    day: date
    digest: str
    clean: Dict[str, str]
    raw: Dict[str, str]
    is_reopened: bool = False

    def encode(self) -> bytes:
        """Return the record as JSON."""
        return json.dumps(dict(self._asdict(), day=day_text(self.day)), indent=1, sort_keys=True).encode(
            "utf-8"
        )


def read_retired(store: LakeStore, day: date) -> Optional[RetiredDay]:
    """Return the record of a day; None if there is none.

    In place of a damaged record, one is returned that is reopened, so that the hours are cleaned again. It
    has the hours of the history file: no new file of the day may lack one of them.
    """
    try:
        message = json.loads(store.read(history_retired_key(day)))
        return RetiredDay(**dict(message, day=parse_day(message["day"])))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        with suppress(FileNotFoundError), store.open(history_day_key(day)) as source:
            if footer := read_history_footer(source):
                return RetiredDay(day, footer.digest, dict.fromkeys(footer.parts, ""), {}, is_reopened=True)
        return RetiredDay(day, "", {}, {}, is_reopened=True)


def retired_days(store: LakeStore, days: Iterable[date]) -> List[RetiredDay]:
    """Return the records of those of these days whose hours are retired."""
    listed = {item.key for item in store.list(_FOLDER)}
    wanted = (day for day in sorted({*days}) if history_retired_key(day) in listed)
    return [record for day in wanted if (record := read_retired(store, day)) and not record.is_reopened]


def retired_hours(store: LakeStore, hours: Iterable[datetime]) -> Collection[datetime]:
    """Return those of these hours that are retired: they have no clean file, and history has their rows."""
    wanted = {*hours}
    records = retired_days(store, {hour.date() for hour in wanted}) if wanted else []
    return wanted & {parse_hour(text) for record in records for text in record.clean}


def settled_hours(
    store: LakeStore, catalog: Catalog, raw: Mapping[datetime, Sequence[Stored]]
) -> Collection[datetime]:
    """Return the retired hours that are current; days with another one are reopened.

    A day is reopened if the raw of one of its hours has changed, or if its history file is missing, damaged
    or another one.

    Args:
        store: the lake.
        catalog: the catalog.
        raw: the raw objects of hours, which are those of whole days but for the first and the last.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read.
    """
    settled: List[datetime] = []
    for record in retired_days(store, {hour.date() for hour in raw}):
        hours = {parse_hour(text) for text in record.raw}
        listed = {hour for hour in raw if hour.date() == record.day}
        if _has_file(store, catalog, record) and all(
            hour in hours and raw_digest(store, raw[hour]) == record.raw[hour_text(hour)] for hour in listed
        ):
            settled += listed
        else:
            reopen_days(store, [record.day])
    return settled


def reopen_days(store: LakeStore, days: Iterable[date]) -> List[datetime]:
    """Let the hours of retired days be cleaned again.

    Returns:
        The hours of these days that have raw, oldest first; none of days that are not retired.
    """
    hours: List[datetime] = []
    for record in retired_days(store, days):
        change = Change(history_retired_key(record.day), record._replace(is_reopened=True).encode())
        store.publish([change], lambda: True)
        of_day = hours_of_day(record.day)
        hours += sorted(objects_by_hour(store, "raw", of_day[0], of_day[-1]))
    return hours


def missing_hours(store: LakeStore, day: date, cleaned: Collection[str]) -> List[str]:
    """Return the hours of a retired or reopened day that have no clean file, and were not discarded.

    Without them, a new history file of the day would lose rows.

    Args:
        store: the lake.
        day: the day, UTC.
        cleaned: the hours that have a clean file, as text.
    """
    record = read_retired(store, day)
    gone = [text for text in (record.clean if record else ()) if text not in cleaned]
    return [text for text in gone if not _is_discarded(store, parse_hour(text))]


def raw_digest(store: LakeStore, objects: Iterable[Stored]) -> str:
    """Return the digest of an hour's raw objects."""
    return digest_of([(item.key, store.hash(item)) for item in objects if raw_time(item.key)])


def _has_file(store: LakeStore, catalog: Catalog, record: RetiredDay) -> bool:
    """Whether the history file of a day is there and registered as recorded, and was not found damaged."""
    text = day_text(record.day)
    file = next((file for file in catalog.history(text, text) if file.period == text), None)
    if file is None or file.digest != record.digest or file.sha256 == DAMAGED:
        return False
    folder = file.key.rpartition("/")[0] + "/"
    return (file.key, file.bytes) in {(item.key, item.size) for item in store.list(folder)}


def _is_discarded(store: LakeStore, hour: datetime) -> bool:
    if has_usable_raw(store, hour):
        return False
    return any(reason.get("code") == DISCARDED for reason in quarantine_reasons(store, hour))
