"""A killed command must not hold up the schedule or healing for ever."""

import subprocess
import sys

import dagster as dg

from velib_assets.orphans import PROCESS, end_orphans, process_tag


@dg.job
def some_job() -> None:
    """Nothing."""


def started(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    run = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return str(run.run_id)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_run_whose_process_is_gone_is_ended(instance: dg.DagsterInstance) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = process_tag()[PROCESS].rpartition(":")[0]
    run_id = started(instance, {PROCESS: f"{host}:{gone.pid}"})
    assert end_orphans(instance) == 1
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE


def test_runs_of_living_processes_of_other_machines_and_of_the_daemon_are_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    runs = [started(instance, tags) for tags in (process_tag(), {PROCESS: "elsewhere:1"}, {})]
    assert end_orphans(instance) == 0
    assert {status(instance, run_id) for run_id in runs} == {dg.DagsterRunStatus.STARTED}
