"""Measures what the report adds to a tick, with two days and with a year of history, and its file sizes.

    PYTHONPATH=. python benchmarks/bench_report.py [--rounds 5]

The lakes hold 1,450 simulated stations with a snapshot every 15 minutes. Both have the same newest two days;
the year before consists of copies of one of them, and each of its days has its daily KPIs. Each round reads
the views, as the tick's other assets do, then builds the report, which is measured. The first round of each
lake is a warm-up; it also caches the typical week, the areas and the numbers of days.
"""

import argparse
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from bench_tick import link, make_day
from tabulate import tabulate

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    HOUR,
    REPORT_KEY,
    clean_key,
    daily_kpi_key,
    hour_of,
    raw_key,
    raw_time,
    source_prefix,
)
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY, local_day_of
from velib_assets.query.cached_state import newest_state
from velib_assets.query.kpis import VIEWS
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import write_report
from velib_assets.resources import Resources, build_resources
from velib_assets.settings import Settings
from velib_assets_tests.report.stored_days import network_day, station_day, write_day

HISTORIES = ("two days", "year")


def make_year(lake: Path, recent: Path) -> None:
    """Link the two days, and 363 copies of the older one before them."""
    parts, entries = LocalCatalog(recent).partitions(), []
    for back in range(364):
        for part in parts if not back else parts[:24]:
            then = part.hour - timedelta(days=back)
            link(recent / part.key, lake / clean_key(then))
            entries.append(part._replace(hour=then, key=clean_key(then)))
    for item in FolderStore(recent).walk(source_prefix("raw")):
        taken = raw_time(item.key)
        for back in range(364 if taken and hour_of(taken) <= parts[23].hour else 1):
            if taken:
                link(recent / item.key, lake / raw_key(taken - timedelta(days=back)))
    LocalCatalog(lake).register(entries)


def store_days(lake: Path, last: date, count: int) -> None:
    """Store days of the daily KPIs with the stations of the newest hour, the last one first."""
    newest = max(LocalCatalog(lake).partitions(), key=lambda part: part.hour)
    codes = sorted(set(pq.read_table(lake / newest.key, columns=["station_id"]).column(0).to_pylist()))
    stations = [station_day(code, n % 90, n % 70, n % 40) for n, code in enumerate(codes)]
    write_day(lake, last, network_day(), stations)
    for name in ("kpi_daily_network", "kpi_daily_station"):
        for back in range(1, count):
            link(lake / daily_kpi_key(name, last), lake / daily_kpi_key(name, last - back * DAY))


def report_seconds(resources: Resources) -> tuple[float, float]:
    """Return wall and CPU seconds of one report, after reading the views."""
    for view in VIEWS:
        newest_state(view, resources.query_engine, resources.catalog, resources.lake)
    wall, cpu = time.perf_counter(), time.process_time()
    write_report(
        resources.lake, load_report_data(resources.query_engine, resources.catalog, resources.lake, utc_now())
    )
    return time.perf_counter() - wall, time.process_time() - cpu


def sizes(lake: Path) -> str:
    """Return the size of the page and of all exports."""
    page = (lake / REPORT_KEY).stat().st_size
    exports = sum(file.stat().st_size for file in (lake / REPORT_KEY).parent.glob("data/*"))
    return f"page {page:,} bytes, exports {exports:,} bytes"


def main() -> None:
    """Create both lakes, measure them in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        root, last = Path(folder), hour_of(utc_now()) - HOUR
        make_day(root / "two days", last, 48)
        make_year(root / "year", root / "two days")
        for name, days in (("two days", 1), ("year", 365)):
            store_days(root / name, local_day_of(last) - DAY, days)
        lakes = {name: build_resources(Settings(lake=root / name, source="simulator")) for name in HISTORIES}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in lakes}
        for _ in range(rounds + 1):
            for name, resources in lakes.items():
                taken[name].append(report_seconds(resources))
        wall, cpu = (
            {name: statistics.median(pair[index] for pair in pairs[1:]) for name, pairs in taken.items()}
            for index in (0, 1)
        )
        rows = [
            (
                name,
                f"{wall[name]:.2f}",
                f"{cpu[name]:.2f}",
                f"{wall[name] / wall[HISTORIES[0]]:.2f}",
                sizes(root / name),
            )
            for name in lakes
        ]
    print(tabulate(rows, ["history", "seconds", "CPU seconds", "ratio", "files"]))


if __name__ == "__main__":
    main()
