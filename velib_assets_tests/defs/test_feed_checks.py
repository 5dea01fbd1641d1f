"""The findings about what a feed says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from velib_assets.clean.frozen_feed import FrozenStretch
from velib_assets.defs import checks
from velib_assets.lake.keys import raw_key


def test_differing_duplicates_are_counted_with_their_codes() -> None:
    finding = checks.differing_duplicates({"1001": 3, "31024_relais": 1})
    assert (finding.passed, finding.facts["faults"]) == (False, 4)
    assert finding.message == (
        "4 times a snapshot has records of one station that differ; the one that reported last is kept. "
        "Stations: 1001, 31024_relais"
    )
    assert checks.differing_duplicates({}).passed


def test_codes_of_differing_duplicates_cannot_contain_links() -> None:
    """The UI renders messages as Markdown, and a code is any text that the feed sends."""
    finding = checks.differing_duplicates({"[x](http://evil)": 1, **{str(n): 1 for n in range(100)}})
    assert "](http" not in finding.message
    assert finding.message.endswith(" and 81 more")


def test_frozen_feed_is_reported_with_its_times_and_files() -> None:
    keys = [raw_key(datetime(2024, 11, 3, 10, tzinfo=UTC) + n * timedelta(minutes=15)) for n in range(4)]
    finding = checks.feed_frozen([FrozenStretch(keys, 1385)])
    assert (finding.passed, finding.facts) == (False, {"faults": 1, "repeats": 3})
    assert finding.message == (
        "the feed is frozen: the 4 snapshots from 2024-11-03 10:00 to 10:45 UTC have the same records, "
        "although 1,385 stations are in operation "
        "(velib_20241103_100000.json.gz to velib_20241103_104500.json.gz). "
        "If this persists, check the service's status"
    )
    assert checks.feed_frozen([]).passed


def test_reports_from_the_future_are_counted() -> None:
    finding = checks.future_reports(12, 3, 5940)
    assert (finding.passed, finding.facts) == (False, {"faults": 12, "unknown": 3})
    assert finding.message == (
        "12 of 5,940 rows have a report from over 10 minutes after the snapshot; 3 of them, "
        "over 24 hours after it, count as unknown. Times without a zone are read as UTC"
    )
    assert checks.future_reports(12, 0, 5940).message == (
        "12 of 5,940 rows have a report from over 10 minutes after the snapshot. "
        "Times without a zone are read as UTC"
    )
    assert checks.future_reports(0, 0, 5940).passed
