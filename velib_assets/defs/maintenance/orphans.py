"""Runs of this machine whose process is gone: a killed `velib` command leaves its run "started".

Belongs here: marking such runs, and ending them. Dagster's own monitoring cannot tell for a run that a
command executes itself, nor for one that was forked here: a run that never ends takes a place in the queue
and holds up healing.
"""

import os
import socket

import dagster as dg

PROCESS = "velib/process"
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tag(run_id: str, process: int | None = None) -> dict[str, str]:
    """The tag of a run that a process of this machine executes: this one, or the one of that number.

    It names the run, for Dagster copies the tags of a run to the one that tries it again.
    """
    return {PROCESS: f"{socket.gethostname()}:{process or os.getpid()}:{run_id}"}


def end_orphans(instance: dg.DagsterInstance) -> int:
    """Report the unfinished runs whose process is gone: failed, or canceled if asked for; how many."""
    ended = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        host, _, rest = run.tags.get(PROCESS, "").partition(":")
        process, _, of = rest.partition(":")
        if host == socket.gethostname() and of == run.run_id and not _alive(int(process)):
            ended += _end(instance, run.run_id)
    return ended


def _end(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)  # anew: it may have ended just before its process did
    if run is None or run.is_finished:
        return False
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run)
    else:
        where = "Its logs or the daemon's output have what it wrote."
        instance.report_run_failed(run, f"The process that executed this run is gone. {where}")
    return True


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
