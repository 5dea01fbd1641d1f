"""End the runs of `velib` commands that were killed.

A command executes its run itself, so Dagster does not notice when the process ends. The run would occupy a
slot of the queue and block healing. Runs that Dagster launches need no such tag: the code server that started
a run notices when its process ends.
"""

import os
import socket

import dagster as dg

from velib_assets.defs.own_runs import own_runs

PROCESS = "velib/process"
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tag(run_id: str) -> dict[str, str]:
    """Return the tag of a run that this process executes.

    It contains the run id, because Dagster copies the tags of a run to its retries.
    """
    return {PROCESS: f"{socket.gethostname()}:{os.getpid()}:{run_id}"}


def waits_for_retry(run: dg.DagsterRun) -> bool:
    """Return whether Dagster is about to retry a failed run. It cannot retry one that a command executed."""
    by_command = run.tags.get(PROCESS, "").endswith(f":{run.run_id}")
    return run.is_complete_and_waiting_to_retry and not by_command


def end_orphans(instance: dg.DagsterInstance) -> int:
    """End the network's unfinished runs of this machine whose process has ended; return how many.

    They fail, or end as canceled if that was requested.
    """
    ended = 0
    for run in own_runs(instance, dg.RunsFilter(statuses=UNFINISHED)):
        host, _, rest = run.tags.get(PROCESS, "").partition(":")
        process, _, run_id = rest.partition(":")
        if host == socket.gethostname() and run_id == run.run_id and not _is_alive(int(process)):
            ended += _end(instance, run_id)
    return ended


def _end(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)  # read again: it may have finished just before its process ended
    if run is None or run.is_finished:
        return False
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run)
    else:
        instance.report_run_failed(run, "The `velib` command that executed this run is gone.")
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)  # it belongs to another user
    return True
