"""The instance of this package's tests: one whose storage is a PostgreSQL database of its own.

The short form leaves out those that ask nothing of the storage that another one does not ask.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from velib_assets_tests.postgres import Postgres, postgres, programs

WHOLE_FORM_ONLY = {
    "test_healing": {
        "test_a_clean_file_that_is_gone_or_damaged_is_requested",
        "test_a_clean_hour_that_is_not_registered_is_requested",
        "test_an_hour_of_refused_objects_has_nothing_to_clean",
        "test_an_hour_that_got_more_raw_is_requested",
        "test_an_hour_that_keeps_failing_is_requested_ever_more_rarely_but_never_given_up",
        "test_an_hour_that_waits_is_asked_for_again_when_its_raw_changes",
        "test_old_history_is_walked_through_in_stretches",
    },
    "test_alerts": {
        "test_a_failed_run_is_told_with_its_error",
        "test_a_run_blocked_by_a_check_has_the_checks_alert_alone",
        "test_a_sink_that_is_down_gets_it_later_and_the_others_only_once",
        "test_a_sink_that_is_down_holds_up_no_other",
        "test_a_webhook_that_refuses_is_named_without_its_address",
        "test_an_alert_that_is_refused_for_good_is_given_up_and_the_next_goes_on",
    },
    "test_staleness": {
        "test_a_second_outage_is_told_again",
        "test_a_sink_that_is_down_gets_it_later_and_the_others_only_once",
    },
    "test_backfill": {"test_an_hour_without_anything_fails_and_runs_nothing_downstream"},
    "test_maintenance": {"test_each_checks_newest_result_stays"},
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the short form what only the whole one runs."""
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
    """PostgreSQL, started for the tests."""
    if programs() is None:
        reason = "THE TESTS ON POSTGRESQL DID NOT RUN: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres() as running:
        yield running


@pytest.fixture
def instance(server: Postgres) -> Iterator[dg.DagsterInstance]:
    """In place of the instance on SQLite that the same tests have elsewhere."""
    settings = {"telemetry": {"enabled": False}, "storage": {"postgres": {"postgres_url": server.database()}}}
    with dg.DagsterInstance.local_temp(overrides=settings) as temporary:
        yield temporary
