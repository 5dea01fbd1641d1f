"""The ingest step: what happens to a response's bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from velib_assets.ingest.feeds.feed import RecordedSnapshot
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.same_source import SourceMismatchError
from velib_assets.ingest.step import Ingest, store_or_quarantine
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_prefix
from velib_assets.lake.listing import hour_range, newest_snapshot, slot_times
from velib_assets.lake.store import Stored
from velib_assets_tests.samples import HOUR, at, body, pair, record, records

NOW = datetime(2022, 6, 5, tzinfo=timezone.utc)


class Recordings:
    """A feed with recorded responses."""

    def __init__(self, name: str = "archive", *, live: bool = False, **responses: bytes) -> None:
        self.name, self.live, self.calls = name, live, 0
        self.recordings = {at(int(minute[1:])): data for minute, data in responses.items()}

    def fetch(self, at: datetime) -> FeedResponse:
        self.calls += 1
        return FeedResponse(self.name, {"body": self.recordings[at]})

    def recorded_hours(self, first: datetime, last: datetime) -> set[datetime]:
        return {HOUR} if first <= HOUR <= last else set()

    def recorded(self, _hour: datetime) -> Iterator[RecordedSnapshot]:
        for taken_at, data in self.recordings.items():
            yield RecordedSnapshot(taken_at, FeedResponse("opendata", {"body": data}))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def response(data: bytes) -> FeedResponse:
    return FeedResponse("opendata", {"body": data})


def files(store: FolderStore, layer: str) -> list[str]:
    return sorted(path.name for path in (store.root / layer).rglob("*") if path.is_file())


def test_usable_response_is_stored_unmodified_in_an_envelope(store: FolderStore) -> None:
    data = body(records())
    result = store_or_quarantine(store, response(data), at(15), NOW)
    assert result.key == "raw/source=velib/date=2022-06-04/hour=10/velib_20220604_101500.json.gz"
    document = gzip.decompress(store.read(result.key))
    envelope = json.loads(document)
    assert envelope.pop("results") == records()
    assert envelope == {
        "source": "velib",
        "feed": "opendata",
        "ingested_at": "2022-06-04T10:15:00+00:00",
        "fetched_at": "2022-06-05T00:00:00+00:00",
        "record_count": 40,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert data in document


def test_repeated_tick_stores_one_object_and_fetches_once(store: FolderStore) -> None:
    feed = Recordings("opendata", live=True, m15=body(records()))
    first, second = (Ingest(store, feed).take(at(15), at(16)) for _ in range(2))
    assert (first.state, second.state, feed.calls) == ("stored", "present", 1)


def test_object_is_never_overwritten(store: FolderStore) -> None:
    result = store_or_quarantine(store, response(body(records())), at(15), NOW)
    before = store.read(result.key)
    again = store_or_quarantine(store, response(body(records(30))), at(15), NOW)
    assert (again.state, store.read(result.key)) == ("present", before)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "empty"),
        (b"<html>busy</html>", "not_json"),
        (body(records())[:-9], "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not_json"),
        (b'["\xff"]', "not_utf8"),
        (b'"hello"', "not_a_list"),
        (b'{"error": "quota"}', "not_a_list"),
        (body([record(None)] * 40), "no_identity"),
        (body([*records(37), *[record(None)] * 3]), "no_identity"),
        (body([{"stationcode": "1", "numbikesavailable": 1}]), "missing_field"),
        (b"", "not_json"),
        (body(records(numbikesavailable="douze")), "mostly_rejected"),
        (body([*records(19), *[record("2001", ebike=-1)] * 21]), "mostly_rejected"),
    ],
)
def test_unusable_response_is_quarantined_unmodified(store: FolderStore, data: bytes, code: str) -> None:
    result = store_or_quarantine(store, response(data), at(15), NOW)
    assert (result.state, result.code) == ("quarantined", code)
    assert store.read(result.key) == data
    (reason,) = (store.root / "quarantine").rglob("*.reason.json")
    content = json.loads(reason.read_text())
    assert (content["code"], content["keys"]) == (code, [result.key])
    assert files(store, "raw") == []


def test_95_percent_of_codes_suffice(store: FolderStore) -> None:
    rows = [*records(38), record(None), record(None)]
    assert store_or_quarantine(store, response(body(rows)), at(15), NOW).state == "stored"


def test_half_of_the_records_as_rows_suffice(store: FolderStore) -> None:
    rows = [*records(20), *[record("2001", capacity=1.5)] * 20]
    assert store_or_quarantine(store, response(body(rows)), at(15), NOW).state == "stored"


def test_counts_of_gbfs_are_audited_too(store: FolderStore) -> None:
    rows = [pair(str(n), num_docks_available=[]) for n in range(40)]
    data = FeedResponse("gbfs", {"body": body(rows)})
    assert store_or_quarantine(store, data, at(15), NOW).code == "mostly_rejected"


def test_two_bad_responses_of_one_second_are_both_stored(store: FolderStore) -> None:
    store_or_quarantine(store, response(b"one"), at(15), NOW)
    store_or_quarantine(store, response(b"two"), at(15), NOW)
    assert len(files(store, "quarantine")) == 4


def test_both_files_of_a_bad_gbfs_pair_are_stored(store: FolderStore) -> None:
    pair = {"station_information": b'{"data": {"stations": []}}', "station_status": b"oops"}
    store_or_quarantine(store, FeedResponse("gbfs", pair), at(15), NOW)
    stored = {path.read_bytes() for path in (store.root / "quarantine").rglob("*.station_*")}
    assert stored == set(pair.values())


def test_byte_order_mark_is_accepted(store: FolderStore) -> None:
    result = store_or_quarantine(store, response(b"\xef\xbb\xbf" + body(records())), at(15), NOW)
    assert json.loads(gzip.decompress(store.read(result.key)))["record_count"] == 40


def test_restore_adds_only_missing_snapshots(store: FolderStore) -> None:
    feed = Recordings(m0=body(records()), m15=body(records()))
    store_or_quarantine(store, response(body(records(30))), at(0), NOW)
    before = store.read("raw/source=velib/date=2022-06-04/hour=10/velib_20220604_100000.json.gz")
    results = Ingest(store, feed).restore(HOUR, NOW)
    assert [(result.ingested_at, result.state, result.code) for result in results] == [
        (at(0), "present", "different"),
        (at(15), "stored", ""),
    ]
    assert store.read("raw/source=velib/date=2022-06-04/hour=10/velib_20220604_100000.json.gz") == before


class WatchedStore(FolderStore):
    """Counts listings of raw; after the first one, somebody else stores a snapshot."""

    def __init__(self, root: Path, other: bytes = b"") -> None:
        super().__init__(root)
        self.listed, self._other = 0, other

    def list(self, prefix: str) -> list[Stored]:
        """See LakeStore."""
        found = super().list(prefix)
        if prefix == hour_prefix("raw", HOUR):
            self.listed += 1
            if self.listed == 1 and self._other:
                store_or_quarantine(FolderStore(self.root), response(self._other), at(15), NOW)
        return found


@pytest.mark.parametrize("live", [False, True])
def test_restore_lists_the_hour_of_raw_once(tmp_path: Path, *, live: bool) -> None:
    store = WatchedStore(tmp_path)
    recorded = {f"m{minute}": body(records(numbikesavailable=minute)) for minute in range(0, 60, 5)}
    results = Ingest(store, Recordings("archive", live=live, **recorded)).restore(HOUR, NOW)
    assert [result.state for result in results] == ["stored"] * 12
    assert store.listed == 1


@pytest.mark.parametrize("live", [False, True])
def test_snapshot_that_another_writer_stores_during_a_restore_stays(tmp_path: Path, *, live: bool) -> None:
    store = WatchedStore(tmp_path, other=body(records(30)))
    feed = Recordings(live=live, m0=body(records()), m15=body(records()), m30=body(records()))
    results = Ingest(store, feed).restore(HOUR, NOW)
    assert [(result.ingested_at, result.state) for result in results] == [
        (at(0), "stored"),
        (at(30), "stored"),
    ]
    kept = store.read("raw/source=velib/date=2022-06-04/hour=10/velib_20220604_101500.json.gz")
    assert json.loads(gzip.decompress(kept))["record_count"] == 30
    assert len(files(store, "raw")) == 3


@pytest.mark.parametrize(("first", "codes"), [(b"oops", ["not_json", ""]), (None, [""])])
def test_second_recording_of_a_time_counts_only_if_the_first_is_unusable(
    store: FolderStore, first: bytes | None, codes: list[str]
) -> None:
    feed = Recordings(m0=first or body(records()))
    good = RecordedSnapshot(at(0), FeedResponse("opendata", {"body": body(records(30))}))
    feed.recorded = lambda _hour: iter([*Recordings.recorded(feed, HOUR), good])  # type: ignore[method-assign]
    results = Ingest(store, feed).restore(HOUR, NOW)
    assert [result.code for result in results] == codes
    [stored] = [result for result in results if result.state == "stored"]
    assert stored.records == (30 if first else 40)


def test_restore_ignores_the_future(store: FolderStore) -> None:
    feed = Recordings(m0=body(records()), m15=body(records()))
    results = Ingest(store, feed).restore(HOUR, at(10))
    assert [result.ingested_at for result in results] == [at(0)]


def test_bad_recording_is_quarantined_and_others_are_restored(store: FolderStore) -> None:
    feed = Recordings(m0=b"[]", m15=body(records()))
    states = [result.state for result in Ingest(store, feed).restore(HOUR, NOW)]
    assert states == ["quarantined", "stored"]
    assert slot_times(store, HOUR) == ({at(15)}, {at(0)})


def test_simulator_does_not_write_into_a_lake_of_real_snapshots(store: FolderStore) -> None:
    store_or_quarantine(store, response(body(records())), at(0), NOW)
    feed = Recordings("simulator", live=True, m15=body(records()))
    with pytest.raises(SourceMismatchError, match=r"opendata.*velib_20220604_100000"):
        Ingest(store, feed).take(at(15), NOW)
    with pytest.raises(SourceMismatchError):
        Ingest(store, feed).restore(HOUR + timedelta(hours=1), NOW)


def test_newer_simulated_object_does_not_hide_an_older_real_one(store: FolderStore) -> None:
    store_or_quarantine(store, response(body(records())), at(0), NOW)
    store_or_quarantine(store, FeedResponse("simulator", {"body": body(records())}), NOW, NOW)
    with pytest.raises(SourceMismatchError):
        Ingest(store, Recordings("simulator", live=True)).restore(HOUR, NOW)


def test_snapshot_dated_in_the_future_is_not_the_newest(store: FolderStore) -> None:
    """Otherwise one wrong clock would suppress the staleness alert for years."""
    store_or_quarantine(store, response(body(records())), at(0), NOW)
    store_or_quarantine(store, response(body(records())), datetime(2099, 1, 1, tzinfo=timezone.utc), NOW)
    assert newest_snapshot(store) == at(0)
    assert hour_range(store, "raw") == (HOUR, HOUR)


def test_page_with_an_encoded_surrogate_before_the_records_is_not_utf8(store: FolderStore) -> None:
    """Python's JSON parser accepts such bytes."""
    page = b'{"\xed\xa0\x80": 1, "results": ' + body(records()) + b"}"
    assert store_or_quarantine(store, response(page), at(15), NOW).code == "not_utf8"


def test_lake_of_another_network_is_refused_before_the_feed_is_called(store: FolderStore) -> None:
    """A retried tick is not: that its snapshot is there tells that the lake is the network's own."""
    feed = Recordings("opendata", live=True, m0=body(records()))
    assert Ingest(store, feed).take(at(0), at(0)).state == "stored"
    store.create("raw/source=rouen/date=2022-06-04/hour=10/x", b"")
    assert Ingest(store, feed).take(at(0), at(0)).state == "present"
    later = HOUR + timedelta(hours=1)
    with pytest.raises(SourceMismatchError, match=f"{store.root} holds the network rouen"):
        Ingest(store, feed).take(later, later)
    with pytest.raises(SourceMismatchError, match="Set VELIB_NETWORK=rouen"):
        Ingest(store, feed).restore(HOUR, NOW)
    assert feed.calls == 1


def test_tick_of_velib_reads_and_writes_raw_alone(store: FolderStore) -> None:
    """What the lake knows of its network is for others; the function of Vélib' may not touch it on AWS."""
    assert Ingest(store, Recordings("opendata", live=True, m0=body(records()))).take(at(0), at(0)).key
    assert [item.key.partition("/")[0] for item in store.walk("")] == ["raw"]
