"""A tick in a forked process, which tells what it found imported and what it had to import."""

import sys
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg


def imported(answer: Connection, lake: Path) -> None:
    """Sends the names of the modules that are there before, and of those that a simulated tick adds."""
    before = set(sys.modules)
    from velib_assets.build import build_defs
    from velib_assets.core.layout import hour_of
    from velib_assets.partitions import key_of
    from velib_assets.runtime.lake import utc_now
    from velib_assets.settings import Settings

    job = build_defs(Settings(lake=lake, source="simulator")).resolve_job_def("velib_pipeline")
    with dg.DagsterInstance.local_temp(str(lake.with_name("home"))) as instance:
        job.execute_in_process(instance=instance, partition_key=key_of(hour_of(utc_now())))
    answer.send((before, set(sys.modules) - before))
