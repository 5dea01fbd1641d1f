"""Runs in forked processes: they end, they die, they are canceled; and what they need not import anew."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.launching.launcher import FORKS, ForkRunLauncher
from velib_assets_tests.launching.a_tick import imported
from velib_assets_tests.launching.instances import created, ours, status, wait_for
from velib_assets_tests.launching.some_jobs import endless, killed, slow, well

OURS = "velib_assets"
READY = {OURS, f"{OURS}.launching", f"{OURS}.launching.imported_ahead"}


def messages(instance: dg.DagsterInstance, run_id: str) -> str:
    return "\n".join(entry.user_message or str(entry.dagster_event) for entry in instance.all_logs(run_id))


def test_a_run_ends_in_a_process_of_its_own(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        assert isinstance(instance.run_launcher, ForkRunLauncher)
        run = created(instance, well)
        instance.launch_run(run.run_id, None)  # type: ignore[arg-type] # the launcher asks no code server
        wait_for(instance, run.run_id, dg.DagsterRunStatus.SUCCESS)
        assert "in process" in messages(instance, run.run_id)
        assert f"in process {os.getpid()}" not in messages(instance, run.run_id)
        assert not instance.run_launcher.terminate(run.run_id)


def test_a_run_whose_process_is_killed_fails_and_says_so(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run = created(instance, killed)
        instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        wait_for(instance, run.run_id, dg.DagsterRunStatus.FAILURE)
        assert "process ended with -9 before the run was over" in messages(instance, run.run_id)


def test_a_run_is_canceled_from_any_process(tmp_path: Path) -> None:
    """By an instance of its own, as the webserver has one; the run's process is gone then."""
    with ours(tmp_path) as instance:
        run = created(instance, endless)
        instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        wait_for(instance, run.run_id, dg.DagsterRunStatus.STARTED)
        with dg.DagsterInstance.from_config(str(tmp_path)) as other:
            assert other.run_launcher.terminate(run.run_id)
        wait_for(instance, run.run_id, dg.DagsterRunStatus.CANCELED)


DAEMON = """
import sys
import dagster as dg
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    instance.launch_run(sys.argv[2], None)
    while instance.get_run_by_id(sys.argv[2]).status is not dg.DagsterRunStatus.STARTED:
        pass
"""


def test_a_run_goes_on_where_the_daemon_stops(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run = created(instance, slow)
        subprocess.run([sys.executable, "-c", DAEMON, str(tmp_path), run.run_id], check=True)
        assert status(instance, run.run_id) is dg.DagsterRunStatus.STARTED
        wait_for(instance, run.run_id, dg.DagsterRunStatus.SUCCESS)


def test_a_run_without_its_code_is_refused_and_fails(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run = instance.create_run_for_job(well)
        with pytest.raises(dg.DagsterInvariantViolationError, match="does not say where its code is"):
            instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        assert status(instance, run.run_id) is dg.DagsterRunStatus.FAILURE


def test_a_tick_finds_everything_imported_but_our_own_code(tmp_path: Path) -> None:
    """Whatever a tick still imports costs it time; what it found of ours would be as old as the daemon."""
    (tmp_path / "home").mkdir()
    ForkRunLauncher().warm_up()
    answer, told = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=imported, args=(told, tmp_path / "lake"))
    process.start()
    assert answer.poll(60)
    before, added = answer.recv()
    process.join()
    assert {name for name in before if name.partition(".")[0] == OURS} == READY
    packages = {name.partition(".")[0] for name in added} - set(sys.stdlib_module_names) - {OURS}
    assert packages <= {"dagster"}  # small ones of its own, of a graph's definitions
