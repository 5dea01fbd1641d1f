"""Dagster instances with the shipped dagster.yaml, a job to run on them, and the status of a run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from velib_assets.defs.dagster_home import SHIPPED


@dg.op
def log_a_line(context: dg.OpExecutionContext) -> None:
    context.log.info("a line")


@dg.job(executor_def=dg.in_process_executor)
def small_job() -> None:
    """One step that logs a line."""
    log_a_line()


@contextmanager
def instance_in(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open an instance in a folder, as `make dev` does."""
    home.mkdir(exist_ok=True)
    shutil.copyfile(SHIPPED, home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status
