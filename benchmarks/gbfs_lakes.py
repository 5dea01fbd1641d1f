"""Raw GBFS snapshots for bench_clean.py: `VELIB_NETWORK=simville python gbfs_lakes.py FOLDER HOURS`.

The simulated city: one lake for each version of GBFS; one with what real feeds add to the fields that the
pipeline reads (links, addresses, areas of stations, Lyft's own fields); an hour of 5,000 stations with these.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of
from velib_assets.simulator.gbfs_files import gbfs_files
from velib_assets.simulator.simulator import STATIONS, Simulator

START = datetime(2026, 3, 2, tzinfo=UTC)
URL = "https://simulator.example/gbfs"
_MOST = 3000  # stations of a simulated city


def make_raw(lake: Path, version: str, hours: int, *, extras: bool = False, stations: int = STATIONS) -> None:
    """Store the snapshots of so many hours."""
    store = FolderStore(lake)
    for n in range(hours):
        hour = hour_of(START + timedelta(hours=n))
        for minute in range(0, 60, 15):
            taken = hour + timedelta(minutes=minute)
            files = gbfs_files(version, list(_records(taken, stations)), taken, URL)
            for part, extra in EXTRAS if extras else ():
                files[part] = _with(files[part], extra)
            store_or_quarantine(store, FeedResponse("gbfs", files), taken, hour)


def _records(taken: datetime, stations: int) -> Iterator[dict[str, Any]]:
    """Yield the records of several simulated cities, in the portal's form."""
    for seed, first in enumerate(range(0, stations, _MOST)):
        city = Simulator(seed=seed, stations=min(_MOST, stations - first))
        for record in json.loads(city.fetch(taken).bodies["body"]):
            yield record | {"stationcode": f"{seed}-{record['stationcode']}"}


def _with(body: bytes, extra: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    document = json.loads(body)
    stations = document["data"]["stations"]
    document["data"]["stations"] = [station | extra(station) for station in stations]
    return json.dumps(document, ensure_ascii=False).encode()


def _about(station: dict[str, Any]) -> dict[str, Any]:
    code, lat, lon = station["station_id"], station["lat"], station["lon"]
    ring = [[lon + dx, lat + dy] for dx, dy in ((-7e-4, 5e-4), (8e-4, 6e-4), (7e-4, -4e-4), (-7e-4, 5e-4))]
    app = f"https://simulator.example/app?station={code}"
    return {
        "address": f"{code} rue de la Simulation, 75000 Simville",
        "cross_street": None,
        "rental_uris": {"android": f"{app}&platform=android", "ios": f"{app}&platform=ios"},
        "station_area": {"type": "MultiPolygon", "coordinates": [[ring]]},
    }


def _lyft(station: dict[str, Any]) -> dict[str, Any]:
    legacy = str(station["station_id"])
    return {"legacy_id": legacy, "eightd_has_available_keys": False, "num_scooters_available": 0}


EXTRAS = (("station_information", _about), ("station_status", _lyft))
VERSIONS = ("1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1")


def main(folder: Path, hours: int) -> None:
    """Make all lakes."""
    for version in VERSIONS:
        make_raw(folder / f"gbfs-{version}", version, hours)
    make_raw(folder / "gbfs-extras", "3.1", hours, extras=True)
    make_raw(folder / "gbfs-country", "2.3", 1, extras=True, stations=5000)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
