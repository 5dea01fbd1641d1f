"""Runs in forked processes: they end, they die, they are canceled; and what they need not import anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.defs.launching.launcher import ForkRunLauncher
from velib_assets.defs.maintenance.orphans import PROCESS
from velib_assets.settings import CHECKOUT
from velib_assets_tests.defs.launching.instances import WAIT_SECONDS, created, ours, status, wait_for_status
from velib_assets_tests.defs.launching.some_jobs import endless, killed, slow, well
from velib_assets_tests.waiting import wait_for

OURS = "velib_assets"
READY = {
    "velib_assets",
    "velib_assets.defs",
    "velib_assets.defs.launching",
    "velib_assets.defs.launching.imported_ahead",
    "velib_assets.defs.launching.launcher",
    "velib_assets.defs.maintenance",
    "velib_assets.defs.maintenance.orphans",
}


def messages(instance: dg.DagsterInstance, run_id: str) -> str:
    return "\n".join(entry.user_message or str(entry.dagster_event) for entry in instance.all_logs(run_id))


def launched(instance: dg.DagsterInstance, job: dg.JobDefinition) -> str:
    """The id of a run that the launcher was given; a fork asks no code server, so it needs no workspace."""
    run_id = created(instance, job).run_id
    instance.launch_run(run_id, None)  # type: ignore[arg-type]
    return run_id


def test_a_run_ends_in_a_process_of_its_own(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        assert isinstance(instance.run_launcher, ForkRunLauncher)
        run_id = launched(instance, well)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.SUCCESS)
        assert "in process" in messages(instance, run_id)
        assert f"in process {os.getpid()}" not in messages(instance, run_id)
        assert not instance.run_launcher.terminate(run_id)


def test_a_run_whose_process_is_killed_fails_and_says_so(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run_id = launched(instance, killed)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.FAILURE)
        assert "The process that executed this run is gone" in messages(instance, run_id)


def test_a_run_is_canceled_from_any_process(tmp_path: Path) -> None:
    """By an instance of its own, as the webserver has one."""
    with ours(tmp_path) as instance:
        run_id = launched(instance, endless)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.STARTED)
        with dg.DagsterInstance.from_config(str(tmp_path)) as other:
            assert other.run_launcher.terminate(run_id)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.CANCELED)


DAEMON = """
import sys
import time
import dagster as dg
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    instance.launch_run(sys.argv[2], None)
    while instance.get_run_by_id(sys.argv[2]).status is not dg.DagsterRunStatus.STARTED:
        time.sleep(0.2)
"""


def test_a_run_goes_on_where_the_daemon_stops(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run = created(instance, slow)
        subprocess.run([sys.executable, "-c", DAEMON, str(tmp_path), run.run_id], check=True)
        assert status(instance, run.run_id) is dg.DagsterRunStatus.STARTED
        wait_for_status(instance, run.run_id, dg.DagsterRunStatus.SUCCESS)


def test_a_run_without_its_code_is_refused_and_fails(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run = instance.create_run_for_job(well)
        with pytest.raises(dg.DagsterInvariantViolationError, match="does not say where its code is"):
            instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        assert status(instance, run.run_id) is dg.DagsterRunStatus.FAILURE


def test_a_run_that_others_ended_does_not_go_on(tmp_path: Path) -> None:
    """As monitoring does after max_runtime_seconds, and the UI where a person forces the end."""
    with ours(tmp_path) as instance:
        run_id = launched(instance, endless)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.STARTED)
        run = instance.get_run_by_id(run_id)
        assert run
        process = run.tags[PROCESS].split(":")[1]
        instance.report_run_failed(run, "it took too long")
        wait_for(lambda: not Path(f"/proc/{process}").exists(), WAIT_SECONDS)


def test_a_run_canceled_before_it_began_is_canceled(tmp_path: Path) -> None:
    """Its process finds that it need not begin; a failed run would be tried again."""
    with ours(tmp_path) as instance:
        run_id = launched(instance, endless)
        assert instance.run_launcher.terminate(run_id)
        wait_for_status(instance, run_id, dg.DagsterRunStatus.CANCELED)


def test_where_a_fork_is_not_safe_the_code_server_starts_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's launcher asks for the workspace, which has none here."""
    monkeypatch.setattr(ForkRunLauncher, "forks", False)
    with ours(tmp_path) as instance:
        run = created(instance, well)
        with pytest.raises(dg.DagsterInvariantViolationError, match="requires a workspace"):
            instance.launch_run(run.run_id, None)  # type: ignore[arg-type]
        assert not instance.run_launcher.terminate(run.run_id)


def test_a_tick_finds_everything_imported_but_our_own_code(tmp_path: Path) -> None:
    """Whatever a tick still imports costs it time; what it found of ours would be as old as the daemon."""
    command = [sys.executable, "-m", "velib_assets_tests.defs.launching.a_tick", str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=CHECKOUT).stdout
    before, added = json.loads(told.splitlines()[-1])
    assert {name for name in before if name.partition(".")[0] == OURS} == READY
    packages = {name.partition(".")[0] for name in added} - set(sys.stdlib_module_names) - {OURS}
    assert packages <= {"dagster"}  # small ones of its own, of a graph's definitions
