"""Hourly UTC partitions and hours of the lake."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.defs.build import build_defs
from velib_assets.defs.partitions import DAILY, HOURLY, MONTHLY, hour_of_key, key_of, partitions_text
from velib_assets.lake.keys import contiguous, parse_hour
from velib_assets.settings import Settings


def test_partition_key_and_hour_are_inverse() -> None:
    hour = parse_hour("2022-06-04T17")
    assert key_of(hour) == "2022-06-04-17:00"
    assert hour_of_key(key_of(hour)) == hour


def test_the_running_hour_has_a_partition_from_its_first_second() -> None:
    now = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    with dg.partition_loading_context(now):
        assert HOURLY.get_last_partition_key() == "2026-11-23-10:00"


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), "2026-11-29", "2026-10"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-11-30", "2026-11"),
    ],
)
def test_days_and_months_have_a_partition_when_they_are_over(now: datetime, day: str, month: str) -> None:
    with dg.partition_loading_context(now):
        assert (DAILY.get_last_partition_key(), MONTHLY.get_last_partition_key()) == (day, month)


def test_partitions_of_an_alert_are_spans_of_hours_days_or_months() -> None:
    days = [f"2022-06-{n:02}" for n in (3, 1, 2, 9)]
    assert partitions_text(days) == "2022-06-01 to 2022-06-03, 2022-06-09"
    scattered = [f"2022-06-{n:02}" for n in range(1, 30, 2)]
    assert partitions_text(scattered) == "15 days between 2022-06-01 and 2022-06-29"
    assert partitions_text(["2022-06", "2022-05"]) == "2022-05, 2022-06"
    assert partitions_text(["2022-06-04-17:00", "2022-06-04-18:00"]) == "2022-06-04T17 to 2022-06-04T18"
    assert partitions_text([]) == ""


def test_ranges_cross_midnight_and_end_at_gaps() -> None:
    hours = [parse_hour(text) for text in ("2022-06-04T23", "2022-06-05T00", "2022-06-05T02")]
    assert contiguous(reversed(hours)) == [(hours[0], hours[1]), (hours[2], hours[2])]


@pytest.mark.parametrize("first", ["2017-07-04T10", "2018-01-01T00", "2024-02-29T23"])
def test_first_partition_is_the_setting(tmp_path: Path, first: str) -> None:
    """In every partitioned asset and in the job; nothing else of them changes. Days and months contain it."""
    settings = Settings.from_env({"VELIB_LAKE": str(tmp_path), "VELIB_FIRST_HOUR": first})
    repository, usual = (build_defs(s).get_repository_def() for s in (settings, Settings(lake=tmp_path)))
    key, graph = key_of(parse_hour(first)), repository.asset_graph
    firsts = {dg.DailyPartitionsDefinition: first[:10], dg.MonthlyPartitionsDefinition: first[:7]}
    partitioned = [asset for asset in graph.get_all_asset_keys() if graph.get(asset).partitions_def]
    assert {asset.to_user_string() for asset in partitioned} >= {"raw_snapshot", "station_history"}
    for asset in partitioned:
        partitions = graph.get(asset).partitions_def
        assert partitions
        assert partitions.get_first_partition_key() == firsts.get(type(partitions), key)
        assert graph.get(asset).backfill_policy == usual.asset_graph.get(asset).backfill_policy
        assert graph.get(asset).parent_keys == usual.asset_graph.get(asset).parent_keys
    assert graph.asset_check_keys == usual.asset_graph.asset_check_keys
    job = repository.get_job("velib_pipeline").partitions_def
    assert job
    assert job.get_first_partition_key() == key


def test_by_default_partitions_start_with_the_present_operator() -> None:
    assert HOURLY.get_first_partition_key() == "2018-01-01-00:00"
