"""A tick starts at once; every other run waits in the queue."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import SCHEDULED_EXECUTION_TIME_TAG

from velib_assets.defs.launching.coordinator import TicksFirstRunCoordinator
from velib_assets_tests.defs.launching.instances import created, ours, wait_for_status
from velib_assets_tests.defs.launching.some_jobs import pipeline, well

TICK = {SCHEDULED_EXECUTION_TIME_TAG: "2022-06-04T08:00:00+00:00"}


def submit(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """How the run stands when the daemon has it back."""
    return instance.run_coordinator.submit_run(SubmitRunContext(run, None)).status  # type: ignore[arg-type]


def test_the_settings_are_those_of_the_queue(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        coordinator = instance.run_coordinator
        assert isinstance(coordinator, TicksFirstRunCoordinator)
        assert coordinator.dequeue_interval_seconds == 1
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 4  # type: ignore[union-attr]


def test_a_tick_does_not_wait_and_others_do(tmp_path: Path) -> None:
    """No daemon runs here: what waits for it stays queued."""
    with ours(tmp_path) as instance:
        tick = created(instance, pipeline, TICK)
        assert submit(instance, tick) is dg.DagsterRunStatus.STARTING
        wait_for_status(instance, tick.run_id, dg.DagsterRunStatus.SUCCESS)
        others = [
            created(instance, pipeline),  # of the UI, or of a backfill
            created(instance, well, TICK),  # another schedule's
            created(instance, pipeline, TICK, parent=tick.run_id),  # tried again
        ]
        assert {submit(instance, run) for run in others} == {dg.DagsterRunStatus.QUEUED}


@pytest.mark.parametrize("tags", [TICK, {}])
def test_a_run_that_is_over_is_not_run_again(tmp_path: Path, tags: dict[str, str]) -> None:
    with ours(tmp_path) as instance:
        run = created(instance, pipeline, tags)
        instance.report_run_failed(run)
        failed = instance.get_run_by_id(run.run_id)
        assert failed
        assert submit(instance, failed) is dg.DagsterRunStatus.FAILURE
