"""An archive of another network's GBFS files, of which the optional ones are read too."""

from __future__ import annotations

import gzip
from datetime import timezone
from typing import Any

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive_listing import Listing, list_archive
from velib_assets.ingest.feeds.archive_snapshots import SnapshotReader
from velib_assets.ingest.response import Decoded
from velib_assets_tests.ingest.gbfs_city import PARTS, data, file

FOLDER = "2025-02-28T0905"
OPTIONAL = ("system_information", "vehicle_types", "system_regions")


def listing_of(files: dict[str, bytes], network: str = "rouen") -> Listing:
    return list_archive(files, timezone.utc, lambda _: (False, None), network)


def snapshots(files: dict[str, bytes]) -> list[Decoded]:
    """Read and decode all snapshots of an archive."""
    listing = listing_of(files)
    assert listing.unrecognised == []
    reader = SnapshotReader(files.__getitem__, listing.partners_of, {})
    found = [snapshot for hour in listing.hours.values() for snapshot in reader.snapshots(hour, [])]
    return [decode(snapshot.response, "rouen") for snapshot in found]


def content(part: str, **changes: Any) -> bytes:
    return file({**data(part), **changes}).body


def test_areas_types_and_the_network_are_those_of_the_optional_files() -> None:
    (found,) = snapshots({f"{FOLDER}/{part}.json": content(part) for part in PARTS})
    assert found.records[0]["region"] == {"region_id": "r1", "name": "Rive droite"}
    assert found.gbfs["vehicle_types"] == {"bike": "human", "ebike": "electric_assist"}
    assert found.system["timezone"] == "Europe/Paris"


def test_optional_file_above_the_snapshots_is_that_of_all_and_the_nearest_one_counts() -> None:
    def regions(name: str) -> bytes:
        return content("system_regions", regions=[{"region_id": "r1", "name": name}])

    pairs = {
        f"2025-02-28T09{minute}/{part}.json": content(part)
        for minute in ("05", "20", "35")
        for part in ("station_information", "station_status")
    }
    above = {"system_regions.json": regions("all"), "2025-02-28T0920/system_regions.json": regions("own")}
    found = snapshots({**pairs, **above})
    assert [snapshot.records[0]["region"]["name"] for snapshot in found] == ["all", "own", "all"]
    timed = {f"system_regions_20250228T09{minute}00Z.json": regions(minute) for minute in ("00", "30")}
    found = snapshots({**pairs, **timed})
    assert [snapshot.records[0]["region"]["name"] for snapshot in found] == ["00", "30", "30"]


@pytest.mark.parametrize("damaged", [b"<html>", gzip.compress(b"{}")[:-4], b""], ids=["HTML", "cut", "empty"])
@pytest.mark.parametrize("part", OPTIONAL)
def test_damaged_optional_file_leaves_the_snapshot(part: str, damaged: bytes) -> None:
    files = {f"{FOLDER}/{name}.json": content(name) for name in PARTS}
    (found,) = snapshots({**files, f"{FOLDER}/{part}.json": damaged})
    assert len(found.records) == 2


def test_optional_files_of_velib_and_alone_are_no_snapshots() -> None:
    files = {f"{FOLDER}/{part}.json": content(part) for part in PARTS}
    assert [path for path, _ in listing_of(files, "velib").unrecognised] == [
        f"{FOLDER}/{part}.json" for part in OPTIONAL
    ]
    alone = {f"{FOLDER}/{part}.json": content(part) for part in OPTIONAL}
    assert listing_of(alone).unrecognised == [(path, "no station_status belongs to it") for path in alone]


def test_other_gbfs_files_are_no_snapshots() -> None:
    names = ("gbfs", "free_bike_status", "system_alerts", "vehicle_status", "gbfs_versions", "system_hours")
    files = {f"{FOLDER}/{name}.json": b"{}" for name in names}
    reason = "it is a GBFS file without stations"
    assert listing_of(files).unrecognised == [(path, reason) for path in files]
