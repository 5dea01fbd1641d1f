"""Seconds to compute and store the daily KPIs of a new day, beside other ways to compute them.

Run: PYTHONPATH=. python benchmarks/bench_daily.py [--days 365] [--archive FOLDER]

The network is generated: 1,450 stations, a snapshot every 15 minutes. `--days` is the length of the history
before the new day; one generated day is there under many names (hard links). With `--archive`, a folder of
recorded exports is loaded instead, and each of its days is compared with the plain Python of the tests; the
command exits with 1 if they differ.
"""

import argparse
import hashlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from tabulate import tabulate

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.defs.clean_stations import clean_hours
from velib_assets.history.history_file import HISTORY_SCHEMA, encode_history
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, SLOT, daily_kpi_key, day_text, history_day_key, hour_of, hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import day_sql, history_days
from velib_assets.query.daily_store import store_daily_kpis
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.duckdb_rewrites import own_sql_to_duckdb
from velib_assets_tests.query.daily_lake import REFERENCE, differences

NEW_DAY = date(2022, 12, 15)
STATIONS, ROUNDS = 1450, 5


class Lake:
    """A lake in a folder, with its catalog and engine."""

    def __init__(self, folder: Path) -> None:
        self.store, self.catalog = FolderStore(folder), LocalCatalog(folder)
        self.engine = LocalQueryEngine(folder, self.catalog)

    def put_day(self, day: date, data: bytes, rows: int) -> None:
        """Write and register a history file."""
        digest = hashlib.sha256(data).hexdigest()
        path = Path(self.store.address(history_day_key(day)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.catalog.register_history(
            [HistoryFile(day_text(day), history_day_key(day), rows, len(data), digest)]
        )

    def store_day(self, day: date) -> None:
        """Store the daily KPIs of a local day."""
        results = store_daily_kpis(day, self.engine, self.store, self.catalog)
        errors = {result.error for result in results if not result.absent}
        if errors - {""}:
            sys.exit(f"{day}: {errors}")


def generated(day: date) -> pa.Table:
    """Return a UTC day of history, always the same for a day. A tenth of the snapshots change a station."""
    dice = random.Random(day.isoformat())  # noqa: S311 - a city, not a secret
    columns: dict[str, list[Any]] = {name: [] for name in HISTORY_SCHEMA.names}
    times = [hours_of_day(day)[0] + n * SLOT for n in range(96)]
    for code in sorted(str(1001 + n) for n in range(STATIONS)):
        number, capacity = int(code), dice.randint(15, 60)
        bikes, lat, lon = dice.randint(0, capacity), 48.8 + dice.random() / 10, 2.25 + dice.random() / 6
        for taken in times:
            if dice.random() < 0.3:
                bikes = min(capacity, max(0, bikes + dice.choice((-2, -1, 1, 2))))
            values = {
                "ingested_ts": taken,
                "reported_ts": taken,
                "station_id": code,
                "name": f"Station {code}",
                "commune": "Paris",
                "arrondissement": f"Paris {number % 20 + 1}e",
                "lat": lat,
                "lon": lon,
                "is_installed": True,
                "is_renting": True,
                "is_returning": True,
                "is_stale": False,
                "capacity": capacity,
                "bikes": bikes,
                "mechanical": bikes - bikes // 3,
                "ebikes": bikes // 3,
                "docks": capacity - bikes,
                "fill_rate": bikes / capacity,
                "date": day_text(day),
                "hour": f"{taken:%H}",
            }
            for name, value in values.items():
                columns[name].append(value)
    return pa.table(columns, HISTORY_SCHEMA)


def generated_lake(folder: Path, days: int) -> Lake:
    """Build a lake whose history has `days` days before those that the new day needs."""
    lake, needed = Lake(folder), history_days(NEW_DAY)
    for day in needed:
        table = generated(day)
        lake.put_day(day, encode_history([table], "", {}), table.num_rows)
    original = Path(lake.store.address(history_day_key(needed[0])))
    earlier = [needed[0] - n * DAY for n in range(1, days + 1)]
    for day in earlier:
        path = Path(lake.store.address(history_day_key(day)))
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(original, path)
    size = original.stat().st_size
    lake.catalog.register_history(
        [HistoryFile(day_text(day), history_day_key(day), 96 * STATIONS, size, "x") for day in earlier]
    )
    return lake


class Took(NamedTuple):
    """Seconds of the clock, and of all cores."""

    wall: float
    cpu: float


def seconds(step: Callable[[], object], rounds: int = ROUNDS) -> Took:
    """Return the medians of some runs, after one that imports what is needed."""
    if rounds > 1:
        step()
    times = []
    for _ in range(rounds):
        start, started = time.perf_counter(), time.process_time()
        step()
        times.append((time.perf_counter() - start, time.process_time() - started))
    return Took(*(statistics.median(values) for values in zip(*times, strict=True)))


def plain_duckdb(lake: Lake) -> Callable[[], object]:
    """Return the same SQL on the same files, without catalog, guard, Parquet output or footers."""
    files = [lake.store.address(history_day_key(day)) for day in history_days(NEW_DAY)]
    statements = [own_sql_to_duckdb(day_sql(kpi, NEW_DAY)) for kpi in DAILY_KPIS]

    def run() -> None:
        with duckdb.connect() as db:
            db.execute("SET TimeZone = 'UTC'; SET integer_division = true")
            db.read_parquet(files).create_view("files")
            columns = ", ".join(
                f'CAST("{field.name}" AS TIMESTAMP) AS "{field.name}"'
                if pa.types.is_timestamp(field.type)
                else f'"{field.name}"'
                for field in HISTORY_SCHEMA
            )
            db.execute(f"CREATE VIEW velib_history AS SELECT {columns} FROM files")  # noqa: S608 - our own names
            for statement in statements:
                db.sql(statement).to_arrow_table()

    return run


def plain_python(lake: Lake) -> Callable[[], object]:
    """Return the computation of the tests, over rows that are in memory."""
    quoted = ", ".join(f"'{day}'" for day in history_days(NEW_DAY))
    rows = aware(lake.engine.query_table(f'SELECT * FROM velib_history WHERE "date" IN ({quoted})'))  # noqa: S608 - likewise
    return lambda: [compute(rows, NEW_DAY) for compute in REFERENCE.values()]


def aware(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows with aware times."""
    for name in ("ingested_ts", "reported_ts"):
        times = table[name].cast(pa.timestamp("ms", "UTC"))
        table = table.set_column(table.schema.get_field_index(name), name, times)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def measure(days: int) -> None:
    """Print the seconds of a new day, and the ratios."""
    with tempfile.TemporaryDirectory() as short, tempfile.TemporaryDirectory() as long:
        lake, year = generated_lake(Path(short), 0), generated_lake(Path(long), days)
        ours = seconds(lambda: lake.store_day(NEW_DAY))
        figures = [
            ("the three daily KPIs, stored", ours),
            (f"the same after {days} days of history", seconds(lambda: year.store_day(NEW_DAY))),
            ("DuckDB alone: the same SQL on the same files", seconds(plain_duckdb(lake))),
        ]
        figures.append(("plain Python, with the rows in memory", seconds(plain_python(lake), 1)))
        rows = [
            (
                name,
                f"{took.wall:.2f}",
                f"{took.wall / ours.wall:.2f}",
                f"{took.cpu:.2f}",
                f"{took.cpu / ours.cpu:.2f}",
            )
            for name, took in figures
        ]
        print(tabulate(rows, ("a new day", "seconds", "ratio", "CPU seconds", "ratio")))
        stored = [daily_kpi_key(kpi.name, NEW_DAY) for kpi in DAILY_KPIS]
        for day in (NEW_DAY - n * DAY for n in range(1, days + 1)):
            for kpi, key in zip(DAILY_KPIS, stored, strict=True):
                path = Path(year.store.address(daily_kpi_key(kpi.name, day)))
                path.parent.mkdir(parents=True, exist_ok=True)
                os.link(year.store.address(key), path)
        took = seconds(lambda: outdated_local_days(year.catalog, year.store, utc_now())).wall
        size = sum(Path(year.store.address(key)).stat().st_size for key in stored)
        print(f"\noutdated days of {days}: {took:.2f} s, {1000 * took / days:.2f} ms a day")
        print(f"a day's files: {size / 1000:.0f} kB")


def recorded_days(lake: Lake, archive: Archive) -> Iterator[date]:
    """Load an archive, with its history, and yield its local days."""
    first, last = datetime.min.replace(year=2018, tzinfo=utc_now().tzinfo), hour_of(utc_now())
    hours = sorted(archive.recorded_hours(first, last))
    ingest = Ingest(lake.store, archive)
    for hour in hours:
        ingest.restore(hour, utc_now())
    list(clean_hours(lake.store, LocalCleanJob(lake.store), hours))
    lake.catalog.prepare()
    utc_days = sorted({hour.date() for hour in hours})
    lake.catalog.register_history([result.file() for result in LocalHistoryJob(lake.store).run(utc_days)])
    yield from outdated_local_days(lake.catalog, lake.store, utc_now() + 25 * HOUR)


def compare(archive: Path) -> int:
    """Print how the days of an archive differ from the plain Python; return how many do."""
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for day in recorded_days(lake, Archive(archive)):
            lake.store_day(day)
            first, last = history_days(day)[0], history_days(day)[-1]
            query = f"SELECT * FROM source_velib WHERE \"date\" BETWEEN '{first}' AND '{last}'"  # noqa: S608 - likewise
            rows = aware(lake.engine.query_table(query))
            for name, compute in REFERENCE.items():
                sql = f"SELECT * FROM {name} WHERE \"date\" = '{day}' ORDER BY 1"  # noqa: S608 - likewise
                found = lake.engine.query_table(sql).drop_columns(["date"]).to_pylist()
                wrong = differences(found, compute(rows, day))
                different += bool(wrong)
                print(day, name, f"{len(found)} rows", *(wrong[:5] or ["equal"]))
    return different


def main() -> None:
    """Measure, or compare with an archive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--archive", type=Path)
    chosen = parser.parse_args()
    if chosen.archive:
        sys.exit(1 if compare(chosen.archive) else 0)
    measure(chosen.days)


if __name__ == "__main__":
    main()
