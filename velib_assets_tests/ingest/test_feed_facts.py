"""What a run says of the feed of a network other than Vélib'."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from velib_assets.ingest.feed_facts import feed_facts
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import Decoded
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import raw_key
from velib_assets.lake.listing import raw_objects

HOUR = datetime(2026, 11, 23, 10, tzinfo=timezone.utc)


def facts(folder: Path, *heads: dict[str, object], network: str = "rouen") -> dict[str, object]:
    """Return the facts of an hour with a raw object for each head."""
    store = FolderStore(folder)
    for n, head in enumerate(heads):
        at = HOUR + timedelta(minutes=15 * n)
        store.create(raw_key(at), encode_raw("gbfs", at, at, Decoded([], b"[]", gbfs=head)))
    return feed_facts(store, raw_objects(store, HOUR), network)


def test_facts_are_those_of_the_newest_snapshot(tmp_path: Path) -> None:
    newest = {
        "version": "3.0",
        "information_version": "2.3",
        "language": "fr",
        "vehicle_types": {f"{n:036d}": "human" for n in range(150)},
        "without_status": 2,
        "without_information": 1,
        "missing": ["vehicle_types", "system_regions"],
    }
    assert facts(tmp_path, {"version": "2.3", "language": "en"}, newest) == {
        "network": "rouen",
        "gbfs_version": "3.0",
        "gbfs_information_version": "2.3",
        "gbfs_language": "fr",
        "stations_without_status": 2,
        "stations_without_information": 1,
        "files_missing": "vehicle_types, system_regions",
    }


@pytest.mark.parametrize("head", [{}, {"version": ["2.3"], "missing": "x"}])
def test_snapshot_that_says_nothing_of_its_feed_has_the_network_alone(
    tmp_path: Path, head: dict[str, object]
) -> None:
    assert facts(tmp_path, head) == {"network": "rouen"}


def test_hour_without_snapshots_has_the_network_alone(tmp_path: Path) -> None:
    assert facts(tmp_path) == {"network": "rouen"}


def test_velib_has_no_facts_and_its_objects_are_not_read(tmp_path: Path) -> None:
    assert facts(tmp_path, {"version": "2.3"}, network="velib") == {}
