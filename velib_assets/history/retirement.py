"""Retires the hours of old days: removes their clean files and partitions, once history holds their rows.

Nothing can be lost. Raw stays, and before a file is removed, the day's history file is read and compared with
its hash, and must be built from exactly the clean files that are there.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Dict, Iterator, List, NamedTuple, Sequence

from velib_assets.catalog.catalog import Catalog, HistoryFile, Partition
from velib_assets.clean.observed import current_digest
from velib_assets.clean.rebuild import footer_of
from velib_assets.history.day import rebuild_day
from velib_assets.history.digests import digest_of_day
from velib_assets.history.history_registration import register_history_until_stable
from velib_assets.history.retired_days import RetiredDay, raw_digest, read_retired
from velib_assets.lake.keys import (
    clean_key,
    day_text,
    history_retired_key,
    hour_text,
    hours_of_day,
    parse_hour,
)
from velib_assets.lake.listing import has_usable_raw, hour_range, objects_by_hour
from velib_assets.lake.raw_pack import DamagedPackError
from velib_assets.lake.store import Change, LakeStore, Stored
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import load_register


class Retired(NamedTuple):
    """The outcome of a day: the number of hours that were retired, or why it waits."""

    day: date
    hours: int
    reason: str = ""


def retire_before(store: LakeStore, catalog: Catalog, day: date) -> Iterator[Retired]:
    """Retire the hours of all days before `day` (UTC) that history holds; yield the outcome of each.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read or written.
    """
    span = hour_range(store, "clean")
    if span is None:
        return
    register = load_register(store).register
    files = objects_by_hour(store, "clean", span[0], span[1])
    for old in sorted({hour.date() for hour in files if hour.date() < day}):
        try:
            outcome = retire_day(store, catalog, old, register)
        except DamagedPackError as error:
            outcome = Retired(old, 0, str(error))
        yield outcome


def retire_day(store: LakeStore, catalog: Catalog, day: date, register: Register) -> Retired:
    """Retire the hours of a day, or say why it waits. An interrupted retirement is completed.

    Raises:
        OSError, CatalogError: if the lake or the catalog cannot be read or written.
    """
    hours = hours_of_day(day)
    parts = {part.hour: part for part in catalog.partitions(hours)}
    record = read_retired(store, day)
    if record is None or not _completes(record, parts):
        raw = objects_by_hour(store, "raw", hours[0], hours[-1])
        record = RetiredDay(
            day,
            digest_of_day(parts.values()),
            {hour_text(hour): part.digest for hour, part in parts.items()},
            {hour_text(hour): raw_digest(store, raw.get(hour, [])) for hour in {*raw, *parts}},
        )
        reason = _not_held(store, catalog, record) or _not_current(store, parts, raw, register)
        if reason:
            return Retired(day, 0, reason)
        store.publish([Change(history_retired_key(day), record.encode())], lambda: True)
    elif reason := _not_held(store, catalog, record):
        return Retired(day, 0, reason)
    # Partitions first: a partition without its file would make queries fail.
    catalog.unregister([parse_hour(text) for text in record.clean])
    return Retired(
        day, sum(_remove(store, parse_hour(text), digest) for text, digest in record.clean.items())
    )


def _remove(store: LakeStore, hour: datetime, digest: str) -> bool:
    """Remove an hour's clean file if it is the recorded one."""

    def is_recorded() -> bool:
        footer = footer_of(store, hour)
        return footer is not None and footer.digest == digest

    return store.publish([Change(clean_key(hour), None)], is_recorded)


def _completes(record: RetiredDay, parts: Dict[datetime, Partition]) -> bool:
    """Whether a day is retired already, and these hours are what an interruption left of it."""
    left = {hour_text(hour): part.digest for hour, part in parts.items()}
    return not record.is_reopened and left.items() <= record.clean.items()


def _not_held(store: LakeStore, catalog: Catalog, record: RetiredDay) -> str:
    """Return why history does not hold exactly these hours; empty if it does, byte for byte."""
    text = day_text(record.day)
    file = next((file for file in catalog.history(text, text) if file.period == text), None)
    if file is None or not record.clean or file.digest != record.digest:
        return f"the history of {text} is not current"
    if not file.sha256:  # registered from its footer: building it again gives the same bytes, and their hash
        rebuilt = rebuild_day(store, record.day)
        if rebuilt.error:
            return rebuilt.error
        file = rebuilt.file()
        register_history_until_stable(store, catalog, [file])
    return "" if _is_sound(store, file) else f"{store.address(file.key)} is not as it was registered"


def _is_sound(store: LakeStore, file: HistoryFile) -> bool:
    try:
        return hashlib.sha256(store.read(file.key)).hexdigest() == file.sha256
    except FileNotFoundError:
        return False


def _not_current(
    store: LakeStore,
    parts: Dict[datetime, Partition],
    raw: Dict[datetime, List[Stored]],
    register: Register,
) -> str:
    """Return which hour is not cleaned, or not from the raw that there is now; empty if all are."""
    for hour in sorted({*raw, *parts}):
        objects, part = raw.get(hour, []), parts.get(hour)
        if part is None:
            if has_usable_raw(store, hour, [item.key for item in objects]):
                return f"{hour_text(hour)} is not cleaned"
        elif not objects or not _is_current(store, part, objects, register):
            return f"{hour_text(hour)} is not cleaned from its raw snapshots as they are now"
    return ""


def _is_current(store: LakeStore, part: Partition, objects: Sequence[Stored], register: Register) -> bool:
    listing = [(item.key, store.hash(item)) for item in objects]
    footer = footer_of(store, part.hour)
    if footer is None or footer.digest != part.digest:
        return False
    return part.digest == current_digest(store, part.hour, listing, footer, register)
