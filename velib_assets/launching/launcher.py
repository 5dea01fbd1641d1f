"""On one machine a run's process is forked from one that has imported what every run needs.

Belongs here: starting that process, and looking after it until its run is over. What it then does is
Dagster's command `execute_run`, as with every launcher of Dagster's. On a server the code server starts the
runs: see deploy/dagster.yaml.
"""

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerProcess

import dagster as dg
from dagster._cli.api import execute_run_command
from dagster._core.launcher import LaunchRunContext
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import serialize_value

FORKS = multiprocessing.get_context("forkserver")
IMPORTED_AHEAD = "velib_assets.launching.imported_ahead"
LOOK_SECONDS = 1.0


class RunProcess(ForkServerProcess):
    """A run's process. It goes on where the daemon stops, which Python would make wait for it."""

    def join(self, timeout: float | None = None) -> None:
        """Nothing: what `multiprocessing` calls as the daemon ends. `look_after` waits for the sentinel."""


class ForkRunLauncher(dg.DefaultRunLauncher):
    """Forks runs for the process that launches them: the daemon."""

    def warm_up(self) -> None:
        """Start the process that runs are forked from; returns at once. Without it the first run does."""
        FORKS.set_forkserver_preload([IMPORTED_AHEAD])
        forkserver.ensure_running()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run's process and a thread that looks after it."""
        run, instance = context.dagster_run, self._instance
        if run.job_code_origin is None:
            raise dg.DagsterInvariantViolationError(f"Run {run.run_id} does not say where its code is.")
        arguments = ExecuteRunArgs(run.job_code_origin, run.run_id, instance.get_ref())
        self.warm_up()
        process = RunProcess(target=execute, args=(serialize_value(arguments),))
        process.start()
        threading.Thread(target=look_after, args=(instance, run.run_id, process), daemon=True).start()
        self._run_ids.add(run.run_id)  # for `join`

    def terminate(self, run_id: str) -> bool:
        """Ask for the run's end, from any process; whether there was one. `look_after` then ends it."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return True


def execute(arguments: str) -> None:
    """In the run's process: Dagster's command, in the interpreter that is there."""
    execute_run_command.main([arguments], prog_name="dagster api execute_run", standalone_mode=False)


def look_after(instance: dg.DagsterInstance, run_id: str, process: RunProcess) -> None:
    """Interrupt the process once its run is being canceled; report a run that its process did not end."""
    interrupted = False
    while not connection.wait([process.sentinel], LOOK_SECONDS):
        run = instance.get_run_by_id(run_id)
        if run and run.status is dg.DagsterRunStatus.CANCELING and not interrupted and process.pid:
            os.kill(process.pid, signal.SIGINT)
            interrupted = True
    run = instance.get_run_by_id(run_id)
    if run and not run.is_finished:
        ended = f"The run's process ended with {process.exitcode} before the run was over"
        instance.report_run_failed(run, f"{ended}: what it wrote is in the daemon's output.")
