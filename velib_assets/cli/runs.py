"""Runs of the asset graph in this process, on the Dagster instance that the UI shows."""

import fcntl
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep

import click
import dagster as dg

from velib_assets.catalog.removal import described_otherwise, remove_hour
from velib_assets.cli.day_runs import DaySummary, closed_days, outdated_days_of, run_days
from velib_assets.cli.execution import execute
from velib_assets.cli.home_errors import home_explained
from velib_assets.defs.asset_keys import asset_key, asset_keys, asset_name
from velib_assets.defs.dagster_home import open_home
from velib_assets.defs.graphs import step_error
from velib_assets.defs.jobs import KPI_JOB, PIPELINE_JOB
from velib_assets.defs.maintenance.orphans import end_orphans
from velib_assets.defs.partitions import hour_of_key, key_of, range_tags
from velib_assets.defs.raw_snapshot import RESTORE_ONLY, SCHEDULED_AT
from velib_assets.history.retired_days import reopen_days
from velib_assets.home_lakes import LOCK
from velib_assets.lake.disk_errors import explained
from velib_assets.lake.keys import SLOT, contiguous, hour_of, slot_of
from velib_assets.lake.listing import has_usable_raw, utc_now
from velib_assets.lake.schema import TABLE
from velib_assets.resources import Resources
from velib_assets.settings import Settings, dagster_home
from velib_assets.stations.register_file import load_or_empty

# From the start of a tick to the feed's response, on a busy machine or on AWS.
STARTING = timedelta(seconds=20)
LAYERS = ("raw_snapshot", "clean_stations", TABLE)


@dataclass
class RunSummary:
    """What became of the requested hours in one or more runs."""

    requested: list[datetime]
    rows: dict[datetime, int] = field(default_factory=dict)
    written: dict[datetime, set[str]] = field(default_factory=dict)  # the layers that wrote an hour
    rejected: int = 0
    warnings: dict[str, list[datetime]] = field(default_factory=dict)
    failures: dict[datetime, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)  # failures that concern no single hour
    layers: tuple[str, ...] = LAYERS  # those that were run
    days: DaySummary = field(default_factory=DaySummary)  # the daily layer of the hours

    @property
    def ok(self) -> bool:
        """Whether every requested hour was cleaned and registered, its closed days built, nothing failed."""
        return not self.errors and len(self.clean) == len(self.requested) and self.days.ok

    @property
    def clean(self) -> list[datetime]:
        """The hours that every layer wrote, which excludes those that kept an older clean file."""
        return [hour for hour in self.requested if self.written.get(hour) == set(self.layers)]

    def forget(self, hours: Collection[datetime]) -> None:
        """Forget the warnings about hours that run again."""
        kept = {text: [hour for hour in about if hour not in hours] for text, about in self.warnings.items()}
        self.warnings = {text: about for text, about in kept.items() if about}

    def add(self, event: dg.DagsterEvent) -> None:
        """Add an event of a run.

        Raises:
            KeyboardInterrupt: The run was interrupted, which Dagster reports only as an event.
        """
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._add_check(event.asset_check_evaluation_data)
        elif event.is_step_materialization:
            self._add_materialization(event.step_materialization_data.materialization)
        elif event.is_step_failure:
            if "DagsterExecutionInterruptedError" in event.step_failure_data.error_display_string:
                raise KeyboardInterrupt
            self.errors.append(step_error(event))

    def _add_check(self, check: dg.AssetCheckEvaluation) -> None:
        if check.passed:
            return
        message = f"{check.asset_key.to_user_string()}: {check.description}"
        if check.partition is None:
            self.errors.append(message)
        elif check.severity is dg.AssetCheckSeverity.WARN or check.check_name == "quarantined_snapshot":
            self.warnings.setdefault(message, []).append(hour_of_key(check.partition))
        else:
            self.failures.setdefault(hour_of_key(check.partition), []).append(message)

    def _add_materialization(self, event: dg.AssetMaterialization) -> None:
        layer = asset_name(event.asset_key)
        if not event.partition or layer not in LAYERS:
            return
        hour = hour_of_key(event.partition)
        self.written.setdefault(hour, set()).add(layer)
        if layer == "clean_stations":
            self.rejected += _count(event, "rejected")
        elif layer == TABLE:
            self.rows[hour] = _count(event, "dagster/row_count")


def _count(event: dg.AssetMaterialization, name: str) -> int:
    value = event.metadata[name].value
    return value if isinstance(value, int) else 0


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance in DAGSTER_HOME, by default in the lake; create it if needed.

    Raises:
        SettingsError: DAGSTER_HOME belongs to another lake.
    """
    home = dagster_home(settings)
    with home_explained(home):
        with explained(home):
            _, messages = open_home(settings)
            for message in messages:
                click.echo(message, err=True)
            with (home / LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # two commands that create SQLite files at once corrupt them
                instance = dg.DagsterInstance.from_config(str(home))
        with instance:
            end_orphans(instance)
            yield instance


def run_hours(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    hours: Iterable[datetime],
    resources: Resources | None = None,
) -> RunSummary:
    """Restore, clean and register hours in one run per contiguous range, then refresh the views once.

    A run does not know the descriptions that a later one brings. With `resources`, its hours are then
    cleaned again, and the closed days of all hours are built; otherwise healing does both.
    """
    summary = RunSummary(sorted(hours))
    _execute_hours(summary, defs, instance, summary.requested)
    if resources and len(contiguous(summary.requested)) > 1:
        outdated = described_otherwise(resources.lake, resources.catalog, summary.requested)
        again = [hour for hour in outdated if hour in summary.rows]
        summary.forget(again)
        _execute_hours(summary, defs, instance, again)
    if resources:
        summary.days = run_days(defs, instance, closed_days(summary.rows))
    if summary.rows:
        execute(summary.add, defs, instance, KPI_JOB.name, {})
    return summary


def run_tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> RunSummary:
    """Take one snapshot now and run the whole graph for the current hour.

    Just before a slot ends, wait for the next one: the feed's response would come too late.
    """
    now = utc_now()
    if (left := slot_of(now) + SLOT - now) < STARTING:
        click.echo(f"This slot ends in {left.seconds} s: waiting for the next one", err=True)
        sleep(left.total_seconds())
        now = utc_now()
    summary = RunSummary([hour_of(now)])
    tags = {SCHEDULED_AT: now.isoformat()}
    execute(summary.add, defs, instance, PIPELINE_JOB.name, tags, partition=key_of(hour_of(now)))
    return summary


def run_views(defs: dg.Definitions, instance: dg.DagsterInstance) -> RunSummary:
    """Refresh the views and the report."""
    summary = RunSummary([])
    execute(summary.add, defs, instance, KPI_JOB.name, {})
    return summary


def run_discard(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    resources: Resources,
    hours: Iterable[datetime],
    message: str,
) -> tuple[RunSummary, list[datetime]]:
    """Bring hours up to date after snapshots were discarded: clean what is left, or remove the hour.

    Nothing is taken or restored. Dagster cannot mark a partition as not materialized: each hour gets an
    observation with `message` instead.

    Returns:
        The summary of the hours that were cleaned, also those that the station register now describes
        otherwise, and the hours that were removed.
    """
    lake, catalog, all_hours = resources.lake, resources.catalog, sorted(hours)
    reopened = {*reopen_days(lake, {hour.date() for hour in all_hours})} - {*all_hours}
    hours_left = [hour for hour in sorted({*all_hours, *reopened}) if has_usable_raw(lake, hour)]
    summary = RunSummary(hours_left, layers=LAYERS[1:])
    before = load_or_empty(lake).register
    _execute_hours(summary, defs, instance, summary.requested)
    unusable = [hour for hour in all_hours if not has_usable_raw(lake, hour)]
    removed = [hour for hour in unusable if remove_hour(lake, catalog, hour)]
    described = described_otherwise(lake, catalog, all_hours, before)
    _execute_hours(summary, defs, instance, described)
    summary.requested = sorted({*all_hours, *hours_left, *described} - {*removed})
    summary.days = run_days(defs, instance, outdated_days_of(resources, {*all_hours, *described}))
    for hour in removed:
        summary.failures.pop(hour, None)
    for hour in all_hours:
        for name in (*LAYERS, "stations") if hour in removed else LAYERS[:1]:
            instance.report_runless_asset_event(
                dg.AssetObservation(asset_key(name), partition=key_of(hour), description=message)
            )
    execute(summary.add, defs, instance, KPI_JOB.name, {})
    return summary, removed


def _execute_hours(
    summary: RunSummary, defs: dg.Definitions, instance: dg.DagsterInstance, hours: Sequence[datetime]
) -> None:
    """Run the layers of the summary, and the station register, over hours: a run per contiguous range."""
    layers = asset_keys(*summary.layers, "stations")
    for first, last in contiguous(hours):
        tags = {**range_tags(first, last), RESTORE_ONLY: "true"}
        execute(summary.add, defs, instance, PIPELINE_JOB.name, tags, selection=layers)
