"""Seconds to read each KPI's newest state and to run typical queries, on a day and on a year of hourly files.

Run: python benchmarks/bench_newest_state.py [HOURS] [--cold] [--duckdb]

HOURS is 8760 by default. `--cold` empties the page cache before each run (as root). `--duckdb` leaves all
pruning of partitions to DuckDB.

The year consists of one generated hour under many names (hard links) and of a newest day with its own hours.
DuckDB opens each name separately, so that the links save disk space and no work.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.typed_snapshot import TABLE_SCHEMA
from velib_assets.lake.keys import HOUR, clean_key, hours_between
from velib_assets.query import duckdb_query
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS

LAST = datetime(2022, 12, 31, 23, tzinfo=UTC)
STATIONS, SNAPSHOTS, DAY, ROUNDS = 1450, 4, 24, 5
QUERIES = {
    "date =": "SELECT * FROM kpi_shortage WHERE \"date\" = '2022-12-31'",
    "date = AND hour =": "SELECT * FROM kpi_shortage WHERE \"date\" = '2022-12-31' AND hour = '17'",
    "ingested_ts >=": "SELECT * FROM kpi_shortage WHERE ingested_ts >= TIMESTAMP '2022-12-31 20:00:00'",
    "max(ingested_ts)": "SELECT max(ingested_ts) FROM source_velib",
    "= (SELECT max)": "SELECT * FROM kpi_shortage "
    "WHERE ingested_ts = (SELECT max(ingested_ts) FROM kpi_shortage)",
    "ORDER BY .. LIMIT": "SELECT * FROM kpi_shortage ORDER BY ingested_ts DESC LIMIT 20",
    "count(*) of all": "SELECT count(*) FROM source_velib",
}


def hour_rows(hour: datetime) -> list[dict[str, Any]]:
    """Return plausible rows, always the same for an hour."""
    dice = random.Random(hour.isoformat())  # noqa: S311 - a city, not a secret
    rows = []
    for code in range(1001, 1001 + STATIONS):
        capacity = dice.randint(10, 60)
        for number in range(SNAPSHOTS):
            bikes = dice.randint(0, capacity)
            taken = hour + number * timedelta(minutes=15)
            rows.append(
                dict.fromkeys(("is_installed", "is_renting", "is_returning"), True)
                | {"ingested_ts": taken, "reported_ts": taken, "is_stale": False, "station_id": str(code)}
                | {"name": f"Station {code}", "commune": "Paris", "arrondissement": f"Paris {code % 20 + 1}e"}
                | {"lat": 48.8 + dice.random() / 10, "lon": 2.3 + dice.random() / 10, "capacity": capacity}
                | {"bikes": bikes, "mechanical": bikes, "ebikes": 0, "docks": capacity - bikes}
                | {"fill_rate": bikes / capacity}
            )
    return rows


def build(lake: Path, hours: int) -> LocalQueryEngine:
    """Build a lake of `hours` hours up to LAST, and return the engine over it."""
    partitions = []
    original: Path | None = None
    for hour in hours_between(LAST - (hours - 1) * HOUR, LAST):
        path = lake / clean_key(hour)
        path.parent.mkdir(parents=True)
        if original is None or hour > LAST - DAY * HOUR:
            table = pa.Table.from_pylist(hour_rows(hour), schema=TABLE_SCHEMA)
            pq.write_table(table, path, compression="zstd", store_schema=False)
            original = path
        else:
            os.link(original, path)
        partitions.append(
            Partition(hour, clean_key(hour), STATIONS * SNAPSHOTS, path.stat().st_size, "bench")
        )
    catalog = LocalCatalog(lake)
    catalog.register(partitions)
    return LocalQueryEngine(lake, catalog)


def seconds(step: Callable[[], object]) -> float:
    """Return the median of some runs, after one that imports what is needed."""
    step()
    times = []
    for _ in range(ROUNDS):
        if "--cold" in sys.argv:
            subprocess.run("sync; echo 3 > /proc/sys/vm/drop_caches", shell=True, check=True)  # noqa: S602
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(engine: LocalQueryEngine) -> dict[str, float]:
    """Return seconds by query."""
    figures = {}
    for kpi in KPIS:
        figures[kpi.name] = seconds(lambda kpi=kpi: engine.read([kpi])[0])  # type: ignore[misc]
    for name, query in QUERIES.items():
        figures[name] = seconds(lambda query=query: engine.query(query))  # type: ignore[misc]
    return figures


def main() -> None:
    """Measure on a day and on the whole history, and print both."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    hours = numbers[0] if numbers else 8760
    if "--duckdb" in sys.argv:
        vars(duckdb_query).update(
            partitions_needed=lambda _db, _tree, partitions, _newest: partitions,
            newest_value_selects=lambda _tree: [],
            newest_rows=lambda _tree: None,
        )
    with tempfile.TemporaryDirectory() as short, tempfile.TemporaryDirectory() as long:
        day, year = measure(build(Path(short), DAY)), measure(build(Path(long), hours))
    print(f"{'newest state (headline + newest)':<36}{DAY:>8} h{hours:>8} h{'ratio':>8}")
    for name in day:
        print(f"{name:<36}{day[name]:>8.3f} s{year[name]:>8.3f} s{year[name] / day[name]:>8.2f}")


if __name__ == "__main__":
    main()
