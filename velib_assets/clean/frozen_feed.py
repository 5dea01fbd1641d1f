"""Finds stretches of time in which a feed repeats itself although stations are in operation."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from velib_assets.clean.json_values import flag
from velib_assets.ingest.counts import RowError, row_values
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import load_json, record_list
from velib_assets.ingest.raw_object import head_of, open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import HOUR, hour_of, raw_time
from velib_assets.lake.listing import raw_objects
from velib_assets.lake.network import KEY, VELIB
from velib_assets.lake.store import LakeStore, Stored

FROZEN_AFTER = timedelta(minutes=30)
_TOLERANCE = timedelta(minutes=1)  # snapshots are not taken to the second
_MOST_READ = 120  # snapshots of two hours; a lake of one per minute has as many
_FEW = 2
_THREADS = 4


class FrozenStretch(NamedTuple):
    """Consecutive snapshots with the same records.

    Args:
        keys: their raw keys, oldest first.
        operating: how many stations are in operation in them.
    """

    keys: Sequence[str]
    operating: int


class FrozenFeed:
    """Compares the snapshots of hours. It reads each snapshot's head once while hours come in order."""

    def __init__(self, store: LakeStore) -> None:
        self._store = store
        self._known: Dict[datetime, List[Tuple[str, str]]] = {}

    def stretches(self, hour: datetime, raw: Optional[Sequence[Stored]] = None) -> List[FrozenStretch]:
        """Return the stretches of at least 30 minutes that end in an hour (UTC), also if they began before.

        A snapshot counts until the next one is due. Stations in operation are those that are installed and
        have a fill rate; a frozen feed's reports get stale, so their age does not matter.

        Args:
            hour: the hour, UTC.
            raw: its raw objects; if None, they are listed.
        """
        before, within = self._fingerprints(hour - HOUR), self._fingerprints(hour, raw)
        self._known = {hour: within}
        groups: List[List[Tuple[str, str]]] = []
        for key, fingerprint in (*before, *within):
            if groups and groups[-1][-1][1] == fingerprint:
                groups[-1].append((key, fingerprint))
            else:
                groups.append([(key, fingerprint)])
        stretches = [[key for key, _ in group] for group in groups]
        frozen = [keys for keys in stretches if _hour(keys[-1]) == hour and _is_long(keys)]
        found = [FrozenStretch(keys, self._operating(keys[-1])) for keys in frozen]
        return [stretch for stretch in found if stretch.operating]

    def _fingerprints(self, hour: datetime, raw: Optional[Sequence[Stored]] = None) -> List[Tuple[str, str]]:
        """Return the (key, hash of the records) of an hour's readable snapshots, oldest first."""
        if hour in self._known:
            return self._known[hour]
        try:
            objects = raw_objects(self._store, hour) if raw is None else raw
        except OSError:  # an unreadable folder of the hour before must not stop this hour
            return []
        keys = [item.key for item in objects if _hour(item.key) == hour]
        newest = keys[-_MOST_READ // 2 :]
        with ThreadPoolExecutor(_THREADS) as pool:  # in a bucket each read is a request
            found = list(zip(newest, pool.map(self._fingerprint, newest)))
        return [(key, fingerprint) for key, fingerprint in found if fingerprint]

    def _fingerprint(self, key: str) -> str:
        try:
            stored = self._store.read(key)
            recorded = head_of(stored).get("sha256")
            return recorded if isinstance(recorded, str) else _sha256(open_raw(stored).results)
        except (OSError, UnusableError):  # the clean step reports an object that cannot be read
            return ""

    def _operating(self, key: str) -> int:
        """Count the stations in operation; none if the snapshot cannot be read."""
        try:
            raw = open_raw(self._store.read(key))
            records = record_list(load_json(raw.document, "the raw object"))
        except (OSError, UnusableError):
            return 0
        feed = definition_of(raw.feed, KEY, raw.gbfs)
        return sum(_is_operating(record, feed) for record in records)


def _is_operating(record: object, feed: FeedDefinition) -> bool:
    """Return whether a station is installed and has a fill rate; in another network, docks may be unknown."""
    try:
        values = feed.values(record)
        row = row_values(feed.station_code(record), values)
    except RowError:
        return False
    bikes, docks, installed = row["bikes"], row["docks"], flag(values.get("is_installed"))
    if feed.network != VELIB and docks is None:
        return bikes is not None and installed is not False
    has_rate = bikes is not None and docks is not None and bikes + docks > 0
    return has_rate and (bool(installed) or (feed.network != VELIB and installed is None))


def _is_long(keys: Sequence[str]) -> bool:
    times = [taken for key in keys if (taken := raw_time(key))]
    span, least = times[-1] - times[0], FROZEN_AFTER - _TOLERANCE
    return span >= least or (len(times) > _FEW and span * len(times) / (len(times) - 1) >= least)


def _hour(key: str) -> Optional[datetime]:
    taken = raw_time(key)
    return hour_of(taken) if taken else None


def _sha256(results: memoryview) -> str:
    return hashlib.sha256(results).hexdigest()
