"""Running the asset graph from the command line, on the instance that the UI shows.

Belongs here: opening the instance, runs over ranges of hours, and reading what became of each hour.
"""

import fcntl
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import click
import dagster as dg

from velib_assets.defs.dagster_home import prepare_home
from velib_assets.defs.graphs import BLOCKED_BY
from velib_assets.defs.maintenance.orphans import end_orphans, process_tag
from velib_assets.defs.partitions import hour_of_key, key_of, range_tags
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, SCHEDULED_AT
from velib_assets.lake.keys import SLOT, contiguous, hour_of, slot_of
from velib_assets.lake.listing import utc_now
from velib_assets.settings import dagster_home

STARTING = timedelta(seconds=20)  # from a tick's time to the feed's answer, on a busy machine or on AWS
LAYERS = ("raw_snapshot", "clean_stations", "source_velib")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class RunSummary:
    """What became of the hours of one or more runs."""

    asked: list[datetime]
    rows: dict[datetime, int] = field(default_factory=dict)
    done: dict[datetime, set[str]] = field(default_factory=dict)
    rejected: int = 0
    warnings: dict[str, list[datetime]] = field(default_factory=dict)
    failures: dict[datetime, list[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every hour asked for ended in clean and is registered, and nothing else failed."""
        return not self.broken and len(self.clean) == len(self.asked)

    @property
    def clean(self) -> list[datetime]:
        """The hours that every layer wrote; one that has only kept an older clean file is not among them."""
        return [hour for hour in self.asked if self.done.get(hour) == set(LAYERS)]


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance in DAGSTER_HOME (default `.dagster` in the checkout); create it if needed."""
    home = dagster_home()
    if message := prepare_home(home):
        click.echo(message, err=True)
    with _alone(home):
        instance = dg.DagsterInstance.from_config(str(home))
    with instance:
        end_orphans(instance)
        yield instance


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One command at a time: of two that make Dagster's SQLite files at once, both spoil them for ever."""
    with (home / ".velib.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_hours(defs: dg.Definitions, instance: dg.DagsterInstance, hours: Iterable[datetime]) -> RunSummary:
    """Restore, clean and register hours, one run a contiguous range; then the views once."""
    report = RunSummary(sorted(hours))
    job = defs.resolve_job_def("velib_pipeline")
    for first, last in contiguous(report.asked):
        selection = [dg.AssetKey(name) for name in LAYERS]
        tags = {**range_tags(first, last), RESTORE_ONLY: "true"}
        _execute(report, job, instance, tags=tags, asset_selection=selection)
    if report.rows:
        _execute(report, defs.resolve_job_def("velib_kpi_views"), instance)
    return report


def run_tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> RunSummary:
    """One snapshot of this second, into the running hour, through the whole graph.

    Just before a slot ends it waits for the next: by the time the feed is asked, the slot would be over.
    """
    job, now = defs.resolve_job_def("velib_pipeline"), utc_now()
    if (left := slot_of(now) + SLOT - now) < STARTING:
        click.echo(f"This slot ends in {left.seconds} s: the snapshot is taken in the next one", err=True)
        sleep(left.total_seconds())
        now = utc_now()
    report = RunSummary([hour_of(now)])
    tags = {SCHEDULED_AT: now.isoformat()}
    _execute(report, job, instance, tags=tags, partition_key=key_of(hour_of(now)))
    return report


def _execute(
    report: RunSummary,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    tags: Mapping[str, str] | None = None,
    **scope: Any,  # noqa: ANN401 - handed on to execute_in_process
) -> None:
    """Run a job in this process, which its run is tagged with, and add its events to the report."""
    run_id = str(uuid.uuid4())
    result = job.execute_in_process(
        instance=instance,
        run_config=_QUIET,
        raise_on_error=False,
        run_id=run_id,
        tags={**(tags or {}), **process_tag(run_id)},
        **scope,
    )
    read_events(report, result)


def read_events(report: RunSummary, result: dg.ExecuteInProcessResult) -> None:
    """Add a run's events to a report.

    Raises:
        KeyboardInterrupt: where the run was interrupted; Dagster keeps that to itself.
    """
    for event in result.all_events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            _read_check(report, event.asset_check_evaluation_data)
        elif event.is_step_materialization:
            _read_materialization(report, event.step_materialization_data.materialization)
        elif event.is_step_failure:
            if "DagsterExecutionInterruptedError" in event.step_failure_data.error_display_string:
                raise KeyboardInterrupt
            user = event.step_failure_data.user_failure_data
            if not (user and BLOCKED_BY in user.metadata):
                report.broken.append(
                    f"{event.step_key}: {event.step_failure_data.error_display_string.strip()}"
                )


def _read_check(report: RunSummary, check: dg.AssetCheckEvaluation) -> None:
    if check.passed:
        return
    asset = check.asset_key.to_user_string()
    words = f"{asset}: {check.description}"
    if check.partition is None:
        report.broken.append(words)
    elif check.severity is dg.AssetCheckSeverity.WARN or check.check_name == "quarantined_snapshot":
        report.warnings.setdefault(words, []).append(hour_of_key(check.partition))
    else:
        report.failures.setdefault(hour_of_key(check.partition), []).append(words)


def _read_materialization(report: RunSummary, event: dg.AssetMaterialization) -> None:
    key = event.asset_key.to_user_string()
    facts = {name: value.value for name, value in event.metadata.items()}
    if event.partition and key in LAYERS:
        report.done.setdefault(hour_of_key(event.partition), set()).add(key)
    if event.partition and key == "clean_stations":
        report.rejected += _number(facts["rejected"])
    if event.partition and key == "source_velib":
        report.rows[hour_of_key(event.partition)] = _number(facts["dagster/row_count"])


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
