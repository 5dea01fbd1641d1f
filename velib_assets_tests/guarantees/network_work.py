"""What the process of one network does in a Dagster instance that several networks share.

Each function works in the folder that `in_folder` has set: it has one home, and a lake per network.
"""

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import dagster as dg

from velib_assets.defs.asset_keys import asset_key
from velib_assets.defs.build import build_defs
from velib_assets.defs.maintenance import maintenance_job
from velib_assets.defs.maintenance.orphans import PROCESS
from velib_assets.defs.reconciliation import views_are_known
from velib_assets.defs.schedule_state import switched_on_at
from velib_assets.defs.sensors import staleness_sensor
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import KEY
from velib_assets.settings import Settings
from velib_assets_tests.cli.network_commands import outcome_of
from velib_assets_tests.defs.maintenance.test_maintenance import REPOSITORY, sensor_at
from velib_assets_tests.defs.schedule_switch import switch

Status = dg.DagsterRunStatus
KILLED = "killed"
_cursors: dict[tuple[str, str], str | None] = {}


class Round(NamedTuple):
    """One evaluation of a sensor: its requests (job, assets, tags), and why it made none."""

    requests: list[tuple[str | None, list[str], dict[str, str]]]
    reason: str


def in_folder(
    folder: Path, work: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Do something in a folder with the home, the lakes and the alerts of the networks."""
    os.environ |= {
        "DAGSTER_HOME": str(folder / "home"),
        "VELIB_LAKE": str(folder / KEY),
        "VELIB_ALERTS": f"file:{folder / KEY}.alerts",
    }
    return work(*arguments, **named)


@contextmanager
def home() -> Iterator[dg.DagsterInstance]:
    """Open the home as the daemon does: a command would end the network's killed runs."""
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        yield instance


def definitions() -> dg.Definitions:
    return build_defs(Settings.from_env())


def networks_of_jobs() -> dict[str, str]:
    """Return the network in the tags of each job's runs."""
    jobs = definitions().get_repository_def().get_all_jobs()
    return {job.name: job.run_tags.get("velib/network", "") for job in jobs if not job.name.startswith("__")}


def velib(*arguments: str) -> tuple[int, str]:
    """Run a command; return its exit status and its output."""
    done = outcome_of([*arguments])
    return done["status"], done["out"] + done["err"] + done["failure"]


def evaluate(sensor: str, later: timedelta = timedelta()) -> Round:
    """Evaluate a sensor of the network once, as the daemon does; the staleness sensor's clock is `later`."""
    repository, known = definitions().get_repository_def(), (os.environ["DAGSTER_HOME"], sensor)
    with home() as instance, patch.object(staleness_sensor, "utc_now", lambda: utc_now() + later):
        context = dg.build_sensor_context(
            instance=instance, cursor=_cursors.get(known), repository_def=repository
        )
        data = repository.get_sensor_def(f"{KEY}_{sensor}").evaluate_tick(context)
        _cursors[known] = data.cursor
    requests = [
        (
            request.job_name,
            sorted(key.to_user_string() for key in request.asset_selection or ()),
            dict(request.tags),
        )
        for request in data.run_requests or ()
    ]
    return Round(requests, data.skip_message or "")


def start_runs() -> dict[str, str]:
    """Create runs in every state; return the id per state, of a job's and of chosen assets'."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    made = {}
    defs = definitions()
    pipeline = defs.resolve_job_def(f"{KEY}_pipeline")
    chosen = defs.resolve_implicit_global_asset_job_def()
    selection = frozenset({asset_key("raw_snapshot")})
    with home() as instance:
        for kind, job in (("job", pipeline), ("assets", chosen)):
            for state in (Status.QUEUED, Status.STARTED, Status.CANCELING, Status.FAILURE, KILLED):
                run_id = str(uuid.uuid4())
                gone = {PROCESS: f"{socket.gethostname()}:{process.pid}:{run_id}"} if state == KILLED else {}
                instance.create_run_for_job(
                    job,
                    run_id=run_id,
                    status=Status.STARTED if state in (KILLED, Status.FAILURE) else state,
                    tags={**job.run_tags, **gone},
                    asset_selection=selection if job is chosen else None,
                    remote_job_origin=REPOSITORY.get_job_origin(job.name),
                )
                if state is Status.FAILURE:
                    instance.report_run_failed(_run(instance, run_id), "a test")
                made[f"{kind} {getattr(state, 'value', state)}"] = run_id
    return made


def has_seen_views() -> bool:
    """Return whether the home knows every view of the network."""
    with home() as instance:
        return views_are_known(instance)


def switch_schedule(moment: datetime, *, on: bool) -> None:
    """Switch the network's schedule on or off, as the UI does."""
    with home() as instance:
        switch(instance, moment, on=on)


def schedule_is_on_since() -> datetime | None:
    with home() as instance:
        return switched_on_at(instance)


def start_alerts_over() -> None:
    """Set the alert sensor back to before all runs: it has yet to report them."""
    with home() as instance:
        sensor_at(instance, '{"since": 0}', name=f"{KEY}_alerts")


def maintain(days: int = 0) -> tuple[bool, str]:
    """Run the maintenance of so many days later; return whether it succeeded, and its run."""
    job = definitions().resolve_job_def(f"{KEY}_maintenance")
    now = utc_now() + timedelta(days=days)
    with home() as instance, patch.object(maintenance_job, "utc_now", lambda: now):
        done = job.execute_in_process(instance=instance, raise_on_error=False)
    return done.success, done.run_id


def _run(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run
    return run
