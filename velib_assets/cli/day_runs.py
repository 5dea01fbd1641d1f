"""Runs of the daily layer in this process: the closed days that a command touched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import dagster as dg

from velib_assets.cli.execution import execute
from velib_assets.defs.asset_keys import asset_name
from velib_assets.defs.daily_jobs import DAILY_JOB
from velib_assets.defs.graphs import step_error
from velib_assets.defs.partitions import day_range_tags, day_ranges
from velib_assets.defs.station_history import DAYS, MONTHS
from velib_assets.history.currency import newest_closed_day, outdated_days
from velib_assets.lake.keys import day_text, parse_day
from velib_assets.resources import Resources


@dataclass
class DaySummary:
    """What became of the requested UTC days, their months and their daily KPIs in one or more runs."""

    requested: list[date] = field(default_factory=list)
    rows: dict[date, int] = field(default_factory=dict)  # of the history of each day
    bytes: int = 0
    removed: list[str] = field(default_factory=list)  # days and months
    warnings: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # by check, then message: periods
    failures: dict[str, list[str]] = field(default_factory=dict)  # by day or month
    errors: list[str] = field(default_factory=list)  # failures that concern no single day

    @property
    def ok(self) -> bool:
        """Whether the history of each requested day is there or had to go, and nothing failed."""
        done = {*self.rows, *(parse_day(text) for text in self.removed if len(text) > len("2022-06"))}
        return not self.errors and not self.failures and done.issuperset(self.requested)

    def add(self, event: dg.DagsterEvent) -> None:
        """Add an event of a run.

        Raises:
            KeyboardInterrupt: The run was interrupted, which Dagster reports only as an event.
        """
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._add_check(event.asset_check_evaluation_data)
        elif event.is_step_materialization:
            self._add_materialization(event.step_materialization_data.materialization)
        elif event.event_type is dg.DagsterEventType.ASSET_OBSERVATION:
            seen = event.asset_observation_data.asset_observation
            if seen.partition and asset_name(seen.asset_key) in (DAYS, MONTHS):
                self.removed.append(seen.partition)
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
        elif check.check_name == "slot_coverage":
            return  # the warnings of the hours name each missing slot
        elif check.severity is dg.AssetCheckSeverity.WARN:
            by_message = self.warnings.setdefault(check.check_name, {})
            by_message.setdefault(message, []).append(check.partition)
        else:
            self.failures.setdefault(check.partition, []).append(message)

    def _add_materialization(self, event: dg.AssetMaterialization) -> None:
        if asset_name(event.asset_key) == DAYS and event.partition:
            self.rows[parse_day(event.partition)] = int(str(event.metadata["dagster/row_count"].value))
            self.bytes += int(str(event.metadata["bytes"].value))


def closed_days(hours: Iterable[datetime]) -> list[date]:
    """Return the UTC days of these hours that are over, oldest first."""
    newest = newest_closed_day()
    return sorted({hour.date() for hour in hours if hour.date() <= newest})


def outdated_days_of(resources: Resources, hours: Iterable[datetime]) -> list[date]:
    """Return the closed UTC days of these hours whose history is not current, oldest first.

    Raises:
        OSError, CatalogError: The lake or the catalog cannot be read.
    """
    days = closed_days(hours)
    outdated = outdated_days(resources.lake, resources.catalog, days[0], days[-1]) if days else {}
    return [day for day in days if day in outdated]


def run_days(defs: dg.Definitions, instance: dg.DagsterInstance, days: Sequence[date]) -> DaySummary:
    """Build the history, the complete months and the daily KPIs of UTC days: a run per contiguous range."""
    summary = DaySummary(list(days))
    for first, last in day_ranges(days):
        one = day_text(first) if first == last else None
        tags = {} if one else day_range_tags(first, last)
        execute(summary.add, defs, instance, DAILY_JOB.name, tags, partition=one)
    return summary
