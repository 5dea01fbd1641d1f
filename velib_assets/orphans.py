"""Runs of this machine whose process is gone: a killed `velib` command leaves its run "started".

Belongs here: marking such runs, and ending them. Dagster's own monitoring cannot tell for a run that a
command executes itself, and a run that never ends takes a place in the queue and holds up healing.
"""

import os
import socket

import dagster as dg

PROCESS = "velib/process"


def process_tag() -> dict[str, str]:
    """The tag of a run that this process executes itself."""
    return {PROCESS: f"{socket.gethostname()}:{os.getpid()}"}


def end_orphans(instance: dg.DagsterInstance) -> int:
    """Report the unfinished runs whose process is gone as failed; how many there were."""
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    ended = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        host, _, process = run.tags.get(PROCESS, "").rpartition(":")
        if host == socket.gethostname() and not _alive(int(process)):
            instance.report_run_failed(run, "The process that executed this run is gone.")
            ended += 1
    return ended


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
