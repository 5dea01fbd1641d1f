"""The findings about what a feed says."""

from __future__ import annotations

from velib_assets.defs import feed_checks


def test_differing_twins_are_counted_with_their_codes() -> None:
    finding = feed_checks.differing_duplicates({"1001": 3, "31024_relais": 1})
    assert (finding.passed, finding.facts["faults"]) == (False, 4)
    assert finding.message == (
        "4 times a snapshot has records of one station that differ; the one that reported last is kept. "
        "Stations: 1001, 31024_relais"
    )
    assert feed_checks.differing_duplicates({}).passed


def test_codes_of_differing_twins_cannot_contain_links() -> None:
    """The UI renders messages as Markdown, and a code is any text that the feed sends."""
    finding = feed_checks.differing_duplicates({"[x](http://evil)": 1, **{str(n): 1 for n in range(100)}})
    assert "](http" not in finding.message
    assert finding.message.endswith(" and 81 more")
