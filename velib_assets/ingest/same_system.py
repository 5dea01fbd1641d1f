"""Keeps the snapshots of another city out of a lake: a feed's URL may be wrong, or lead elsewhere one day."""

from __future__ import annotations

import math
from statistics import median
from typing import Any, Mapping, Optional, Sequence, Set, Tuple

from velib_assets.ingest.counts import numeral
from velib_assets.ingest.feeds.gbfs_values import GbfsReader
from velib_assets.ingest.newest_raw import newest_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import NETWORK_KEY
from velib_assets.lake.network import proposed_key, texts_of_file
from velib_assets.lake.network_facts import read_network_file
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import neutralize_links

FAR_KM = 100.0  # between the centres of two networks; one network's centre does not move so far
_KM_PER_DEGREE = 111.2


def ensure_same_system(store: LakeStore, records: Sequence[Any], system: Mapping[str, str]) -> None:
    """Accept a snapshot of the system that the lake holds.

    A system may change its `system_id`. It is another one if its stations are also far from those of the
    newest snapshot; where a position is not known, if the two have no station in common.

    Args:
        store: the lake.
        records: the records of a usable snapshot.
        system: what its feed says of the system, as `system_facts` returns it.

    Raises:
        UnusableError: `other_network`.
    """
    now = system.get("system_id", "")
    before = (texts_of_file(read_network_file(store)) or {}).get("system_id", "") if now else ""
    if before in ("", now):
        return
    newest = newest_raw(store)
    if newest is None or not newest.records or not _is_elsewhere(newest.records, records):
        return
    name, known = (neutralize_links(text, 60) for text in (system.get("name", now), before))
    raise UnusableError(
        "other_network",
        f"the feed is that of {name} (system_id {neutralize_links(now, 60)}), and the lake holds another "
        f"city, {known}. Correct VELIB_GBFS_URL, or set VELIB_NETWORK={proposed_key(now) or 'my_city'} and "
        f"VELIB_LAKE to a lake of its own. If it is the same network, delete {store.address(NETWORK_KEY)}",
    )


def _is_elsewhere(newest: Sequence[Any], records: Sequence[Any]) -> bool:
    here, there = _centre(newest), _centre(records)
    if here is None or there is None:
        return _codes(newest).isdisjoint(_codes(records))
    east = (there[1] - here[1] + 180) % 360 - 180
    north, east = there[0] - here[0], east * math.cos(math.radians(here[0]))
    return math.hypot(north, east) * _KM_PER_DEGREE > FAR_KM


def _centre(records: Sequence[Any]) -> Optional[Tuple[float, float]]:
    """Return the median latitude and longitude of the stations, in degrees; None if none has a position."""
    positions = [found for record in records if (found := _position(record))]
    return (median(lat for lat, _ in positions), median(lon for _, lon in positions)) if positions else None


def _position(record: object) -> Optional[Tuple[float, float]]:
    station = record.get("information") if isinstance(record, dict) else None
    values = [station.get(name) for name in ("lat", "lon")] if isinstance(station, dict) else []
    numbers = [numeral(value) if isinstance(value, str) else value for value in values]
    found = [
        float(number)
        for number in numbers
        if isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) <= 180  # noqa: PLR2004 - degrees
    ]
    return (found[0], found[1]) if len(found) == len(("lat", "lon")) and all(found) else None


def _codes(records: Sequence[Any]) -> Set[Optional[str]]:
    return {GbfsReader().station_code(record) for record in records} - {None}
