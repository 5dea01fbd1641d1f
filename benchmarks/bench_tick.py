"""Measure a tick: through the daemon from schedule to KPIs, and its work with a day and a year of history.

    python benchmarks/bench_tick.py [--ticks 3]

The history is simulated: 28 hours, and for a year hard links to them under the names of a year.
The daemon part ticks every minute (15 are too long to wait for) on the lake with a day.
The other part runs the same graph in this process, alternating between both lakes, and counts with strace,
if it is installed, how many files of the lake a tick opens.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from tabulate import tabulate

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.build import build_defs
from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.defs.partitions import key_of
from velib_assets.defs.raw_snapshot import SCHEDULED_AT
from velib_assets.ingest.step import store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, clean_key, hour_of, raw_key, raw_time
from velib_assets.lake.listing import raw_objects, utc_now
from velib_assets.query.kpis import KPIS
from velib_assets.settings import Settings
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.ui.servers import dagster_dev

HOURS = 28  # more than the views over a day look back
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def make_day(lake: Path, last: datetime, count: int = HOURS) -> None:
    """Write `count` hours up to `last`, cleaned and registered."""
    store, feed, catalog = FolderStore(lake), Simulator(), LocalCatalog(lake)
    hours = [last - n * HOUR for n in range(count - 1, -1, -1)]
    for hour in hours:
        for snapshot in feed.recorded(hour):
            store_or_quarantine(store, snapshot.response, snapshot.taken_at, hour)
    for result in LocalCleanJob(store).run(hours):
        if result.cleaned:
            cleaned = result.cleaned
            catalog.register(
                [Partition(cleaned.hour, clean_key(cleaned.hour), cleaned.rows, cleaned.size, cleaned.digest)]
            )


def make_year(lake: Path, day: Path, last: datetime) -> None:
    """Link the same 28 hours, and the newest 24 of them under the names of the year before."""
    store, catalog = FolderStore(day), LocalCatalog(lake)
    known, entries = {part.hour: part for part in LocalCatalog(day).partitions()}, []
    for back in range(366):
        for n in range(24 if back else HOURS):
            hour = last - n * HOUR
            then = hour - timedelta(days=back)
            if back and then > last - HOURS * HOUR:
                continue
            for item in raw_objects(store, hour):
                taken = raw_time(item.key)
                if taken:
                    link(day / item.key, lake / raw_key(taken - timedelta(days=back)))
            link(day / clean_key(hour), lake / clean_key(then))
            entries.append(known[hour]._replace(hour=then, key=clean_key(then)))
    catalog.register(entries)


def link(source: Path, target: Path) -> None:
    """Give a file a second name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.hardlink_to(source)


def step_seconds(settings: Settings, instance: dg.DagsterInstance) -> float:
    """Run one tick in this process and return the sum of its steps' seconds."""
    result = (
        build_defs(settings)
        .resolve_job_def("velib_pipeline")
        .execute_in_process(instance=instance, partition_key=key_of(hour_of(utc_now())), run_config=QUIET)
    )
    return sum(e.step_success_data.duration_ms for e in result.all_events if e.is_step_success) / 1000


def files_opened(lake: Path) -> str:
    """Count the files of the lake that one `velib tick` opens."""
    if not shutil.which("strace"):
        return "strace is not installed"
    # Both are beside the lake, whose files are counted.
    home, trace = lake.with_suffix(".home"), lake.with_suffix(".trace")
    environ = os.environ | {"VELIB_LAKE": str(lake), "DAGSTER_HOME": str(home), "VELIB_SOURCE": "simulator"}
    command = ["strace", "-f", "-qq", "-e", "trace=openat,open", "-o", str(trace)]
    velib = [sys.executable, "-m", "velib_assets.cli.commands", "tick"]
    subprocess.run([*command, *velib], check=True, capture_output=True, env=environ)
    lines = [
        line for line in trace.read_text().splitlines() if "O_DIRECTORY" not in line and " = -1" not in line
    ]
    opened = {path for line in lines for path in re.findall(r'"([^"]+)"', line) if path.startswith(str(lake))}
    return str(len({path for path in opened if ".tmp" not in path and "-journal" not in path}))


def through_the_daemon(lake: Path, home: Path, ticks: int) -> list[tuple[float, float]]:
    """Return the seconds from each tick's scheduled time to the last of the five KPIs, and to its end."""
    home.mkdir()
    shutil.copyfile(SHIPPED, home / "dagster.yaml")
    environ = {"VELIB_LAKE": str(lake), "VELIB_SOURCE": "simulator", "VELIB_SCHEDULE": "on"}

    def succeeded() -> bool:
        ticked = [run for run in server.runs() if SCHEDULED_AT in run["tags"] and run["status"] == "SUCCESS"]
        return len(ticked) >= ticks

    with dagster_dev(home, environ, "-m", "velib_assets_tests.ui.every_minute") as server:
        server.wait(
            f"{ticks} ticks", succeeded, 60 * (ticks + 2), pause=5
        )  # polling takes CPU time from the tick
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return [
            _seconds(instance, run)
            for run in instance.get_runs()
            if run.is_success and SCHEDULED_AT in run.tags
        ]


def _seconds(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[float, float]:
    start = datetime.fromisoformat(run.tags[SCHEDULED_AT]).timestamp()
    kpis = {dg.AssetKey(kpi.name) for kpi in KPIS}
    materializations = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    last = max(record.timestamp for record in materializations if record.asset_key in kpis)
    return last - start, (instance.get_run_stats(run.run_id).end_time or 0) - start


def main() -> None:
    """Write both lakes, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ticks", type=int, default=3)
    ticks = parser.parse_args().ticks
    with tempfile.TemporaryDirectory() as folder:
        root, last = Path(folder), hour_of(utc_now()) - HOUR
        make_day(root / "day", last)
        make_year(root / "year", root / "day", last)
        seconds: dict[str, list[float]] = {"day": [], "year": []}
        (root / "home").mkdir()
        with dg.DagsterInstance.local_temp(str(root / "home")) as instance:
            for _ in range(ticks + 1):  # the first of each only warms up
                for name, durations in seconds.items():
                    settings = Settings(lake=root / name, source="simulator")
                    durations.append(step_seconds(settings, instance))
        median = {name: statistics.median(durations[1:]) for name, durations in seconds.items()}
        opened = {name: files_opened(root / name) for name in median}
        rows = [
            (name, f"{median[name]:.2f}", f"{median[name] / median['day']:.2f}", opened[name])
            for name in median
        ]
        print(tabulate(rows, ["history", "summed step seconds", "ratio", "files of the lake opened"]))
        daemon = through_the_daemon(root / "day", root / "daemon", ticks)
    kpis, end = (
        ", ".join(f"{seconds:.1f}" for seconds in sorted(durations))
        for durations in zip(*daemon, strict=True)
    )
    print(
        f"\nthrough the daemon, seconds from the scheduled time to the KPIs: {kpis}; to the run's end: {end}"
    )


if __name__ == "__main__":
    main()
