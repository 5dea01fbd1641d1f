"""A run of another network says of which network its hour is, and in which version and language its feed."""

from pathlib import Path
from typing import Any

from velib_assets.defs.raw_snapshot import ingest_hours
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hour_of
from velib_assets.lake.listing import utc_now
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.network_process import call_as


def take_an_hour(lake: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the snapshots of an hour; return the metadata of its materialization, and the facts of a check."""
    store, hour = FolderStore(lake), hour_of(utc_now()) - HOUR
    (outcome,) = ingest_hours(store, Ingest(store, Simulator(stations=20, gbfs="2.1")), [hour], {})
    metadata = {
        name: value for name, value in (outcome.metadata or {}).items() if isinstance(value, str | int)
    }
    return metadata, dict(outcome.findings["usable_snapshot"].facts)


def test_hour_of_another_network_says_what_its_feed_is(tmp_path: Path) -> None:
    metadata, facts = call_as("simville", take_an_hour, tmp_path)
    said = {"network": "simville", "gbfs_version": "2.1", "gbfs_language": "fr"}
    assert facts == {"usable": 4, **said}
    assert {name: metadata[name] for name in said} == said
    assert (metadata["snapshots"], "stations_without_status" in metadata) == (4, False)
