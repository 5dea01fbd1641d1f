"""What the asset checks say of a GBFS feed: what warns, and what passes."""

from __future__ import annotations

from datetime import timedelta

from velib_assets.defs.checks.feed_checks import schema_drift
from velib_assets.defs.checks.hour_checks import conservation, rejected_rows, stale_stations
from velib_assets.defs.checks.station_checks import described_rows
from velib_assets.defs.checks.time_checks import readable_times
from velib_assets_tests.clean.gbfs_snapshots import HOUR, clean, stations


def test_silent_feed_warns() -> None:
    described, reported = stations(5)
    ago = int((HOUR - timedelta(days=90)).timestamp())
    summary = clean(described, [{**entry, "last_reported": ago} for entry in reported]).summary
    assert not stale_stations(summary.stale, summary.rows).passed


def test_unreadable_times_warn() -> None:
    described, reported = stations(5)
    summary = clean(described, [{**entry, "last_reported": "28/02/2025"} for entry in reported]).summary
    assert not readable_times(summary.unreadable_times, summary.unreadable_time).passed


def test_stations_without_a_status_are_counted_and_pass() -> None:
    described, reported = stations(10)
    summary = clean(described, reported[:2]).summary
    finding = rejected_rows(summary.rejected, summary.snapshots, "rejects/")
    assert finding.passed
    assert "no status: 8" in finding.message
    assert conservation(summary.snapshots, summary.rows).passed


def test_other_rejects_beside_them_warn() -> None:
    described, reported = stations(10)
    reported[0]["num_bikes_available"] = -1
    summary = clean(described, reported[:8]).summary
    finding = rejected_rows(summary.rejected, summary.snapshots, "rejects/")
    assert (finding.passed, finding.facts["faults"]) == (False, 1)


def test_feed_without_optional_fields_passes() -> None:
    described, reported = stations(5)
    for entry in described:
        del entry["capacity"]
    for entry in reported:
        del entry["num_docks_available"]
    summary = clean(described, reported).summary
    assert schema_drift(summary.drift).passed
    assert described_rows(summary.described, summary.undescribed, None).passed


def test_feed_that_stops_naming_its_stations_warns() -> None:
    described, reported = stations(5)
    for entry in described:
        del entry["name"]
    summary = clean(described, reported).summary
    assert "information.name" in schema_drift(summary.drift).message
    assert not described_rows(summary.described, summary.undescribed, None).passed
