"""An instance with the repository's dagster.yaml, and runs on it as a daemon creates them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from velib_assets.settings import CHECKOUT
from velib_assets_tests.waiting import wait_for

WAIT_SECONDS = 60


@contextmanager
def ours(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of `make dev` in a folder of its own."""
    home.mkdir(exist_ok=True)
    shutil.copyfile(CHECKOUT / "dagster.yaml", home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def created(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    tags: dict[str, str] | None = None,
    parent: str | None = None,
) -> dg.DagsterRun:
    """A run that has not started, of a job of some_jobs.py."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("tests"), "__repository__")
    return instance.create_run_for_job(
        job,
        tags=tags,
        parent_run_id=parent,
        root_run_id=parent,
        remote_job_origin=repository.get_job_origin(job.name),
        job_code_origin=dg.reconstructable(job).get_python_origin(),
    )


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """How a run stands."""
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def wait_for_status(instance: dg.DagsterInstance, run_id: str, wanted: dg.DagsterRunStatus) -> None:
    """Until a run stands so."""
    try:
        wait_for(lambda: status(instance, run_id) is wanted, WAIT_SECONDS)
    except TimeoutError as error:
        raise AssertionError(status(instance, run_id)) from error
