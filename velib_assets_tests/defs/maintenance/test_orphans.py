"""A killed `velib` command must not hold up the schedule or healing."""

import socket
import subprocess
import sys
import uuid

import dagster as dg
import pytest

from velib_assets.defs.maintenance.orphans import PROCESS, end_orphans, process_tag
from velib_assets_tests.defs.instances import status


@dg.job
def some_job() -> None:
    """Does nothing."""


def started(instance: dg.DagsterInstance, process: str, of: str | None = None) -> str:
    """Create a started run with the tag of a process, for its own id or that `of` another run."""
    run_id = str(uuid.uuid4())
    tags = {PROCESS: f"{process}:{of or run_id}"}
    instance.create_run_for_job(some_job, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return run_id


@pytest.fixture
def ended_process() -> str:
    """The host and number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{socket.gethostname()}:{process.pid}"


def test_run_without_its_process_fails(instance: dg.DagsterInstance, ended_process: str) -> None:
    run_id = started(instance, ended_process)
    assert end_orphans(instance) == 1
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE


def test_run_that_was_being_canceled_is_canceled(instance: dg.DagsterInstance, ended_process: str) -> None:
    """A failed run would be retried."""
    run_id = started(instance, ended_process)
    run = instance.get_run_by_id(run_id)
    assert run
    instance.report_run_canceling(run)
    assert end_orphans(instance) == 1
    assert status(instance, run_id) is dg.DagsterRunStatus.CANCELED


def test_retry_with_the_tag_of_its_parent_is_left_alone(
    instance: dg.DagsterInstance, ended_process: str
) -> None:
    run_id = started(instance, ended_process, of=str(uuid.uuid4()))
    assert end_orphans(instance) == 0
    assert status(instance, run_id) is dg.DagsterRunStatus.STARTED


def test_other_runs_are_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    alive = process_tag("")[PROCESS].rstrip(":")
    untagged = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED)
    runs = [started(instance, alive), started(instance, "elsewhere:1"), untagged.run_id]
    assert end_orphans(instance) == 0
    assert {status(instance, run_id) for run_id in runs} == {dg.DagsterRunStatus.STARTED}
