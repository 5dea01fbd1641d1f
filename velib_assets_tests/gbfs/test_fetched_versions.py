"""Feeds of each version of GBFS behind a real server, from the URL to the decoded records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.simulator.gbfs_files import VERSIONS
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.simulated_feed import simulated_feed

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
STATIONS = 40


@contextmanager
def serving(version: str) -> Iterator[str]:
    """Serve a simulated feed; yields the URL of its discovery document."""
    with simulated_feed(Simulator(stations=STATIONS, gbfs=version)) as server:
        yield f"{server.base_url}/gbfs.json"


@pytest.mark.parametrize("version", VERSIONS)
def test_feed_of_each_version_is_fetched_from_its_discovery_document(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(version) as url:
        found = decode(GbfsFeed(url).fetch(NOW), "simville")
    assert len(found.records) == STATIONS
    assert all(record["region"]["region_id"] for record in found.records)
    types = {"mechanical": "human", "electric": "electric_assist"} if version > "2.0" else {}
    assert found.gbfs == {"version": version, "language": "fr", **({"vehicle_types": types} if types else {})}
    assert found.system["name"] == "Simville"
