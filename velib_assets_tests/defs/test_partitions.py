"""Hourly UTC partitions and hours of the lake."""

from datetime import UTC, datetime

import dagster as dg

from velib_assets.defs.partitions import HOURLY, hour_of_key, key_of
from velib_assets.lake.keys import contiguous, parse_hour


def test_partition_key_and_hour_are_inverse() -> None:
    hour = parse_hour("2022-06-04T17")
    assert key_of(hour) == "2022-06-04-17:00"
    assert hour_of_key(key_of(hour)) == hour


def test_the_running_hour_has_a_partition_from_its_first_second() -> None:
    now = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    with dg.partition_loading_context(now):
        assert HOURLY.get_last_partition_key() == "2026-11-23-10:00"


def test_ranges_cross_midnight_and_end_at_gaps() -> None:
    hours = [parse_hour(text) for text in ("2022-06-04T23", "2022-06-05T00", "2022-06-05T02")]
    assert contiguous(reversed(hours)) == [(hours[0], hours[1]), (hours[2], hours[2])]
