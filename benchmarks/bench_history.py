"""The history against the hourly files: bytes a row, rows a second, memory, and queries over a year.

    python benchmarks/bench_history.py [--lake DIR] [--recorded DIR] [--rounds 5]

The year is a simulated month of quarter-hours, cleaned, whose hourly files are repeated in the other months.
It is made once, in the folder of `--lake` (2.5 GB, some minutes). `--recorded` is a folder of recorded
snapshots: their bytes a row are printed too, because real stations change less regularly than simulated ones.

Everything is measured in one run, so its ratios can be compared. On a busy machine, only those of the CPU
seconds tell something.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from history_year import DAYS, MONTHS, make_year, recorded_days
from tabulate import tabulate

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.allocator import keep_memory
from velib_assets.history.digests import current_files, is_month
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.query.duckdb_engine import LocalQueryEngine

STATION = "16036"  # of the simulated city
QUERIES = {
    "one station": f"SELECT ingested_ts, bikes, docks FROM {{}} WHERE station_id = '{STATION}'",  # noqa: S608
    "mean by date": "SELECT date, avg(fill_rate) FROM {} GROUP BY date",
}
SORTED, DATABASE = "sorted.parquet", "clean.duckdb"


class Built(NamedTuple):
    """What a process that built history files measured: CPU seconds, rows, bytes and peak memory (MB)."""

    seconds: float
    rows: int
    bytes: int
    memory: float


def build(lake: Path, step: str) -> Built:
    """Build and register the days or the months of a lake on one core; runs in a process of its own."""
    pa.set_cpu_count(1)
    keep_memory()
    catalog = LocalCatalog(lake)
    days = sorted({part.hour.date() for part in catalog.partitions()})
    job = LocalHistoryJob(FolderStore(lake), 1)
    run, periods = (job.run, days) if step == "days" else (job.compact, months_of(days))
    list(run(periods[:1]))  # imports do not count
    start = time.process_time()
    results: Sequence[Any] = list(run(periods))
    seconds = time.process_time() - start
    if errors := [result.error for result in results if result.error]:
        raise SystemExit(errors[0])
    catalog.register_history([result.file() for result in results])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Built(seconds, sum(r.rows for r in results), sum(r.bytes for r in results), memory)


def months_of(days: Sequence[Any]) -> list[Any]:
    """Return the months of days, in order."""
    return sorted({day.replace(day=1) for day in days})


def built(lake: Path, step: str) -> Built:
    """Run `build` in a process of its own."""
    command = [sys.executable, __file__, "--build", step, "--lake", str(lake)]
    return Built(*json.loads(subprocess.check_output(command, text=True).splitlines()[-1]))


def print_sizes(name: str, lake: Path, kinds: Sequence[str]) -> None:
    """Build the history of a lake, and print its size, speed and memory beside those of the hourly files."""
    parts = LocalCatalog(lake).partitions()
    rows = sum(part.rows for part in parts)
    hourly = sum(part.bytes for part in parts) / rows
    table: list[list[Any]] = [["hourly files", hourly, 1.0, None, None]]
    for kind in kinds:
        found = built(lake, kind)
        rate = found.rows / found.seconds
        table.append([kind, found.bytes / rows, found.bytes / rows / hourly, rate, found.memory])
    head = ["", "bytes a row", "of hourly", "rows a CPU second", "peak memory, MB"]
    print(f"\n{name}: {rows:,} rows\n")
    print(tabulate(table, head, floatfmt=("", ".2f", ".2f", ",.0f", ".0f"), tablefmt="github"))


def measured(run: Callable[[], int], rounds: int) -> tuple[float, float, int]:
    """Return the seconds and the CPU seconds of the best round, and the number of rows."""
    best, best_cpu, rows = float("inf"), float("inf"), 0
    for _ in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        rows = run()
        best, best_cpu = min(best, time.perf_counter() - start), min(best_cpu, time.process_time() - cpu)
    return best, best_cpu, rows


def write_sorted(db: duckdb.DuckDBPyConnection, lake: Path, months: list[str], codes: list[str]) -> None:
    """Write the year as one file, sorted a hundred stations at a time: all rows do not fit into memory."""
    target, writer = lake / f"{SORTED}.tmp", None
    rows = "SELECT * FROM read_parquet($files) WHERE station_id BETWEEN $first AND $last"
    for start in range(0, len(codes), 100):
        part = codes[start : start + 100]
        values = {"files": months, "first": part[0], "last": part[-1]}
        found = db.sql(f"{rows} ORDER BY station_id, ingested_ts", params=values).to_arrow_table()
        writer = writer or pq.ParquetWriter(target, found.schema, compression="zstd")
        writer.write_table(found, row_group_size=122_880)
    if writer:
        writer.close()
    target.rename(lake / SORTED)


def prepare(lake: Path) -> None:
    """Write the year as one sorted Parquet file and as one DuckDB table, unless they exist."""
    catalog = LocalCatalog(lake)
    months = [str(lake / file.key) for file in current_files(catalog.history()) if is_month(file)]
    hours = [str(lake / part.key) for part in catalog.partitions()]
    if not (lake / SORTED).exists():
        with duckdb.connect() as db:
            db.execute(f"SET memory_limit = '2GB'; SET temp_directory = '{lake / 'spill'}'")
            stations = f"SELECT DISTINCT station_id FROM '{months[0]}' ORDER BY station_id"  # noqa: S608
            codes = [code for (code,) in db.execute(stations).fetchall()]
            write_sorted(db, lake, months, codes)
    if not (lake / DATABASE).exists():
        target = lake / f"{DATABASE}.tmp"
        target.unlink(missing_ok=True)
        with duckdb.connect(target) as db:
            db.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = true")
            options = "hive_partitioning = true, hive_types_autocast = false"
            rows = f"SELECT * FROM read_parquet($files, {options})"  # noqa: S608 - a constant
            db.execute(f"CREATE TABLE clean AS {rows}", {"files": hours})
        target.rename(lake / DATABASE)


def print_queries(lake: Path, rounds: int) -> None:
    """Print the seconds of each query over each form of the year."""
    catalog = LocalCatalog(lake)
    engine = LocalQueryEngine(lake, catalog)
    months: list[HistoryFile] = [file for file in catalog.history() if is_month(file)]
    plain = duckdb.connect()
    stored = duckdb.connect(lake / DATABASE, read_only=True)
    for name, sql in QUERIES.items():

        def ask(table: str, sql: str = sql) -> Callable[[], int]:
            return lambda: engine.query_table(sql.format(table)).num_rows

        def duck(db: duckdb.DuckDBPyConnection, table: str, sql: str = sql) -> Callable[[], int]:
            return lambda: db.sql(sql.format(table)).to_arrow_table().num_rows

        found = {"engine, monthly files": measured(ask("velib_history"), rounds)}
        catalog.unregister_history([file.period for file in months])
        found["engine, daily files"] = measured(ask("velib_history"), rounds)
        catalog.register_history(months)
        found["engine, hourly files"] = measured(ask("source_velib"), 1)
        found["DuckDB, one sorted file"] = measured(duck(plain, f"'{lake / SORTED}'"), rounds)
        found["DuckDB, one table of clean rows"] = measured(duck(stored, "clean"), rounds)
        base = found["engine, monthly files"]
        rows = [[what, *best[:2], best[0] / base[0], best[1] / base[1]] for what, best in found.items()]
        print(f"\n{name}, {base[2]:,} rows of the result\n")
        head = ["", "seconds", "CPU seconds", "ratio", "CPU ratio"]
        print(tabulate(rows, head, floatfmt=("", ".3f", ".3f", ".1f", ".1f"), tablefmt="github"))
        if len({best[2] for best in found.values()}) != 1:
            raise SystemExit(f"the numbers of rows differ: {found}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lake", type=Path, default=Path(tempfile.gettempdir()) / "velib-history-year")
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", choices=["days", "months"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build:
        print(json.dumps(build(chosen.lake, chosen.build)))
        return
    make_year(chosen.lake)
    if chosen.recorded:
        with tempfile.TemporaryDirectory() as folder:
            recorded_days(Path(folder), chosen.recorded)
            print_sizes("recorded snapshots", Path(folder), ["days", "months"])
    print_sizes(
        f"{len(DAYS)} days, {len(MONTHS)} months, {os.cpu_count()} cores", chosen.lake, ["days", "months"]
    )
    prepare(chosen.lake)
    print_queries(chosen.lake, chosen.rounds)


if __name__ == "__main__":
    main()
