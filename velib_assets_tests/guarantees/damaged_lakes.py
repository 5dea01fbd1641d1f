"""A lake with all damages of one way, and a twin lake with the equivalent good responses."""

import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.hour_result import HourSummary
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.gbfs import GBFS_PATH
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.ingest_result import IngestResult
from velib_assets.ingest.response import GBFS, OPENDATA, SIMULATOR, FeedResponse
from velib_assets.ingest.step import Ingest, store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hour_of, parse_hour, raw_key
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets.query.kpis import KPIS
from velib_assets.simulator.faults import parse_faults
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests import samples
from velib_assets_tests.guarantees.damage import ARCHIVE, QUARANTINE, STORED, Damaged
from velib_assets_tests.guarantees.damaged import CORPUS
from velib_assets_tests.guarantees.responses import STATIONS, good, main_part, written
from velib_assets_tests.http_server import LocalServer, Reply

LATER = timedelta(minutes=15)
HOURLY = [kpi for kpi in KPIS if kpi.hourly]
CASES: dict[str, dict[str, Damaged]] = defaultdict(dict)
for _case in CORPUS:
    for _way in _case.ways:
        CASES[_way][_case.name] = _case
Rows = dict[datetime, list[tuple[Any, ...]]]


def feed_of(way: str) -> str:
    """The feed whose responses come by a way."""
    return way if way in {GBFS, SIMULATOR} else OPENDATA


class Lakes(NamedTuple):
    """The lake and its twin; the results of the clean step by hour, and the rows of each view in both."""

    way: str
    lake: FolderStore
    twin: FolderStore
    hours: Mapping[str, datetime]
    taken: Mapping[str, IngestResult | None]
    cleaned: Mapping[datetime, HourSummary]
    views: Mapping[str, tuple[Rows, Rows]]

    def response(self, name: str) -> dict[str, bytes]:
        """The bytes of a damaged response by part."""
        return damaged(CASES[self.way][name], self.way, self.hours[name] + LATER)

    def most_critical(self, name: str) -> list[list[tuple[Any, ...]]]:
        """The rows of `kpi_top10_2hour` with this hour as the newest: in the lake, in its twin."""
        rows = []
        for store in (self.lake, self.twin):
            catalog = LocalCatalog(store.root / "catalogs" / name)
            catalog.register([partition_of(store, self.hours[name])])
            frame = LocalQueryEngine(store.root, catalog).query("SELECT * FROM kpi_top10_2hour")
            rows.append(list(frame.astype(object).itertuples(index=False, name=None)))
        return rows


def damaged(case: Damaged, way: str, taken: datetime) -> dict[str, bytes]:
    """The damaged response of a time; the simulator writes its own good one."""
    if way == SIMULATOR:
        return {"body": case.text(Simulator(stations=STATIONS).fetch(taken).bodies["body"])}
    bodies = written(case.change(good(feed_of(way), taken)))
    main = main_part(bodies)
    return {**bodies, main: case.text(bodies[main])}


def make(way: str, folder: Path, names: Sequence[str]) -> Lakes:
    """Ingest damages, each in its own hour with one good snapshot, then clean and register all hours."""
    lake, twin = FolderStore(folder / "lake"), FolderStore(folder / "twin")
    cases = CASES[way]
    hours = {name: samples.HOUR + n * HOUR for n, name in enumerate(names)}
    for name, hour in hours.items():
        for store in (lake, twin):
            _store(store, way, hour, written(good(feed_of(way), hour)))
        if cases[name].fate != QUARANTINE:
            _store(twin, way, hour + LATER, written(cases[name].as_if(good(feed_of(way), hour + LATER))))
    taken = dict(_ingest(way, lake, folder, hours))
    results = {store.root: list(LocalCleanJob(store, 2).run(list(hours.values()))) for store in (lake, twin)}
    views: dict[str, tuple[Rows, Rows]] = {kpi.name: ({}, {}) for kpi in HOURLY}
    for index, store in enumerate((lake, twin)):
        catalog = LocalCatalog(store.root)
        catalog.register([partition_of(store, hour) for hour in hours.values()])
        engine = LocalQueryEngine(store.root, catalog)
        for kpi in HOURLY:
            views[kpi.name][index].update(_rows(engine, kpi.name))
    cleaned = {result.hour: result.cleaned for result in results[lake.root] if result.cleaned}
    return Lakes(way, lake, twin, hours, taken, cleaned, views)


def _store(store: FolderStore, way: str, taken: datetime, bodies: dict[str, bytes]) -> None:
    assert store_or_quarantine(store, FeedResponse(feed_of(way), bodies), taken, taken).state == "stored"


def _rows(engine: LocalQueryEngine, view: str) -> Rows:
    frame = engine.query(f"SELECT * FROM {view} ORDER BY 1, 2")  # noqa: S608 - a declared name
    rows: Rows = defaultdict(list)
    for row in frame.astype(str).itertuples(index=False, name=None):
        rows[parse_hour(f"{row[-2]}T{row[-1]}")].append(row)  # date and hour
    return rows


def _ingest(
    way: str, lake: FolderStore, folder: Path, hours: Mapping[str, datetime]
) -> Iterator[tuple[str, IngestResult | None]]:
    """Yield each damage's name and ingest result; None if it was written directly into raw."""
    ingest = {STORED: _stored, ARCHIVE: _restored, SIMULATOR: _simulated}.get(way, _over_http)
    for number, (name, hour) in enumerate(hours.items()):
        taken = hour + LATER
        bodies = damaged(CASES[way][name], way, taken)
        yield name, ingest(lake, folder / str(number), taken, bodies, name)


def _over_http(
    lake: FolderStore, _: Path, taken: datetime, bodies: dict[str, bytes], __: str
) -> IngestResult:
    with LocalServer() as server:
        for part, data in bodies.items():
            path = EXPORT_PATH if part == "body" else f"{GBFS_PATH}/{part}.json"
            server.queue(path, Reply(body=data))
        feed = live_feed("opendata" if "body" in bodies else "gbfs", server.url)
        return Ingest(lake, feed).take(taken, taken)


def _restored(
    lake: FolderStore, folder: Path, taken: datetime, bodies: dict[str, bytes], _: str
) -> IngestResult:
    folder.mkdir()
    (folder / f"{taken:%Y%m%dT%H%M%SZ}.json.gz").write_bytes(gzip.compress(bodies["body"]))
    (result,) = Ingest(lake, Archive(folder)).restore(hour_of(taken), taken)
    return result


def _stored(lake: FolderStore, _: Path, taken: datetime, bodies: dict[str, bytes], __: str) -> None:
    assert lake.create(raw_key(taken).removesuffix(".gz"), envelope(bodies["body"]))


def envelope(body: bytes) -> bytes:
    """A raw object of the first version with any records."""
    return b'{"source": "velib", "results": ' + body + b"}"


def _simulated(lake: FolderStore, _: Path, taken: datetime, __: dict[str, bytes], name: str) -> IngestResult:
    feed = Simulator(stations=STATIONS, faults=parse_faults(name.removeprefix("fault ")))
    return Ingest(lake, feed).take(taken, taken)


def of_hour(rows: Rows, hour: datetime) -> Sequence[tuple[Any, ...]]:
    """The rows of one hour in a view."""
    return rows.get(hour, [])
