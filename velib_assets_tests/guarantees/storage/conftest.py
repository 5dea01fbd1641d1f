"""The instance of this package's tests: its storage is a PostgreSQL database of its own.

The short form leaves out tests that use nothing of the storage that another test does not use.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from velib_assets_tests.postgres import Postgres, postgres, programs

WHOLE_FORM_ONLY = {
    "test_healing": {
        "test_hour_with_a_damaged_clean_file_is_requested",
        "test_unregistered_hour_is_requested",
        "test_hour_with_only_quarantined_objects_is_not_requested",
        "test_hour_with_new_raw_is_requested",
        "test_failing_hour_is_retried_less_and_less_often_without_end",
        "test_new_raw_ends_the_wait_for_a_retry",
        "test_old_history_is_checked_in_stretches",
    },
    "test_alerts": {
        "test_failed_run_is_sent_with_its_error",
        "test_run_blocked_by_a_check_sends_only_the_checks_alert",
        "test_failed_sink_gets_its_alert_later_and_the_others_only_once",
        "test_failed_sink_delays_no_other",
        "test_error_of_a_webhook_does_not_contain_its_address",
        "test_alert_refused_for_good_is_dropped_and_the_next_is_sent",
    },
    "test_staleness": {
        "test_second_outage_sends_another_alert",
        "test_failed_sink_gets_its_alert_later_and_the_others_only_once",
    },
    "test_backfill": {"test_hour_without_snapshots_fails_its_check_and_runs_nothing_downstream"},
    "test_maintenance": {"test_newest_result_of_each_check_stays"},
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the short form the tests that only the full form runs."""
    here = Path(__file__).parent
    long = [
        item
        for item in items
        if item.path.parent == here and item.name in WHOLE_FORM_ONLY.get(item.path.stem, ())
    ]
    if long and not config.getoption("--full"):
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """Start PostgreSQL for the tests."""
    if programs() is None:
        reason = "THE TESTS ON POSTGRESQL DID NOT RUN: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres() as running:
        yield running


@pytest.fixture
def instance(server: Postgres) -> Iterator[dg.DagsterInstance]:
    """Replaces the instance on SQLite that the same tests have elsewhere."""
    settings = {"telemetry": {"enabled": False}, "storage": {"postgres": {"postgres_url": server.database()}}}
    with dg.DagsterInstance.local_temp(overrides=settings) as temporary:
        yield temporary
