"""The feed of the simulated network: its state at any time, as the portal or a GBFS feed gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial

from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.response import SIMULATOR, FeedResponse
from velib_assets.lake.keys import hour_of, hours_between, slots_of
from velib_assets.simulator.city import Station, build_city
from velib_assets.simulator.conditions import (
    EPOCH,
    broken_docks,
    daily_outages,
    draws,
    fill_of,
    fills,
    seconds_of,
)
from velib_assets.simulator.faults import Fault, select_fault, select_fault_name
from velib_assets.simulator.gbfs_faults import faulty_gbfs_files

STATIONS = 1450
SEED = 2022
GBFS_URL = "https://simulator.example/gbfs"  # nothing fetches it
_DAY = 86400
_YES = ("NON", "OUI")


class Simulator:
    """A simulated network. The same seed and time give the same bytes on every machine.

    Args:
        seed: The seed of the city.
        stations: The number of stations, 1 to 3,000.
        faults: Which responses are broken, and how (see `faults.parse_faults`).
        gbfs: The version of GBFS to respond in; empty for the portal's form.

    Raises:
        ValueError: The number of stations is out of range.
    """

    name = "simulator"
    live = True

    def __init__(
        self, seed: int = SEED, stations: int = STATIONS, faults: Sequence[Fault] = (), gbfs: str = ""
    ) -> None:
        self._seed = seed
        self._gbfs = gbfs
        self._faults = tuple(faults)
        self._city = build_city(seed, stations)
        self._constant_parts = [_constant_parts(station) for station in self._city]

    def fetch(self, at: datetime) -> FeedResponse:
        """Return the network's state at `at` (UTC), possibly broken by a fault."""
        if self._gbfs:
            return FeedResponse(SIMULATOR, self.gbfs_files(at, GBFS_URL))
        body = self._snapshot(at)
        fault = select_fault(self._faults, self._seed, at)
        return FeedResponse(SIMULATOR, {"body": fault(body) if fault else body})

    def gbfs_files(self, at: datetime, base_url: str) -> dict[str, bytes]:
        """Return the files of the GBFS feed at `at` (UTC) below a URL, possibly broken by a fault."""
        fault = select_fault_name(self._faults, self._seed, at)
        return faulty_gbfs_files(self._gbfs, self._snapshot(at), at, base_url, fault)

    def recorded_hours(self, first: datetime, last: datetime) -> set[datetime]:
        """Return every hour, because the simulator knows all of them."""
        return set(hours_between(hour_of(first), last))

    def recorded(self, hour: datetime) -> Iterator[RecordedSnapshot]:
        """Yield the states at :00, :15, :30 and :45 of an hour."""
        for slot in slots_of(hour_of(hour)):
            yield RecordedSnapshot(slot, self.fetch(slot))

    def _snapshot(self, at: datetime) -> bytes:
        now, count = seconds_of(at), len(self._city)
        day = now // _DAY
        outages = daily_outages(self._seed, day, count)
        broken = broken_docks(self._seed, day, count)
        phases = draws(self._seed, "reports", 0, count)
        records: list[str] = []
        for n, fill in enumerate(fills(self._seed, self._city, at)):
            station, (opening, ending) = self._city[n], self._constant_parts[n]
            docks = station.capacity // 4 if n in outages.damaged else station.capacity - broken[n]
            since = outages.silent.get(n)
            if since is not None:  # its last report
                fill = fill_of(station.base)  # noqa: PLW2901 - of this station
            removed = n in outages.removed
            docks = 0 if removed or not station.capacity else max(docks, 1)
            bikes = int(fill * docks + 0.5)
            electric = int(bikes * station.electric + 0.5)
            renting = not (removed or n in outages.closed or n in outages.takes_back_only)
            returning = not (removed or n in outages.closed)
            if since is None:
                since = now - int(now + 997 * phases[n]) % (60 + int(120 * phases[n]))
            records.append(
                f'{opening}"is_installed": "{_YES[not removed]}", "capacity": {station.capacity}, '
                f'"numdocksavailable": {docks - bikes}, "numbikesavailable": {bikes}, '
                f'"mechanical": {bikes - electric}, "ebike": {electric}, '
                f'"is_renting": "{_YES[renting]}", "is_returning": "{_YES[returning]}", '
                f'"duedate": "{_iso_time(since)}", {ending}'
            )
        return ("[" + ", ".join(records) + "]").encode("utf-8")


@lru_cache(maxsize=4096)
def _iso_time(seconds: int) -> str:
    """Format seconds since 1970 as ISO 8601. The cache helps because many stations share a second."""
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


def _constant_parts(station: Station) -> tuple[str, str]:
    """Return the start and the end of a station's record as JSON, which do not change with time."""
    json_text = partial(json.dumps, ensure_ascii=False)
    opening = f'{{"stationcode": {json_text(station.code)}, "name": {json_text(station.name)}, '
    ending = (
        f'"coordonnees_geo": {{"lon": {station.lon!r}, "lat": {station.lat!r}}}, '
        f'"nom_arrondissement_communes": {json_text(station.commune)}, '
        '"code_insee_commune": null, "station_opening_hours": null}'
    )
    return opening, ending
