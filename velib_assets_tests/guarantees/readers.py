"""A process that reads lakes while they are written: by DuckDB, and every file that can be seen.

Belongs here: reading and telling what was seen. Does not: what may be seen (the tests).
"""

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
QUESTION = """
SELECT minute(ingested_ts), count(*), count(DISTINCT station_id), sum(bikes)
FROM source_velib GROUP BY 1 ORDER BY 1
"""
FeedResponse = tuple[tuple[int, ...], ...]
Files = frozenset[tuple[str, str]]


class Seen(NamedTuple):
    """Answers in order, repeated ones once; each (key, SHA-256) that could be seen; how often it looked."""

    answers: list[FeedResponse]
    files: Files
    looks: int


def look(lake: Path) -> tuple[FeedResponse, Files]:
    """The rows of each snapshot as DuckDB counts them, and every file that is there."""
    frame = LocalQueryEngine(lake, LocalCatalog(lake)).query(QUESTION)
    answer = tuple(tuple(int(value) for value in row) for row in frame.itertuples(index=False))
    return answer, files(lake)


def files(lake: Path) -> Files:
    """What a listing shows, and what a glob over Parquet files does, with the hash of each."""
    store = FolderStore(lake)
    listed = {item.key for layer in LAYERS for item in store.walk(layer)}
    globbed = {path.relative_to(lake).as_posix() for path in lake.glob("c*/**/*.parquet")}
    return frozenset((key, _hash(lake / key)) for key in listed | globbed)


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:  # removed since it was listed
        return "gone"


def _answer(end: "Connection[Any, Any]") -> None:
    """Look at the lake that is named, again and again until the next word; then tell what was seen."""
    while lake := end.recv():
        answer, found = look(lake)
        seen, looks = Seen([answer], found, 1), 1
        end.send("looking")
        more = True
        while more:
            more = not end.poll()
            answer, found = look(lake)
            looks += 1
            new = [answer] if answer != seen.answers[-1] else []
            seen = Seen(seen.answers + new, seen.files | found, looks)
        end.recv()
        end.send(seen)


class Reader:
    """The process, as a context manager."""

    def __init__(self) -> None:
        self._end, self._theirs = FORKS.Pipe()

    def __enter__(self) -> "Reader":
        self._process = started(_answer, self._theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.send(None)
        self._process.join()

    def watch(self, lake: Path) -> None:
        """Begin to look at a lake; it has been looked at once when this returns."""
        self._end.send(lake)
        self._end.recv()

    def seen(self) -> Seen:
        """What was seen up to now, a last look included."""
        self._end.send("enough")
        seen: Seen = self._end.recv()
        return seen
