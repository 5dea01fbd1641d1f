"""The live feeds: what they request, and how their responses are decoded."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds import gbfs
from velib_assets.ingest.feeds.feed import Feed, FeedError
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import LiveFeed, live_feed
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.http import Fetcher
from velib_assets.ingest.response import UnusableError
from velib_assets_tests.http_server import LocalServer, Reply

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
INFORMATION, STATUS = (
    f"/opendata/Velib_Metropole/{part}.json" for part in ("station_information", "station_status")
)


def document(*stations: dict[str, object]) -> Reply:
    return Reply(200, json.dumps({"lastUpdatedOther": 1, "data": {"stations": stations}}).encode())


def test_opendata_fetches_the_export_in_one_request(server: LocalServer) -> None:
    """Pages would mix several states of a data set that changes every minute."""
    server.queue(EXPORT_PATH, Reply(200, b'[{"stationcode": "1001"}]'))
    response = live_feed("opendata", server.url + "/").fetch(NOW)
    assert server.paths() == [EXPORT_PATH]
    assert response[:2] == ("opendata", {"body": b'[{"stationcode": "1001"}]'})


def test_html_page_is_unusable(server: LocalServer) -> None:
    """A maintenance page has status 200."""
    server.queue(EXPORT_PATH, Reply(200, b"<html>maintenance</html>"))
    with pytest.raises(UnusableError, match=r"is not JSON.*<html>maintenance"):
        decode(live_feed("opendata", server.url).fetch(NOW))


def test_gbfs_joins_the_two_files_by_station_id(server: LocalServer) -> None:
    """The files have different orders, and one has ids as text."""
    server.queue(INFORMATION, document({"station_id": 7, "name": "A"}, {"station_id": 8}))
    server.queue(STATUS, document({"station_id": "8", "n": 2}, {"station_id": "7", "n": 1}))
    records = decode(live_feed("gbfs", server.url).fetch(NOW)).records
    assert server.paths() == [INFORMATION, STATUS]
    assert [(r["information"]["station_id"], r["status"]["n"]) for r in records] == [(7, 1), (8, 2)]


def test_both_gbfs_files_share_one_deadline(server: LocalServer) -> None:
    """Twice 45 s would exceed the Lambda's time-out."""
    seconds = [0.0]

    def sleep(wait: float) -> None:
        seconds[0] += wait

    fetcher = Fetcher(clock=lambda: seconds[0], sleep=sleep, jitter=lambda: 1.0)
    server.queue(INFORMATION, *[Reply(500)] * 4, document())
    server.queue(STATUS, Reply(500))
    with pytest.raises(FeedError, match=r"station_status\.json"):
        LiveFeed(gbfs.FEED, server.url, fetcher=fetcher).fetch(NOW)
    assert seconds[0] <= 45.0


@pytest.mark.parametrize("feed", [live_feed(name) for name in FEEDS], ids=lambda feed: feed.name)
def test_live_feed_has_no_past(feed: Feed) -> None:
    """The current state under a past hour would be worse than a gap."""
    hour = NOW.replace(minute=0) - timedelta(days=1)
    assert feed.live
    assert feed.recorded_hours(hour, NOW) == set()
    assert list(feed.recorded(hour)) == []
