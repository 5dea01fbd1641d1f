"""Runs a job of the definitions in this process."""

import uuid
from collections.abc import Callable, Mapping, Sequence

import dagster as dg

from velib_assets.defs.jobs import QUIET
from velib_assets.defs.maintenance.orphans import process_tag


def execute(
    add: Callable[[dg.DagsterEvent], None],
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    tags: Mapping[str, str],
    *,
    selection: Sequence[dg.AssetKey] | None = None,
    partition: str | None = None,
) -> None:
    """Run a job, tag the run with this process, and pass its events to `add`.

    Args:
        add: Takes each event.
        defs: The definitions.
        instance: The Dagster instance.
        job: The name of the job.
        tags: Tags of the run, for example those of a range of partitions.
        selection: The assets to run; None for all of the job.
        partition: The partition, if the run is not over a range.
    """
    run_id = str(uuid.uuid4())
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_config=QUIET,
        raise_on_error=False,
        run_id=run_id,
        tags={**tags, **process_tag(run_id)},
        asset_selection=selection,
        partition_key=partition,
    )
    for event in result.all_events:
        add(event)
