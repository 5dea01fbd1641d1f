"""A tick in a forked process, which prints what it found imported and what it had to import.

    python -m velib_assets_tests.defs.launching.a_tick FOLDER

A command of its own, for a process has one server that it forks from, and other tests use theirs.
"""

import json
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg

from velib_assets.defs.launching.launcher import FORKS, ForkRunLauncher


def tick(folder: Path, answer: Connection) -> None:
    """Sends the names of the modules that are there before, and of those that a simulated tick adds."""
    before = set(sys.modules)
    from velib_assets.defs.build import build_defs
    from velib_assets.defs.partitions import key_of
    from velib_assets.lake.keys import hour_of
    from velib_assets.lake.listing import utc_now
    from velib_assets.settings import Settings

    job = build_defs(Settings(lake=folder / "lake", source="simulator")).resolve_job_def("velib_pipeline")
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        job.execute_in_process(instance=instance, partition_key=key_of(hour_of(utc_now())))
    answer.send((sorted(before), sorted(set(sys.modules) - before)))


def main() -> None:
    """Fork, wait, print."""
    ForkRunLauncher().warm_up()
    answer, told = FORKS.Pipe(duplex=False)
    FORKS.Process(target=tick, args=(Path(sys.argv[1]), told)).start()
    sys.stdout.write(json.dumps(answer.recv()) + "\n")


if __name__ == "__main__":
    main()
