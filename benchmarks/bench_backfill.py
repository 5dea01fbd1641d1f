"""Measure `velib backfill` with the start of its process, on an empty lake and an empty DAGSTER_HOME.

    python benchmarks/bench_backfill.py [--archive FOLDER] [--first HOUR] [--last HOUR] [--rounds 2]
    python benchmarks/bench_backfill.py --last 2022-08-02T23 --rounds 1 --shipped --from-raw

Without an archive the hours come from the simulator. Measured are the shipped storage of Dagster's events,
and Dagster's default storage, which opens a SQLite connection for every event. With `--from-raw`, raw is
there before. The time of the daily layer is a part of the whole: both are of the same run.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml
from tabulate import tabulate

from velib_assets.defs.dagster_home import SHIPPED

STORAGES = ("shipped", "Dagster's default")
MB = 1e6
_CHILD = "--in-child"


class Hours(NamedTuple):
    """The range of hours and its source."""

    first: str
    last: str
    source: dict[str, str]


class Measured(NamedTuple):
    """One backfill: wall and CPU seconds, those of its daily layer, its most memory, bytes of files."""

    wall: float
    cpu: float
    days_wall: float
    days_cpu: float
    memory: float
    home: int
    clean: int

    def row(self, storage: str) -> tuple[str | float, ...]:
        """Return the row of the table."""
        return (
            storage,
            self.wall,
            self.cpu,
            self.wall / (self.wall - self.days_wall),
            self.cpu / (self.cpu - self.days_cpu),
            self.memory / MB,
            self.home / MB,
            self.clean / MB,
            self.home / self.clean,
        )


COLUMNS = (
    "storage",
    "s",
    "CPU s",
    "s to those without days",
    "CPU s to those without days",
    "MB of memory",
    "MB in DAGSTER_HOME",
    "MB of clean data",
    "home to clean",
)


def measure(hours: Hours, storage: str, folder: Path) -> Measured:
    """Run one backfill into the lake in `folder`, with a new DAGSTER_HOME."""
    settings = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    if storage != STORAGES[0]:
        del settings["instance_class"]
    home, lake = folder / "home", folder / "lake"
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    environ = os.environ | hours.source | {"DAGSTER_HOME": str(home), "VELIB_LAKE": str(lake)}
    start = time.perf_counter()
    command = [sys.executable, __file__, _CHILD, hours.first, hours.last]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    try:
        cpu, days_wall, days_cpu, memory = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        sys.exit(done.stderr)
    print(*done.stderr.splitlines()[-2:], sep="\n")
    return Measured(wall, cpu, days_wall, days_cpu, memory, size(home), size(lake / "clean"))


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def in_child(first: str, last: str) -> None:
    """Run `velib backfill`; print its CPU seconds, the seconds and CPU seconds of its days, its memory."""
    from velib_assets.cli import day_runs, runs
    from velib_assets.cli.commands import main as velib

    took = [0.0, 0.0]

    def timed(*arguments: object) -> object:
        wall, cpu = time.perf_counter(), time.process_time()
        summary = day_runs.run_days(*arguments)  # type: ignore[arg-type]
        took[:] = time.perf_counter() - wall, time.process_time() - cpu
        return summary

    vars(runs)["run_days"] = timed
    try:
        velib(["backfill", first, last], standalone_mode=False)
    finally:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([time.process_time(), *took, memory]))


def main() -> None:
    """Alternate between both storages; print the fastest of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--first", default="2022-06-04T00")
    parser.add_argument("--last", default="2022-06-05T23")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shipped", action="store_true", help="leave out Dagster's default storage")
    parser.add_argument("--from-raw", action="store_true", help="restore raw before")
    chosen = parser.parse_args()
    source = {"VELIB_SOURCE": "simulator"}
    if chosen.archive:
        source = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(chosen.archive)}
    hours = Hours(chosen.first, chosen.last, source)
    measured: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "before", "lake", "raw")
        if chosen.from_raw:
            raw.parents[1].mkdir()
            measure(hours, STORAGES[0], raw.parents[1])
        for number in range(chosen.rounds):
            for storage in STORAGES[: 1 if chosen.shipped else 2]:
                here = Path(folder, f"{number} {storage}")
                here.mkdir()
                if chosen.from_raw:
                    shutil.copytree(raw, here / "lake" / "raw")
                measured.setdefault(storage, []).append(measure(hours, storage, here))
                shutil.rmtree(here)
    rows = [min(found).row(storage) for storage, found in measured.items()]
    print(tabulate(rows, COLUMNS, floatfmt=".2f"))


if __name__ == "__main__":
    if sys.argv[1:2] == [_CHILD]:
        in_child(*sys.argv[2:])
    else:
        main()
