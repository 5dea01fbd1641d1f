"""The two live feeds: what they ask for, and what becomes of the answer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from velib_assets.ingest.feeds import gbfs
from velib_assets.ingest.feeds.feed import Feed, FeedError
from velib_assets.ingest.feeds.feed_table import FEEDS
from velib_assets.ingest.feeds.live_feed import LiveFeed, live_feed
from velib_assets.ingest.feeds.opendata import EXPORT_PATH
from velib_assets.ingest.http import Fetcher
from velib_assets.ingest.response import UnusableError, decode
from velib_assets_tests.http_server import LocalServer, Reply

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
INFORMATION, STATUS = (
    f"/opendata/Velib_Metropole/{part}.json" for part in ("station_information", "station_status")
)


def document(*stations: dict[str, object]) -> Reply:
    return Reply(200, json.dumps({"lastUpdatedOther": 1, "data": {"stations": stations}}).encode())


def test_opendata_takes_the_export_in_one_request(server: LocalServer) -> None:
    """Paging spreads one snapshot over several states of a set that changes each minute."""
    server.queue(EXPORT_PATH, Reply(200, b'[{"stationcode": "1001"}]'))
    answer = live_feed("opendata", server.url + "/").fetch(NOW)
    assert server.paths() == [EXPORT_PATH]
    assert answer == ("opendata", {"body": b'[{"stationcode": "1001"}]'})


def test_a_page_of_html_is_unusable(server: LocalServer) -> None:
    """A maintenance page comes with status 200: its bytes pass, the decoder names what they are."""
    server.queue(EXPORT_PATH, Reply(200, b"<html>maintenance</html>"))
    with pytest.raises(UnusableError, match=r"is not JSON.*<html>maintenance"):
        decode(live_feed("opendata", server.url).fetch(NOW))


def test_gbfs_joins_the_two_files_by_station_id(server: LocalServer) -> None:
    """The files order their stations differently, and one writes the id as text."""
    server.queue(INFORMATION, document({"station_id": 7, "name": "A"}, {"station_id": 8}))
    server.queue(STATUS, document({"station_id": "8", "n": 2}, {"station_id": "7", "n": 1}))
    records = decode(live_feed("gbfs", server.url).fetch(NOW)).records
    assert server.paths() == [INFORMATION, STATUS]
    assert [(r["information"]["station_id"], r["status"]["n"]) for r in records] == [(7, 1), (8, 2)]


def test_gbfs_has_one_deadline_for_both_files(server: LocalServer) -> None:
    """Two files of 45 s each would outlast the function that fetches them."""
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
def test_a_live_feed_has_no_past(feed: Feed) -> None:
    """Writing today's state under yesterday's hour would be worse than a gap."""
    hour = NOW.replace(minute=0) - timedelta(days=1)
    assert feed.live
    assert feed.recorded_hours(hour, NOW) == set()
    assert list(feed.recorded(hour)) == []
