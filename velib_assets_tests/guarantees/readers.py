"""A process that reads a lake while it is written: with DuckDB, and every visible file."""

import hashlib
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.lake.folder_store import FolderStore
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.guarantees.writers import FORKS, started

LAYERS = ("raw/", "quarantine/", "clean/", "rejects/")
QUERY = """
SELECT minute(ingested_ts), count(*), count(DISTINCT station_id), sum(bikes)
FROM source_velib GROUP BY 1 ORDER BY 1
"""
Rows = tuple[tuple[int, ...], ...]
Files = frozenset[tuple[str, str]]


class Seen(NamedTuple):
    """Distinct consecutive query results, every visible (key, SHA-256), and the number of reads."""

    results: list[Rows]
    files: Files
    reads: int


def read(lake: Path) -> tuple[Rows, Files]:
    """Query each snapshot's counts with DuckDB, and hash every visible file."""
    frame = LocalQueryEngine(lake, LocalCatalog(lake)).query(QUERY)
    rows = tuple(tuple(int(value) for value in row) for row in frame.itertuples(index=False))
    return rows, files(lake)


def files(lake: Path) -> Files:
    """Hash every file that a listing or a glob over Parquet files finds."""
    store = FolderStore(lake)
    listed = {item.key for layer in LAYERS for item in store.walk(layer)}
    globbed = {path.relative_to(lake).as_posix() for path in lake.glob("c*/**/*.parquet")}
    return frozenset((key, _hash(lake / key)) for key in listed | globbed)


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:  # removed after it was listed
        return "gone"


def _serve(end: "Connection[Any, Any]") -> None:
    """Read each received lake repeatedly until the next message, then send what was seen."""
    while lake := end.recv():
        rows, hashes = read(lake)
        seen = Seen([rows], hashes, 1)
        end.send("reading")
        more = True
        while more:
            more = not end.poll()
            rows, hashes = read(lake)
            new = [rows] if rows != seen.results[-1] else []
            seen = Seen(seen.results + new, seen.files | hashes, seen.reads + 1)
        end.recv()
        end.send(seen)


class Reader:
    """The process, as a context manager."""

    def __init__(self) -> None:
        self._end, self._theirs = FORKS.Pipe()

    def __enter__(self) -> "Reader":
        self._process = started(_serve, self._theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.send(None)
        self._process.join()

    def watch(self, lake: Path) -> None:
        """Start to read a lake. It has been read once when this returns."""
        self._end.send(lake)
        self._end.recv()

    def seen(self) -> Seen:
        """Stop reading after one more read, and return what was seen."""
        self._end.send("enough")
        seen: Seen = self._end.recv()
        return seen
