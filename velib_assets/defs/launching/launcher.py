"""On one machine a run's process is forked from one that has imported what every run needs.

Belongs here: starting that process, and noticing its end or its run's. What it then does is Dagster's command
`execute_run`, as with every launcher of Dagster's. On a server the code server starts the runs: see
deploy/dagster.yaml.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerProcess
from typing import cast

import dagster as dg
from dagster._cli.api import execute_run_command
from dagster._core.instance import InstanceRef
from dagster._core.launcher import LaunchRunContext
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import deserialize_value, serialize_value

from velib_assets.defs.maintenance.orphans import end_orphans, process_tag

FORKS = multiprocessing.get_context("forkserver")
IMPORTED_AHEAD = "velib_assets.defs.launching.imported_ahead"
LOOK_SECONDS = 2.0
ENDED = {dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE}


class RunProcess(ForkServerProcess):
    """A run's process. It goes on where the daemon stops, which Python would make wait for it."""

    def join(self, timeout: float | None = None) -> None:
        """Nothing: `multiprocessing` calls it as the daemon ends."""


class ForkRunLauncher(dg.DefaultRunLauncher):
    """Forks runs for the process that launches them, the daemon; on macOS the code server starts them.

    There the system's own libraries do not bear a fork.
    """

    forks = sys.platform != "darwin"

    def warm_up(self) -> None:
        """Start the process that runs are forked from; returns at once. Without it the first run does."""
        if self.forks:
            FORKS.set_forkserver_preload([IMPORTED_AHEAD])
            forkserver.ensure_running()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run's process, which waits until the run bears its number, and watch for its end."""
        run, instance = context.dagster_run, self._instance
        if not self.forks:
            super().launch_run(context)
            return
        if run.job_code_origin is None:
            raise dg.DagsterInvariantViolationError(f"Run {run.run_id} does not say where its code is.")
        self.warm_up()
        told, telling = FORKS.Pipe(duplex=False)
        process = RunProcess(target=execute, args=(told,))
        process.start()
        instance.add_run_tags(run.run_id, process_tag(run.run_id, process.pid))
        telling.send(serialize_value(ExecuteRunArgs(run.job_code_origin, run.run_id, instance.get_ref())))
        threading.Thread(target=report_end, args=(instance, process), daemon=True).start()
        self._run_ids.add(run.run_id)  # for DefaultRunLauncher's own `join`

    def terminate(self, run_id: str) -> bool:
        """Ask for the run's end, from any process; whether there was one. Its own process then does it."""
        run = self._instance.get_run_by_id(run_id)
        if not self.forks or run is None or run.is_finished:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        return True


def report_end(instance: dg.DagsterInstance, process: RunProcess) -> None:
    """Wait for a process and report its run, should it not be over. `velib_healing` looks for such too."""
    connection.wait([process.sentinel])
    end_orphans(instance)


def execute(told: connection.Connection) -> None:
    """In the run's process: Dagster's command, in the interpreter that is there."""
    arguments = told.recv()
    threading.Thread(target=end_with_the_run, args=(arguments,), daemon=True).start()
    execute_run_command.main([arguments], prog_name="dagster api execute_run", standalone_mode=False)


def end_with_the_run(arguments: str) -> None:
    """Interrupt this process once its run is being canceled, or has been ended by others for a while."""
    asked = deserialize_value(arguments, ExecuteRunArgs)
    time.sleep(LOOK_SECONDS)  # opening storage takes a tenth of a second: not while the run begins
    with dg.DagsterInstance.from_ref(cast("InstanceRef", asked.instance_ref)) as instance:
        before, status = None, _status(instance, asked.run_id)
        # For a moment a run that failed by itself is over too: others' word is believed at the second look.
        while status is not dg.DagsterRunStatus.CANCELING and not (status is before and status in ENDED):
            time.sleep(LOOK_SECONDS)
            before, status = status, _status(instance, asked.run_id)
    os.kill(os.getpid(), signal.SIGINT)


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus | None:
    with suppress(Exception):  # a storage that is locked is asked again
        run = instance.get_run_by_id(run_id)
        return run.status if run else None
    return None
