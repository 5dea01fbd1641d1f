"""Raw is immutable: one object per snapshot, never overwritten, quarantined if its bytes have changed."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.clean.rebuild import rebuild_hour
from velib_assets.defs.partitions import key_of
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.live_feed import LiveFeed, live_feed
from velib_assets.ingest.feeds.opendata import EXPORT_PATH, FEED
from velib_assets.ingest.http import Fetcher
from velib_assets.ingest.ingest_result import PRESENT, STORED
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import Ingest, SlotExpiredError, store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_of, raw_key, slot_of
from velib_assets.lake.listing import slot_times
from velib_assets.resources import build_resources
from velib_assets_tests.defs.test_graph import archive, checks, from_archive, run
from velib_assets_tests.guarantees.writers import FORKS, ScriptedFeed, started, tick_slots
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, raw, records

pytestmark = pytest.mark.promise("raw")

Figure = Callable[[str, float], None]
Seen = dict[str, tuple[bytes, int, int]]


def raw_files(root: Path) -> Seen:
    """The bytes, inode and modification time of every raw object."""
    return {
        path.name: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in (root / "raw").rglob("velib_*")
    }


def count_of(root: Path, taken: datetime) -> int:
    """The number of records in a raw object with a verified hash."""
    return len(json.loads(bytes(open_raw((root / raw_key(taken)).read_bytes()).results)))


@pytest.mark.parametrize("processes", [2, 8])
def test_one_of_concurrent_ticks_stores(lake: Path, processes: int, full: bool, figure: Figure) -> None:
    """All find the key free before any has a response, and each gets another response."""
    slots = [HOUR + n * timedelta(minutes=15) for n in range(60 if full else 8)]
    together, results = FORKS.Barrier(processes), FORKS.Queue()
    workers = [started(tick_slots, lake, number, slots, together, results) for number in range(processes)]
    outcomes = [results.get(timeout=120) for _ in range(processes * len(slots))]
    for worker in workers:
        worker.join()
    for slot in slots:
        states = {number: state for of, number, state in outcomes if of == slot}
        (winner,) = [number for number, state in states.items() if state == STORED]
        assert sorted(states.values()) == [PRESENT] * (processes - 1) + [STORED]
        assert count_of(lake, slot) == 10 + winner
    assert len(raw_files(lake)) == len(slots)
    figure("ticks at once", processes * len(slots))


def test_late_response_of_a_retried_tick_changes_nothing(lake: Path) -> None:
    """The caller gave up and retried, and the first response arrives afterwards."""
    store, states = FolderStore(lake), []
    with LocalServer() as server:
        server.queue(EXPORT_PATH, Reply(body=body(records(30)), fault="held"), Reply(body=body(records(31))))

        def tick() -> None:
            states.append(Ingest(store, live_feed("opendata", server.url)).take(at(15), at(15)).state)

        late = threading.Thread(target=tick)
        late.start()
        while not server.requests:
            time.sleep(0.01)
        tick()
        before = raw_files(lake)
        server.released.set()
        late.join()
    assert states == [STORED, PRESENT]
    assert raw_files(lake) == before
    assert count_of(lake, at(15)) == 31


@pytest.mark.parametrize("fault", ["hang", "hang_body", "truncated", "truncated_chunks", "reset"])
def test_interrupted_response_is_retried_and_stored_once(lake: Path, fault: str) -> None:
    """A partial body is never stored."""
    with LocalServer() as server:
        server.queue(EXPORT_PATH, Reply(body=body(records(30)), fault=fault), Reply(body=body(records(31))))
        feed = LiveFeed(FEED, server.url, fetcher=Fetcher(silence=0.5, sleep=lambda _: None))
        states = [Ingest(FolderStore(lake), feed).take(at(15), at(16)).state for _ in range(2)]
        assert len(server.requests) >= 2  # more on a slow machine
    assert states == [STORED, PRESENT]
    assert (count_of(lake, at(15)), len(raw_files(lake))) == (31, 1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tick", "scheduled", "restore", "clean"]),
        st.one_of(st.integers(-2000, 5000), st.sampled_from([0, 899, 900, 3599, 3600])),
        st.sampled_from([0, 0, 0, -900, 1, 900, 86_400]),
    ),
    max_size=14,
)


def test_clock_changes_never_alter_an_object(full: bool, figure: Figure) -> None:
    """Ticks, scheduled ticks with a wrong clock, restored hours and cleaning, in any order."""
    tried = 150 if full else 25

    @settings(max_examples=tried, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def holds(steps: list[tuple[str, int, int]]) -> None:
        with TemporaryDirectory() as folder:
            root = Path(folder) / "lake"
            store, known = FolderStore(root), Seen()
            for number, taken in enumerate(steps):
                new = step(store, Path(folder) / str(number), *taken, body(records(10 + number)))
                after = raw_files(root)
                assert {name: after[name] for name in known} == known
                assert set(after) - set(known) == new - set(known)
                known = after

    holds()
    figure("histories of clocks", tried)


def step(store: FolderStore, folder: Path, action: str, seconds: int, jump: int, response: bytes) -> set[str]:  # noqa: PLR0917 - the parts of a step
    """Run one step `seconds` after HOUR; returns the names that must be in raw afterwards."""
    now = HOUR + timedelta(seconds=seconds)
    if action == "clean":
        rebuild_hour(store, HOUR)
        return set()
    if action == "restore":
        restored = Ingest(store, Archive(archive(folder, {now: response}))).restore(hour_of(now), now)
        return {raw_key(part.ingested_at).rpartition("/")[2] for part in restored}
    taken = now if action == "tick" else slot_of(now)
    clock = now if action == "tick" else now + timedelta(seconds=jump)
    try:
        Ingest(store, ScriptedFeed({taken: response})).take(taken, clock)
    except SlotExpiredError:
        assert slot_of(clock) != taken
        return set()
    return {raw_key(taken).rpartition("/")[2]}


def test_flipped_bits_never_change_rows(full: bool, figure: Figure) -> None:
    """In the gzip or in the document: an object is quarantined, or has the rows that were stored."""
    good = raw(records(12))
    rows = clean_hour(HOUR, [good]).table
    document = gzip.decompress(good.data)
    start = document.index(b'"results": ') + len(b'"results": ')
    quarantined = tried = 0
    for whole, first in ((good.data, 0), (document, 0)):
        for place in range(first, len(whole), 1 if full else 9):
            bad = bytearray(whole)
            bad[place] ^= 1 << place % 8
            clean = clean_hour(HOUR, [good._replace(data=bytes(bad))])
            tried += 1
            quarantined += len(clean.summary.quarantined)
            assert clean.summary.quarantined or clean.table.equals(rows), place
            if whole is document and start <= place < len(document) - 1:
                assert clean.summary.quarantined, place
    assert quarantined > 0.9 * tried
    figure("flipped bytes", tried)


def test_damaged_object_is_reported_and_kept(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Its rows disappear from clean and all views; the other snapshot's rows and its bytes stay."""
    settings = from_archive(tmp_path, {at(0): body(records())})
    store = FolderStore(settings.lake)
    for taken, count in ((at(0), 40), (at(15), 41)):
        store_or_quarantine(store, FeedResponse("opendata", {"body": body(records(count))}), taken, taken)
    assert rebuild_hour(store, HOUR).cleaned
    path = settings.lake / raw_key(at(15))
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 1
    path.write_bytes(packed)
    result = run(settings, instance, HOUR)
    check = checks(result)["readable_raw", key_of(HOUR)]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert str(path) in str(check.description)
    assert "cannot be decompressed" in str(check.description)
    assert path.read_bytes() == bytes(packed)
    (reason,) = (settings.lake / "quarantine").rglob("*.reason.json")
    assert json.loads(reason.read_text())["raw_key"] == raw_key(at(15))
    assert slot_times(store, HOUR) == ({at(0)}, {at(15)})
    engine = build_resources(settings).query_engine
    for name in ("source_velib", "kpi_taux_remplissage", "kpi_saturation_par_arrondissement"):
        times = engine.query(f"SELECT DISTINCT ingested_ts FROM {name}")["ingested_ts"]  # noqa: S608 - a constant
        assert [moment.minute for moment in times] == [0]


def test_records_changed_within_valid_gzip_are_quarantined() -> None:
    """The gzip checksum is right; the envelope's hash is not."""
    document = gzip.decompress(raw(records()).data)
    assert document.count(b'"numbikesavailable": 8') == 40
    forged = document.replace(b'"numbikesavailable": 8', b'"numbikesavailable": 9', 1)
    clean = clean_hour(HOUR, [RawObject(raw_key(at(15)), "x", gzip.compress(forged)), raw(records())])
    assert [(part.code, part.reason) for part in clean.summary.quarantined] == [
        ("hash_mismatch", "its records have changed since they were stored: their SHA-256 differs")
    ]
    assert len(clean.table) == 40


def test_archive_does_not_restore_damaged_objects(tmp_path: Path) -> None:
    """They go to quarantine with their bytes unmodified."""
    document = gzip.decompress(raw(records()).data).replace(
        b'"numbikesavailable": 8', b'"numbikesavailable": 9'
    )
    forged, cut = gzip.compress(document), raw(records(), 15).data[:-20]
    folder = tmp_path / "archive"
    folder.mkdir()
    for taken, data in ((at(0), forged), (at(15), cut)):
        (folder / raw_key(taken).rpartition("/")[2]).write_bytes(data)
    store = FolderStore(tmp_path / "lake")
    taken_all = Ingest(store, Archive(folder)).restore(HOUR, at(59))
    assert [(part.state, part.code) for part in taken_all] == [
        ("quarantined", "hash_mismatch"),
        ("quarantined", "not_gzip"),
    ]
    assert [store.read(part.key) for part in taken_all] == [forged, cut]
    assert raw_files(store.root) == {}
