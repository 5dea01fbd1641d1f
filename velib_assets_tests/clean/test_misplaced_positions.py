"""Positions that a feed has in `station_status` count where `station_information` has none."""

from __future__ import annotations

from typing import Any

import pytest

from velib_assets_tests.clean.gbfs_snapshots import HOUR, NETWORK, information, raw_object, status
from velib_assets_tests.gbfs.through_pipeline import clean_both, takes_fast_path


def stations(described: dict[str, Any], reported: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the files of three stations, with these fields changed at all of them."""
    keys = ("1", "2", "3")
    return [information(key, **described) for key in keys], [status(key, **reported) for key in keys]


@pytest.mark.parametrize(
    ("described", "reported", "expected"),
    [
        ({"lat": None, "lon": None}, {"lat": 49.5, "lon": 1.1}, (49.5, 1.1)),
        ({"lat": None, "lon": None}, {"lat": "49.5", "lon": "1.1"}, (49.5, 1.1)),
        ({}, {"lat": 49.5, "lon": 1.1}, (49.44, 1.09)),
    ],
)
def test_position_in_the_status(
    described: dict[str, Any], reported: dict[str, Any], expected: tuple[float, float]
) -> None:
    raw = raw_object(*stations(described, reported))
    found = clean_both([raw], HOUR, NETWORK).table.to_pylist()
    assert {(row["lat"], row["lon"]) for row in found} == {expected}
    assert takes_fast_path(raw, NETWORK)


def test_misplaced_position_is_drift() -> None:
    files = stations({"lat": None, "lon": None}, {"lat": 49.5, "lon": 1.1})
    drift = clean_both([raw_object(*files)], HOUR, NETWORK).summary.drift
    assert drift.missing == ("information.lat", "information.lon")
