"""The feed returns records that were discarded: the tick skips them, and says so."""

from pathlib import Path

import pytest

from velib_assets.defs.hourly import HourOutcome
from velib_assets.defs.raw_snapshot import SCHEDULED_AT, ingest_hours
from velib_assets.ingest.discard import discard_object, find_snapshots
from velib_assets.ingest.feeds.feed import Feed
from velib_assets.ingest.response import FeedResponse
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets_tests.samples import HOUR, at, body, records


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 20 minutes past the hour."""
    monkeypatch.setattr("velib_assets.defs.raw_snapshot.utc_now", lambda: at(20))


class Answers(Feed):
    """A live feed that returns these bodies in turn."""

    name, live = "opendata", True

    def __init__(self, *bodies: bytes) -> None:
        self._bodies = list(bodies)

    def fetch(self, at: object) -> FeedResponse:  # noqa: ARG002
        return FeedResponse("opendata", {"body": self._bodies.pop(0)})


def tick_after_discard(folder: Path, *earlier: bytes) -> HourOutcome:
    """Store snapshots in the running hour, discard the last, and take its records again."""
    store, now = FolderStore(folder), at(20)
    ingest = Ingest(store, Answers(*earlier, earlier[-1]))
    for minute in range(len(earlier)):
        assert ingest.take(at(minute), at(minute)).state == "stored"
    discard_object(store, find_snapshots(store, HOUR, HOUR)[-1], "frozen feed", now)
    return next(ingest_hours(store, ingest, [HOUR], {SCHEDULED_AT: now.isoformat()}))


def test_hour_with_another_snapshot_goes_on(tmp_path: Path) -> None:
    outcome = tick_after_discard(tmp_path, body(records()), body(records(numbikesavailable=7)))
    assert outcome.findings["usable_snapshot"].passed
    assert outcome.findings["quarantined_snapshot"].passed
    finding = outcome.findings["discarded_before"]
    assert (finding.passed, finding.message) == (
        False,
        "1 snapshot skipped: discarded before (frozen feed)",
    )


def test_hour_without_another_snapshot_fails_with_the_reason(tmp_path: Path) -> None:
    outcome = tick_after_discard(tmp_path, body(records()))
    assert outcome.metadata is None
    assert outcome.summary == (
        "1 snapshot skipped: discarded before (frozen feed). No other snapshot was loaded for this hour"
    )
