"""A process of another network stores, cleans and registers its stations by its own rules."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from velib_assets.clean.frozen_feed import FrozenFeed
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.observed import current_digest
from velib_assets.clean.rebuild import footer_of
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.listing import raw_listing
from velib_assets.stations.register_file import load_register
from velib_assets_tests.clean.gbfs_snapshots import HOUR, NETWORK, information, status
from velib_assets_tests.network_process import call_as

CODES = ("16107", "20143", "31024")  # in Vélib' they would be in Paris and in Montreuil


def store(lake: FolderStore, bodies: dict[str, Any], taken: datetime) -> None:
    """Store a snapshot."""
    response = FeedResponse("gbfs", {part: json.dumps(body).encode() for part, body in bodies.items()})
    assert store_or_quarantine(lake, response, taken, taken).state == "stored"


def clean(folder: Path, *snapshots: dict[str, Any]) -> None:
    """Store and clean a snapshot per hour from HOUR on; the hours are current."""
    lake = FolderStore(folder)
    hours = [HOUR + timedelta(hours=n) for n in range(len(snapshots))]
    for hour, bodies in zip(hours, snapshots):
        store(lake, bodies, hour + timedelta(minutes=15))
    results = list(LocalCleanJob(lake).run(hours))
    assert [result.error for result in results] == [""] * len(hours)
    register = load_register(lake).register
    for hour in hours:
        footer = footer_of(lake, hour)
        assert footer
        assert footer.digest == current_digest(lake, hour, raw_listing(lake, hour), footer, register)


def operating(folder: Path, bodies: dict[str, Any]) -> list[int]:
    """Store a snapshot four times in HOUR; return how many stations operate in each frozen stretch."""
    lake = FolderStore(folder)
    for minute in (0, 15, 30, 45):
        store(lake, bodies, HOUR + timedelta(minutes=minute))
    return [stretch.operating for stretch in FrozenFeed(lake).stretches(HOUR)]


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
    call_as(NETWORK, clean, tmp_path, files(described, regions), files([], []))
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
    assert call_as(NETWORK, operating, tmp_path, frozen) == [3]
