"""The clean step from raw to Parquet, compared with simpler programs that only type the columns.

    python benchmarks/bench_clean.py [--days 7] [--rounds 3] [--undeclared | --networks]

Simulates raw every 15 minutes, then runs every contender in a separate process, in turns, and prints the best
round of each: rows per second and per CPU second, the ratio to DuckDB in the same run (with the portal's
.json, and with the same files), and peak memory. Each cleans one hour first, so that imports do not count.
On a busy machine, only the CPU seconds tell something.
With --undeclared it instead compares ours with and without a field that the feed does not declare in every
record, for each kind of value and for both feeds; there the ratio is to the same feed without the field.
With --networks it compares ours on GBFS feeds of each version, of another network than Vélib', with ours on
the portal's .json.gz. One of them has the fields that real feeds add. One line is an hour of 5,000 stations
with these, the first of a lake, cleaned in a new process for its peak memory, with and without pandas; the
last is what imports take.
Ours does everything that the contract requires (audit, hash, typing, rejects, duplicates, order,
arrondissement, one file per hour); the others only type and write the columns, or only parse.
"""

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from tabulate import tabulate

START = datetime(2026, 3, 2, tzinfo=UTC)
GBFS_LAKES = str(Path(__file__).with_name("gbfs_lakes.py"))
OTHER_NETWORK = {"VELIB_NETWORK": "simville"}
FIELDS = [
    *("stationcode", "name", "is_installed", "capacity", "numdocksavailable", "numbikesavailable"),
    *("mechanical", "ebike", "is_renting", "is_returning", "duedate", "nom_arrondissement_communes"),
]


UNDECLARED: dict[str, Callable[[int], Any]] = {
    "null": lambda _: None,
    "number": lambda number: number,
    "text": lambda number: f"text {number}",
    "object": lambda number: {"a": number, "b": "text"},
    "list": lambda number: [number, 7],
}


def make_raw(lake: Path, hours: int) -> int:
    """Simulate raw in three lakes, `gz`, `json` and `gbfs`; returns the number of records in each."""
    from velib_assets.ingest.decode import decode
    from velib_assets.ingest.json_document import dump
    from velib_assets.ingest.response import FeedResponse
    from velib_assets.ingest.step import store_or_quarantine
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.lake.keys import hour_of
    from velib_assets.simulator.simulator import Simulator

    feed, records = Simulator(), 0
    packed, plain, gbfs = (FolderStore(lake / name) for name in ("gz", "json", "gbfs"))
    for n in range(hours):
        hour = hour_of(START + timedelta(hours=n))
        for snapshot in feed.recorded(hour):
            taken = store_or_quarantine(packed, snapshot.response, snapshot.taken_at, hour)
            plain.create(taken.key.removesuffix(".gz"), gzip.decompress(packed.read(taken.key)))
            pairs = [as_pair(n, record) for n, record in enumerate(decode(snapshot.response).records)]
            store_or_quarantine(gbfs, FeedResponse("gbfs", {"body": dump(pairs)}), snapshot.taken_at, hour)
            records += taken.records
    return records


def add_undeclared(lake: Path) -> None:
    """Copy the lakes `gz` and `gbfs` to one for each kind of undeclared field."""
    from velib_assets.ingest.json_document import dump
    from velib_assets.ingest.raw_object import encode_raw, open_raw
    from velib_assets.ingest.response import Decoded
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.lake.keys import raw_time

    for folder in ("gz", "gbfs"):
        store = FolderStore(lake / folder)
        for item in store.walk("raw/"):
            raw, taken = open_raw(store.read(item.key)), raw_time(item.key)
            if taken is None:
                continue
            for kind, value in UNDECLARED.items():
                records = json.loads(bytes(raw.results))
                for number, record in enumerate(records):
                    part = record["status"] if folder == "gbfs" else record
                    part["undeclared"] = value(number)
                decoded = Decoded(records, dump(records))
                stored = encode_raw(raw.feed, taken, taken, decoded)
                FolderStore(lake / f"{folder}-{kind}").create(item.key, stored)


def as_pair(number: int, record: dict[str, Any]) -> dict[str, Any]:
    """Convert a portal record to a GBFS record."""
    ids = {"station_id": 213_688_000 + number, "stationCode": record["stationcode"]}
    bikes, docks = record["numbikesavailable"], record["numdocksavailable"]
    flags = {name: int(record[name] == "OUI") for name in ("is_installed", "is_renting", "is_returning")}
    reported = record["duedate"] and int(datetime.fromisoformat(record["duedate"]).timestamp())
    return {
        "information": {
            **ids,
            "name": record["name"],
            "capacity": record["capacity"],
            **(record["coordonnees_geo"] or {}),
        },
        "status": {
            **ids,
            **flags,
            "num_bikes_available": bikes,
            "numBikesAvailable": bikes,
            "num_bikes_available_types": [{"mechanical": record["mechanical"]}, {"ebike": record["ebike"]}],
            "num_docks_available": docks,
            "numDocksAvailable": docks,
            "last_reported": reported,
        },
    }


def ours(lake: Path, threads: int) -> int:
    """The project's clean job."""
    from velib_assets.clean.local_clean_job import LocalCleanJob
    from velib_assets.lake.folder_store import FolderStore
    from velib_assets.lake.listing import hours_in

    store = FolderStore(lake)
    hours = hours_in(store, "raw", START, START + timedelta(days=400))
    return sum(result.cleaned.rows for result in LocalCleanJob(store, threads).run(hours) if result.cleaned)


def with_duckdb(lake: Path) -> int:
    """DuckDB: read_json, COPY; two threads."""
    import duckdb
    import pyarrow.parquet as pq

    sql = f"""
        SET threads = 2;
        COPY (
          WITH raw AS (
            SELECT ingested_at, unnest(results) AS r
            FROM read_json('{lake}/raw/**/*.json*', columns = {{
              ingested_at: 'TIMESTAMP',
              results: 'STRUCT(stationcode VARCHAR, name VARCHAR, is_installed VARCHAR, capacity INTEGER,
                numdocksavailable INTEGER, numbikesavailable INTEGER, mechanical INTEGER, ebike INTEGER,
                is_renting VARCHAR, is_returning VARCHAR, duedate TIMESTAMP,
                coordonnees_geo STRUCT(lon DOUBLE, lat DOUBLE), nom_arrondissement_communes VARCHAR)[]'
            }}, maximum_object_size = 100000000))
          SELECT ingested_at, r.stationcode, r.name, r.is_installed = 'OUI' AS is_installed, r.capacity,
            r.numdocksavailable, r.numbikesavailable, r.mechanical, r.ebike,
            r.is_renting = 'OUI' AS is_renting, r.is_returning = 'OUI' AS is_returning,
            r.duedate, r.coordonnees_geo.lon, r.coordonnees_geo.lat, r.nom_arrondissement_communes
          FROM raw
        ) TO '{lake}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)
    """  # noqa: S608 - our own folder's name
    duckdb.sql(sql)
    return int(pq.read_metadata(lake / "duckdb.parquet").num_rows)


def gbfs_with_duckdb(lake: Path) -> int:
    """DuckDB: read_json of GBFS pairs, COPY; two threads."""
    import duckdb
    import pyarrow.parquet as pq

    sql = f"""
        SET threads = 2;
        COPY (
          WITH raw AS (
            SELECT ingested_at, unnest(results) AS r
            FROM read_json('{lake}/raw/**/*.json*', columns = {{
              ingested_at: 'TIMESTAMP',
              results: 'STRUCT(
                information STRUCT(stationCode VARCHAR, name VARCHAR, capacity INTEGER,
                  lon DOUBLE, lat DOUBLE),
                status STRUCT(is_installed INTEGER, is_renting INTEGER, is_returning INTEGER,
                  num_bikes_available INTEGER, num_docks_available INTEGER, last_reported BIGINT,
                  num_bikes_available_types STRUCT(mechanical INTEGER, ebike INTEGER)[]))[]'
            }}, maximum_object_size = 100000000)),
          part AS (SELECT ingested_at, r.information AS i, r.status AS s FROM raw)
          SELECT ingested_at, i.stationCode, i.name, i.capacity, i.lon, i.lat,
            s.is_installed = 1 AS is_installed, s.is_renting = 1 AS is_renting,
            s.is_returning = 1 AS is_returning, s.num_bikes_available, s.num_docks_available,
            list_max(list_transform(s.num_bikes_available_types, lambda t: t.mechanical)) AS mechanical,
            list_max(list_transform(s.num_bikes_available_types, lambda t: t.ebike)) AS ebikes,
            make_timestamp(s.last_reported * 1000000) AS reported
          FROM part
        ) TO '{lake}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)
    """  # noqa: S608 - our own folder's name
    duckdb.sql(sql)
    return int(pq.read_metadata(lake / "duckdb.parquet").num_rows)


def _texts(lake: Path) -> list[bytes]:
    files = sorted((lake / "raw").rglob("*.json*"))
    return [gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in files]


def with_polars(lake: Path) -> int:
    """Polars: read_json per file, one Parquet file."""
    import polars as pl

    frames = []
    for text in _texts(lake):
        rows = pl.read_json(text).explode("results").unnest("results")
        flags = [(pl.col(f) == "OUI") for f in ("is_installed", "is_renting", "is_returning")]
        frames.append(
            rows.select(*FIELDS, pl.col("coordonnees_geo").struct.unnest()).with_columns(
                *flags, pl.col("duedate").str.to_datetime(time_zone="UTC")
            )
        )
    whole = pl.concat(frames)
    whole.write_parquet(lake / "polars.parquet", compression="zstd")
    return len(whole)


def with_pandas(lake: Path) -> int:
    """pandas: json.loads, json_normalize, one Parquet file."""
    import pandas as pd

    frames = []
    for text in _texts(lake):
        rows = pd.json_normalize(json.loads(text)["results"])
        for flag in ("is_installed", "is_renting", "is_returning"):
            rows[flag] = rows[flag] == "OUI"
        rows["duedate"] = pd.to_datetime(rows["duedate"], utc=True)
        frames.append(rows)
    whole = pd.concat(frames)
    whole.drop(columns=["station_opening_hours", "code_insee_commune"], errors="ignore").to_parquet(
        lake / "pandas.parquet", compression="zstd"
    )
    return len(whole)


def parse_orjson(lake: Path) -> int:
    """orjson: parsing alone, one core."""
    import orjson

    return sum(len(orjson.loads(text)["results"]) for text in _texts(lake))


def parse_arrow(lake: Path) -> int:
    """pyarrow.json with an explicit schema: parsing alone, one core."""
    import pyarrow as pa
    from pyarrow import json as pj

    from velib_assets.clean.arrow_columns import record_type
    from velib_assets.ingest.feeds.opendata import FEED

    schema, rows = pa.schema([("results", pa.list_(record_type(FEED, all_fields=False)))]), 0
    for text in _texts(lake):
        read = pj.ReadOptions(use_threads=False, block_size=len(text) + 1)
        parse = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        rows += len(pj.read_json(pa.BufferReader(text), read, parse)["results"].chunk(0).flatten())
    return rows


DUCKDB = "DuckDB typing, .json, 2 threads"
CONTENDERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "ours, .json, 2 threads": ("json", lambda lake: ours(lake, 2)),
    "ours, .json.gz, 2 threads": ("gz", lambda lake: ours(lake, 2)),
    "ours, GBFS .json.gz, 2 threads": ("gbfs", lambda lake: ours(lake, 2)),
    "ours, .json, 1 thread": ("json", lambda lake: ours(lake, 1)),
    "ours, .json.gz, 1 thread": ("gz", lambda lake: ours(lake, 1)),
    "ours, GBFS .json.gz, 1 thread": ("gbfs", lambda lake: ours(lake, 1)),
    DUCKDB: ("json", with_duckdb),
    "DuckDB typing, .json.gz, 2 threads": ("gz", with_duckdb),
    "DuckDB typing, GBFS .json.gz, 2 threads": ("gbfs", gbfs_with_duckdb),
    "Polars typing, .json": ("json", with_polars),
    "pandas typing, .json": ("json", with_pandas),
    "orjson parsing alone, .json": ("json", parse_orjson),
    "pyarrow.json parsing alone, .json": ("json", parse_arrow),
}
WITH_UNDECLARED: dict[str, tuple[str, Callable[[Path], int]]] = {
    f"ours, {label}, {what}, 1 thread": (folder, lambda lake: ours(lake, 1))
    for base, label in (("gz", "portal .json.gz"), ("gbfs", "GBFS .json.gz"))
    for folder, what in [
        (base, "declared fields only"),
        *((f"{base}-{kind}", f"undeclared {kind}") for kind in UNDECLARED),
    ]
}


def imports_alone(_: Path) -> int:
    """Import what cleaning needs; pyarrow imports pandas with its first scalar."""
    import pyarrow as pa

    import velib_assets.clean.local_clean_job  # noqa: F401 - for its memory

    return int(pa.scalar(COUNTRY_ROWS).as_py())


def without_pandas(lake: Path) -> int:
    """Clean as in Lambda and Glue, which have no pandas for pyarrow to import."""

    class NoPandas(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "pandas":
                raise ImportError(name)

    sys.meta_path.insert(0, NoPandas())
    return ours(lake, 1)


PORTAL = "ours, portal .json.gz, 1 thread"
COUNTRY = "ours, GBFS 2.3 with more fields, an hour of 5,000 stations"
COUNTRY_BARE = "… without pandas, as in Lambda and Glue"
IMPORTS = "the imports alone"
FOR_MEMORY = (COUNTRY, COUNTRY_BARE, IMPORTS)
COUNTRY_ROWS = 20_000
NETWORKS: dict[str, tuple[str, Callable[[Path], int]]] = {
    PORTAL: ("gz", lambda lake: ours(lake, 1)),
    **{
        f"ours, GBFS {version}, 1 thread": (f"gbfs-{version}", lambda lake: ours(lake, 1))
        for version in ("1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1")
    },
    "ours, GBFS 3.1 with more fields, 1 thread": ("gbfs-extras", lambda lake: ours(lake, 1)),
    COUNTRY: ("gbfs-country", lambda lake: ours(lake, 1)),
    COUNTRY_BARE: ("gbfs-country", without_pandas),
    IMPORTS: ("gbfs-country", imports_alone),
}


def run_one(name: str, root: Path) -> None:
    """Run one contender in this process; prints rows, seconds, CPU seconds and peak megabytes."""
    folder, contender = {**CONTENDERS, **WITH_UNDECLARED, **NETWORKS}[name]
    shutil.rmtree(root / folder / "clean", ignore_errors=True)
    if name not in FOR_MEMORY:
        contender(root / "warm" / folder)
    started, cpu_started = time.perf_counter(), time.process_time()
    rows = contender(root / folder)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    print(json.dumps([rows, seconds, cpu_seconds, peak_megabytes()]))


def peak_megabytes() -> float:
    """Return the most memory that this process has used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Simulate raw, run all contenders, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--undeclared", action="store_true")
    kinds.add_argument("--networks", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run_one(args.one, args.root)
        return
    with tempfile.TemporaryDirectory() as folder:
        records = make_raw(Path(folder), args.days * 24)
        make_raw(Path(folder) / "warm", 1)
        if args.undeclared:
            add_undeclared(Path(folder))
            add_undeclared(Path(folder) / "warm")
        if args.networks:
            for lakes, hours in ((folder, args.days * 24), (f"{folder}/warm", 1)):
                make = [sys.executable, GBFS_LAKES, lakes, str(hours)]
                subprocess.run(make, check=True, env=os.environ | OTHER_NETWORK)
        contenders = WITH_UNDECLARED if args.undeclared else NETWORKS if args.networks else CONTENDERS
        print(f"{args.days} days, {args.days * 96} snapshots, {records:,} records, best of {args.rounds}\n")
        best: dict[str, tuple[float, float, float]] = {}
        for _ in range(args.rounds):
            for name, (lake, _) in contenders.items():
                command = [sys.executable, __file__, "--one", name, "--root", folder]
                environ = os.environ | (OTHER_NETWORK if lake.startswith("gbfs-") and args.networks else {})
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
                rows, seconds, cpu_seconds, peak = json.loads(done.stdout)
                expected = COUNTRY_ROWS if name in FOR_MEMORY else records
                assert rows == expected, f"{name}: {rows} rows of {expected}"  # noqa: S101 - otherwise the comparison is unfair
                speed, per_cpu, memory = best.get(name, (0.0, 0.0, 0.0))
                best[name] = (max(speed, rows / seconds), max(per_cpu, rows / cpu_seconds), max(memory, peak))
    print_undeclared(best) if args.undeclared else print_networks(best) if args.networks else print_ratios(
        best
    )


Best = dict[str, tuple[float, float, float]]
"""Rows per second, rows per CPU second and peak megabytes of each contender."""


def print_ratios(best: Best) -> None:
    """Print the table of all contenders, with ratios to DuckDB."""
    folders = {name: folder for name, (folder, _) in CONTENDERS.items()}
    duckdb = {folders[name]: figures for name, figures in best.items() if name.startswith("DuckDB")}
    table = [
        (
            *(name, f"{speed:,.0f}", f"{speed / best[DUCKDB][0]:.2f}"),
            *(f"{speed / duckdb[folders[name]][0]:.2f}", f"{per_cpu:,.0f}"),
            *(f"{per_cpu / duckdb[folders[name]][1]:.2f}", f"{memory:,.0f}"),
        )
        for name, (speed, per_cpu, memory) in best.items()
    ]
    to_duckdb = ["ratio to DuckDB .json", "to DuckDB, same files", "rows/CPU s", "to DuckDB, same files"]
    print(tabulate(table, ["", "rows/s", *to_duckdb, "peak MB"], disable_numparse=True))


def print_networks(best: Best) -> None:
    """Print the table of GBFS feeds, with ratios to the portal."""
    portal = best[PORTAL][1]
    table = [
        (
            name,
            *(("", "") if name in FOR_MEMORY else (f"{per_cpu:,.0f}", f"{per_cpu / portal:.2f}")),
            f"{memory:,.0f}",
        )
        for name, (_, per_cpu, memory) in best.items()
    ]
    print(tabulate(table, ["", "rows/CPU s", "ratio to the portal", "peak MB"], disable_numparse=True))


def print_undeclared(best: Best) -> None:
    """Print the table of lakes with an undeclared field, with ratios to those without."""
    table, plain = [], 0.0
    for name, (_, per_cpu, memory) in best.items():
        plain = per_cpu if "declared fields only" in name else plain
        table.append((name, f"{per_cpu:,.0f}", f"{per_cpu / plain:.2f}", f"{memory:,.0f}"))
    print(tabulate(table, ["", "rows/CPU s", "ratio", "peak MB"], disable_numparse=True))


if __name__ == "__main__":
    main()
