"""Measure `velib backfill` with the start of its process, on an empty lake and an empty DAGSTER_HOME.

    python benchmarks/bench_backfill.py [--archive FOLDER] [--first HOUR] [--last HOUR] [--rounds 2]

Without an archive the hours come from the simulator. Measured are the pooled storage and Dagster's
default storage, which opens a SQLite connection for every event.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml
from tabulate import tabulate

from velib_assets.defs.dagster_home import SHIPPED

STORAGES = ("pooled", "Dagster's default")


class Hours(NamedTuple):
    """The range of hours and its source."""

    first: str
    last: str
    source: dict[str, str]


def seconds_of(hours: Hours, storage: str) -> tuple[float, str]:
    """Run one backfill; return its wall seconds and its last line."""
    settings = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    if storage != "pooled":
        del settings["instance_class"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        (home / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        environ = (
            os.environ | hours.source | {"DAGSTER_HOME": str(home), "VELIB_LAKE": str(Path(folder, "lake"))}
        )
        velib = [sys.executable, "-m", "velib_assets.cli.commands", "backfill"]
        start = time.perf_counter()
        done = subprocess.run(
            [*velib, hours.first, hours.last], env=environ, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - start
    lines = [line for line in done.stderr.splitlines() if line.endswith("rejected")]
    if not lines:
        sys.exit(done.stderr)
    return took, lines[-1]


def main() -> None:
    """Alternate between both storages; print the times and the ratio of the fastest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--first", default="2022-06-04T00")
    parser.add_argument("--last", default="2022-06-05T23")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    source = {"VELIB_SOURCE": "simulator"}
    if chosen.archive:
        source = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(chosen.archive)}
    hours, took, lines = Hours(chosen.first, chosen.last, source), dict[str, list[float]](), set[str]()
    for _ in range(chosen.rounds):
        for storage in STORAGES:
            wall, line = seconds_of(hours, storage)
            took.setdefault(storage, []).append(wall)
            lines.add(line)
    print(*lines, sep="\n")
    fastest = {storage: min(walls) for storage, walls in took.items()}
    rows = [
        (
            storage,
            ", ".join(f"{wall:.1f}" for wall in walls),
            f"{fastest[storage] / fastest[STORAGES[1]]:.2f}",
        )
        for storage, walls in took.items()
    ]
    print(tabulate(rows, ("storage", "s a backfill", "ratio of the fastest")))


if __name__ == "__main__":
    main()
