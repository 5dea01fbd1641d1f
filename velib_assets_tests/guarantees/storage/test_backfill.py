"""Backfills, and ranges in which some hours fail, on PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.cli.runs import run_hours
from velib_assets.defs.build import build_defs
from velib_assets.defs.partitions import key_of
from velib_assets_tests.defs.test_graph import (  # noqa: F401 - the tests run here too
    from_archive,
    green,
    test_hour_without_snapshots_fails_its_check_and_runs_nothing_downstream,
    test_range_skips_an_hour_without_snapshots,
)
from velib_assets_tests.samples import HOUR, body, records

pytestmark = pytest.mark.promise("storage")


def test_backfill_writes_each_hour(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Two contiguous ranges, and the views once."""
    hours = [HOUR + timedelta(hours=n) for n in (0, 1, 5)]
    settings = from_archive(tmp_path, {hour: body(records()) for hour in hours})
    report = run_hours(build_defs(settings), instance, hours)
    assert report.ok
    assert report.rows == dict.fromkeys(hours, 40)
    assert green(instance, "source_velib") == {key_of(hour) for hour in hours}
    assert len(instance.get_runs()) == 3
