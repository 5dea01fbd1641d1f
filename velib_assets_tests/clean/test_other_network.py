"""A process of another network stores, cleans and registers its stations by its own rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from velib_assets_tests.clean.gbfs_snapshots import HOUR, NETWORK, information, status

_SCRIPT = """
import json, sys
from pathlib import Path
from datetime import datetime, timedelta
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.observed import current_digest
from velib_assets.clean.rebuild import footer_of
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.listing import raw_listing
from velib_assets.stations.register_file import load_register

store, first = FolderStore(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
hours = []
for n, bodies in enumerate(json.load(sys.stdin)):
    hours.append(first + timedelta(hours=n))
    response = FeedResponse("gbfs", {part: json.dumps(body).encode() for part, body in bodies.items()})
    taken = hours[-1] + timedelta(minutes=15)
    assert store_or_quarantine(store, response, taken, taken).state == "stored"
results = list(LocalCleanJob(store).run(hours))
register = load_register(store).register
for hour, result in zip(hours, results):
    assert not result.error, result.error
    footer = footer_of(store, hour)
    assert footer.digest == current_digest(store, hour, raw_listing(store, hour), footer, register)
"""
_FROZEN = """
import json, sys
from datetime import datetime, timedelta
from pathlib import Path
from velib_assets.clean.frozen_feed import FrozenFeed
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore

store, hour = FolderStore(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
(bodies,) = json.load(sys.stdin)
for minute in (0, 15, 30, 45):
    taken = hour + timedelta(minutes=minute)
    response = FeedResponse("gbfs", {part: json.dumps(body).encode() for part, body in bodies.items()})
    assert store_or_quarantine(store, response, taken, taken).state == "stored"
print([stretch.operating for stretch in FrozenFeed(store).stretches(hour)])
"""
CODES = ("16107", "20143", "31024")  # in Vélib' they would be in Paris and in Montreuil


def run(script: str, lake: Path, *snapshots: dict[str, Any]) -> str:
    """Run a script in a process of the network, with a lake, HOUR and snapshots; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(lake), HOUR.isoformat()],
        input=json.dumps(snapshots),
        env={**os.environ, "VELIB_NETWORK": NETWORK},
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return done.stdout.strip()


def files(described: list[Any], regions: list[Any]) -> dict[str, Any]:
    """Return the files of a snapshot of the stations CODES."""
    return {
        "station_information": {"data": {"stations": described}},
        "station_status": {"data": {"stations": [status(code) for code in CODES]}},
        "system_regions": {"data": {"regions": regions}},
    }


def rows(lake: Path, key: str) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file of the lake."""
    return list(pq.ParquetFile(lake / key).read().to_pylist())


def test_stations_are_described_from_the_register_without_any_rule_of_paris(tmp_path: Path) -> None:
    described = [information(code, name=f"Gare {code}", is_virtual_station=code == "20143") for code in CODES]
    described[2]["region_id"] = "r1"
    regions = [{"region_id": "r1", "name": "Paris"}]
    run(_SCRIPT, tmp_path, files(described, regions), files([], []))
    expected = [(code, f"Gare {code}", 49.44, 10, area) for code, area in zip(CODES, (None, None, "Paris"))]
    for hour in ("09", "10"):
        key = f"clean/source=rouen/date=2025-02-28/hour={hour}/stations.parquet"
        found = rows(tmp_path, key)
        assert [
            (r["station_id"], r["name"], r["lat"], r["capacity"], r["commune"]) for r in found
        ] == expected
        assert [r["arrondissement"] for r in found] == [None, None, "Paris"]
    assert list(found[0])[-1] == "is_virtual"
    stations = rows(tmp_path, "stations/source=rouen/stations.parquet")
    areas = [(r["station_id"], r["commune"], r["arrondissement"]) for r in stations]
    assert areas == [("16107", None, None), ("20143", None, None), ("31024", "Paris", "Paris")]


def test_feed_without_docks_can_be_frozen(tmp_path: Path) -> None:
    frozen = files([information("planned")], [])
    for entry in frozen["station_status"]["data"]["stations"]:
        del entry["num_docks_available"], entry["is_installed"]
    assert run(_FROZEN, tmp_path, frozen) == "[3]"
