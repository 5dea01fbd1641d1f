"""What the snapshot step of a tick lists: on AWS each listing costs money at every tick."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from velib_assets.defs.raw_snapshot import SCHEDULED_AT, ingest_hours
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.ingest_result import PRESENT, IngestResult
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR as ONE_HOUR
from velib_assets.lake.keys import hour_prefix
from velib_assets.lake.store import Stored
from velib_assets_tests.samples import HOUR, at, body, records


class ListingStore(FolderStore):
    """A store that counts what is listed."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed: Counter[str] = Counter()

    def folders(self, prefix: str) -> list[str]:
        """See LakeStore."""
        self.listed[prefix] += 1
        return super().folders(prefix)

    def list(self, prefix: str) -> list[Stored]:
        """See LakeStore."""
        self.listed[prefix] += 1
        return super().list(prefix)


class ClockFeed(Feed):
    """A live feed whose stations have as many bikes as the hour and the minute of the time."""

    name, live = "opendata", True

    def fetch(self, at: datetime) -> FeedResponse:
        """See Feed."""
        return FeedResponse("opendata", {"body": body(records(numbikesavailable=at.hour + at.minute))})


class RemoteIngest(Ingest):
    """Takes snapshots with a store of its own, as the function on AWS does."""

    results: tuple[IngestResult, ...] = ()

    def take(self, ingested_at: datetime, now: datetime) -> IngestResult:
        """See Ingest."""
        self.results += (super().take(ingested_at, now),)
        return self.results[-1]


def listed_by_tick(folder: Path, moment: datetime, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Run the snapshot step of the tick of this time; return what it lists on Dagster's host."""
    store, ingest = ListingStore(folder), RemoteIngest(FolderStore(folder), ClockFeed())
    monkeypatch.setattr("velib_assets.defs.raw_snapshot.utc_now", lambda: moment)
    outcomes = list(ingest_hours(store, ingest, [HOUR], {SCHEDULED_AT: moment.isoformat()}))
    assert all(finding.passed for finding in outcomes[0].findings.values())
    return store.listed


def test_tick_lists_the_hour_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hour before is listed too, in which a frozen feed may have begun."""
    assert listed_by_tick(tmp_path, at(0), monkeypatch)
    assert listed_by_tick(tmp_path, at(20), monkeypatch) == {
        hour_prefix("raw", HOUR): 1,
        hour_prefix("quarantine", HOUR): 1,
        hour_prefix("raw", HOUR - ONE_HOUR): 1,
    }


def test_first_tick_of_an_hour_does_not_list_the_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot in the hour before shows that the lake is as old."""
    earlier = at(0) - ONE_HOUR
    assert Ingest(FolderStore(tmp_path), ClockFeed()).take(earlier, earlier).state == "stored"
    assert listed_by_tick(tmp_path, at(0), monkeypatch) == {
        hour_prefix("raw", HOUR): 1,
        hour_prefix("quarantine", HOUR): 1,
        hour_prefix("raw", HOUR - ONE_HOUR): 2,
        hour_prefix("quarantine", HOUR - ONE_HOUR): 1,
    }


def test_repeated_tick_finds_its_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after its slot is over; then the feed is not called, as its state is a later one."""
    ingest = RemoteIngest(FolderStore(tmp_path), ClockFeed())
    for now, states in ((at(0), ["stored"]), (at(1), ["stored", PRESENT]), (at(20), ["stored", PRESENT])):
        monkeypatch.setattr("velib_assets.defs.raw_snapshot.utc_now", lambda now=now: now)
        tags = {SCHEDULED_AT: at(0).isoformat()}
        outcome = next(ingest_hours(FolderStore(tmp_path), ingest, [HOUR], tags))
        assert outcome.metadata is not None
        assert outcome.metadata["snapshots"] == 1
        assert [result.state for result in ingest.results] == states
