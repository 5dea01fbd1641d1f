"""Runs of the daily layer in this process, and what they logged."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from velib_assets.defs.build import build_defs
from velib_assets.defs.partitions import day_range_tags
from velib_assets.lake.keys import day_text
from velib_assets.settings import Settings


def run_days(
    lake: Path,
    instance: dg.DagsterInstance,
    first: date,
    last: date | None = None,
    assets: Sequence[str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run the daily job, or some of its assets, for a day or for a range."""
    job = build_defs(Settings(lake=lake)).resolve_job_def("velib_daily")
    return job.execute_in_process(
        instance=instance,
        asset_selection=None if assets is None else [dg.AssetKey(name) for name in assets],
        partition_key=None if last else day_text(first),
        tags=day_range_tags(first, last) if last else {},
        raise_on_error=False,
    )


def written(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the metadata of the materializations of a run by asset and partition."""
    events = [
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.is_step_materialization
    ]
    return {
        (event.asset_key.to_user_string(), str(event.partition)): {
            name: value.value for name, value in event.metadata.items()
        }
        for event in events
    }


def checks(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str, str | None], dg.AssetCheckEvaluation]:
    """Return the evaluations of a run by asset, check and partition."""
    return {
        (data.asset_key.to_user_string(), data.check_name, data.partition): data
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
        for data in [event.asset_check_evaluation_data]
    }


def failed(result: dg.ExecuteInProcessResult) -> set[tuple[str, str, str | None]]:
    """Return the checks that failed in a run."""
    return {key for key, evaluation in checks(result).items() if not evaluation.passed}
