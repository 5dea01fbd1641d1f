"""Stretches in which the feed repeats itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from velib_assets.clean.frozen_feed import FrozenFeed
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import raw_key, raw_time
from velib_assets_tests.samples import HOUR, body, first_version, pair, records

NOW = datetime(2022, 6, 5, tzinfo=timezone.utc)
OTHER: list[dict[str, Any]] = records(numbikesavailable=0)
Rows = list[dict[str, Any]]


def lake(folder: Path, snapshots: Mapping[Any, Rows], feed: str = "opendata") -> FrozenFeed:
    """Store snapshots, by their minute since HOUR; the feed's own time moves with each."""
    store = FolderStore(folder)
    for minute, rows in snapshots.items():
        taken = HOUR + timedelta(minutes=minute)
        page = b'{"last_updated": %d, "results": ' % taken.timestamp() + body(rows) + b"}"
        assert store_or_quarantine(store, FeedResponse(feed, {"body": page}), taken, NOW).state == "stored"
    return FrozenFeed(store)


def minutes(feed: FrozenFeed, hour: datetime = HOUR) -> list[list[float]]:
    """Return the minutes since HOUR of each stretch."""
    return [
        [(taken - HOUR) / timedelta(minutes=1) for key in stretch.keys if (taken := raw_time(key))]
        for stretch in feed.stretches(hour)
    ]


@pytest.mark.parametrize(
    ("equal", "frozen"),
    [
        ([0, 15], False),
        ([0, 15, 30], True),
        ([0, 15, 30, 45], True),
        ([-30, -15, 0], True),
        ([0, 30], True),
        ([0, 29], True),
        ([0, 20], False),
        ([0, 5, 10, 15, 20], False),
        ([0, 5, 10, 15, 20, 25], True),
        ([n / 1 for n in range(30)], True),
        ([n / 1 for n in range(20)], False),
        ([0.05, 15.02, 30.02], True),
    ],
    ids=str,
)
def test_feed_is_frozen_after_30_minutes_without_a_change(
    tmp_path: Path, equal: list[float], frozen: bool
) -> None:
    """Six equal exports in a row, one per five minutes, are half an hour."""
    feed = lake(tmp_path, {**dict.fromkeys(equal, records()), -60: OTHER, 59: OTHER})
    expected = [[pytest.approx(minute, abs=0.02) for minute in equal]]
    assert minutes(feed) == (expected if frozen else [])


def test_stretch_belongs_to_each_hour_in_which_it_ends_so_far(tmp_path: Path) -> None:
    feed = lake(tmp_path, dict.fromkeys(range(0, 120, 15), records()))
    assert minutes(feed) == [[0, 15, 30, 45]]
    assert minutes(feed, HOUR + timedelta(hours=1)) == [[0, 15, 30, 45, 60, 75, 90, 105]]


def test_stretch_that_ended_before_the_hour_is_not_repeated(tmp_path: Path) -> None:
    feed = lake(tmp_path, {-45: records(), -30: records(), -15: records(), 0: OTHER})
    assert minutes(feed) == []


def test_two_stretches_of_an_hour_are_both_found(tmp_path: Path) -> None:
    rows = {-30: records(), -15: records(), 0: records(), 10: OTHER, 25: OTHER, 40: OTHER}
    assert minutes(lake(tmp_path, rows)) == [[-30, -15, 0], [10, 25, 40]]


def test_change_of_one_station_is_a_change(tmp_path: Path) -> None:
    changed = [*records()[:-1], OTHER[-1]]
    assert minutes(lake(tmp_path, {0: records(), 15: changed, 30: records(), 45: changed})) == []


@pytest.mark.parametrize(
    "closed",
    [
        {"is_installed": "NON"},
        {"is_installed": None},
        {"numbikesavailable": None},
        {"numdocksavailable": 0, "numbikesavailable": 0},
    ],
    ids=str,
)
def test_feed_without_a_station_in_operation_may_stand_still(tmp_path: Path, closed: dict[str, Any]) -> None:
    assert minutes(lake(tmp_path, dict.fromkeys((0, 15, 30), records(**closed)))) == []


def test_stations_in_operation_are_counted(tmp_path: Path) -> None:
    rows = [*records(30), *records(40, is_installed="NON")[30:]]
    (stretch,) = lake(tmp_path, dict.fromkeys((0, 15, 30), rows)).stretches(HOUR)
    assert stretch.operating == 30


def test_joined_gbfs_is_compared_too(tmp_path: Path) -> None:
    rows = [pair(str(1001 + n)) for n in range(40)]
    assert minutes(lake(tmp_path, dict.fromkeys((0, 15, 30), rows), "gbfs")) == [[0, 15, 30]]


def test_objects_of_the_first_version_without_a_hash_are_compared(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for minute in (0, 15, 30):
        old = first_version(records(), minute)
        store.create(old.key, old.data)
    assert minutes(FrozenFeed(store)) == [[0, 15, 30]]


def test_damaged_object_is_skipped(tmp_path: Path) -> None:
    feed = lake(tmp_path, dict.fromkeys((0, 15, 30), records()))
    FolderStore(tmp_path).create(raw_key(HOUR + timedelta(minutes=20)), b"\x1f\x8bdamaged")
    assert minutes(feed) == [[0, 15, 30]]


def test_empty_hour_is_not_frozen(tmp_path: Path) -> None:
    assert minutes(FrozenFeed(FolderStore(tmp_path))) == []
