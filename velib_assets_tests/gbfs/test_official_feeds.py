"""Feeds that are generated after the official schemas of each version pass through to the table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from velib_assets.ingest.response import FeedResponse
from velib_assets_tests.gbfs.official_files import Feed, feeds
from velib_assets_tests.gbfs.official_schemas import VERSIONS
from velib_assets_tests.gbfs.plain_reading import expected, names_of, stations_of
from velib_assets_tests.gbfs.test_official_schemas import problems
from velib_assets_tests.gbfs.through_pipeline import clean_both, raw_of, rows

AT = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize("version", VERSIONS)
def test_generated_feed_follows_the_schemas_and_passes_through(version: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(feeds(version))
    def check(feed: Feed) -> None:
        assert [line for name, file in feed.files.items() for line in problems(name, version, file)] == []
        result = clean_both([raw_of(FeedResponse("gbfs", feed.bodies()), AT)], AT)
        found = {row["station_id"]: row for row in rows(result)}
        wanted = dict(expected(feed.files))
        assert sorted(found) == sorted(wanted)
        for key, values in wanted.items():
            assert {name: found[key][name] for name in values} == values
            assert {type(found[key][name]) for name in ("is_installed", "is_renting")} == {bool}
        assert_names(feed, {key: row["name"] for key, row in found.items()})
        (count,) = result.summary.snapshots
        assert count.records == count.rows + count.rejected + count.duplicates
        assert result.summary.quarantined == []

    check()


def assert_names(feed: Feed, names: dict[str, str | None]) -> None:
    """Each name is one of those that the feed gives the station."""
    for entry in stations_of(feed.files["station_information"]):
        key = entry["station_id"].strip()
        given_names = names_of(entry["name"])
        assert names[key] is None or names[key] in given_names
        if given_names and all(name.startswith("Gare") for name in given_names):
            assert names[key] == "Gare"
