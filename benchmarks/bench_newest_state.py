"""Seconds for each KPI's newest state and for a one-day question, over a day and over a year of hourly files.

Run: python benchmarks/bench_newest_state.py [HOURS, default 8760]

The year is made of a few generated hours under many names (hard links), the newest day of hours of its
own: DuckDB opens each name by itself, so the links save disk and no work.
"""

import os
import random
import statistics
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
from velib_assets.clean.arrow_schema import TABLE_SCHEMA
from velib_assets.lake.keys import HOUR, clean_key, hours_between
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS

LAST = datetime(2022, 12, 31, 23, tzinfo=UTC)
STATIONS, SNAPSHOTS, DAY, ROUNDS = 1450, 4, 24, 5
QUESTIONS = {
    "one day": "SELECT * FROM kpi_shortage WHERE \"date\" = '2022-12-31'",
    "= (SELECT max)": "SELECT * FROM kpi_shortage "
    "WHERE ingested_ts = (SELECT max(ingested_ts) FROM kpi_shortage)",
    "ORDER BY .. LIMIT": "SELECT * FROM kpi_shortage ORDER BY ingested_ts DESC LIMIT 20",
    "count(*) of all": "SELECT count(*) FROM source_velib",
}


def hour_rows(hour: datetime) -> list[dict[str, Any]]:
    """A believable hour, the same for the same hour."""
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
    """A lake of `hours` hours up to LAST, and the engine over it."""
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
    """The median of a few runs, after one that imports what is needed."""
    step()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(engine: LocalQueryEngine) -> dict[str, float]:
    """Seconds by what is asked."""
    found = {}
    for kpi in KPIS:
        found[kpi.name] = seconds(lambda kpi=kpi: engine.read(kpi))  # type: ignore[misc]
    for name, question in QUESTIONS.items():
        found[name] = seconds(lambda question=question: engine.query(question))  # type: ignore[misc]
    return found


def main() -> None:
    """Measure over a day and over the whole history, and print both."""
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else 8760
    with tempfile.TemporaryDirectory() as short, tempfile.TemporaryDirectory() as long:
        day, year = measure(build(Path(short), DAY)), measure(build(Path(long), hours))
    print(f"{'newest state (headline + newest)':<36}{DAY:>8} h{hours:>8} h{'ratio':>8}")
    for name in day:
        print(f"{name:<36}{day[name]:>8.3f} s{year[name]:>8.3f} s{year[name] / day[name]:>8.2f}")


if __name__ == "__main__":
    main()
