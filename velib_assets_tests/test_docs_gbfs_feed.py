"""What the documents say of GBFS feeds is what happens."""

import re
from datetime import UTC, datetime

import pytest

from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.gbfs_discovery import OPTIONAL, REQUIRED
from velib_assets.ingest.gbfs_records import gbfs_head, join_stations
from velib_assets.ingest.response import UnusableError
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ingest.gbfs_city import PARTS, ROOT, data, file, information, listed, serve, status
from velib_assets_tests.test_docs import code, table

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
FTP = {"feeds": [*listed(*PARTS)["feeds"][:2], {"name": "station_status", "url": "ftp://h/station_status"}]}
ITSELF = {"feeds": [{"name": "gbfs", "url": "gbfs.json"}]}
UNNAMED = [part for part in PARTS if part != "station_status"]
BAD_FEEDS: dict[str, dict[str, Reply]] = {
    "the discovery document is HTML": {"gbfs": Reply(200, b"<!doctype html><p>Sign in</p>")},
    "it is another file": {"gbfs": file({"stations": []})},
    "it lists several systems": {"gbfs": file({"datasets": [{}, {}]})},
    "it does not name a file": {"gbfs": file({"en": listed(*UNNAMED)})},
    "it points to itself": {"gbfs": file(ITSELF, "3.0")},
    "a named file is not there": {"station_status": Reply(404)},
    "a file is moved in a circle": {
        "station_status": Reply(301, b"", {"Location": f"{ROOT}/station_status.json"})
    },
    "the URL of a file is not HTTP": {"gbfs": file(FTP, "3.0")},
    "a file has no stations": {"station_status": file({"bikes": []})},
    "its list is empty": {"station_status": file({"stations": []})},
    "it is not that of Vélib', and VELIB_NETWORK is not set": {},
}


@pytest.mark.parametrize(
    ("wrong", "message"), table("docs/bad-input.md", "what is wrong with the feed", "message")
)
def test_bad_feed_has_the_documented_message(
    wrong: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    network = "velib" if "VELIB_NETWORK" in wrong else "rouen"
    with LocalServer() as server, pytest.raises((FeedError, UnusableError)) as error:
        decode(GbfsFeed(serve(server, BAD_FEEDS[wrong])).fetch(AT), network)
    assert re.fullmatch(re.escape(message).replace("…", ".*"), str(error.value))


def test_every_bad_feed_is_documented() -> None:
    documented = [row[0] for row in table("docs/bad-input.md", "what is wrong with the feed", "message")]
    assert documented == list(BAD_FEEDS)


def test_files_that_are_read_are_documented() -> None:
    rows = table("docs/settings.md", "file", "read for")
    assert [name for files, _ in rows for name in code(files)] == [*REQUIRED, *OPTIONAL]


def test_members_of_the_head_are_documented() -> None:
    """A feed with something to say of everything."""
    records = join_stations(
        [information("1", name=[{"text": "A"}]), information("2")], [status("1"), status("3")]
    )
    documents = {
        "gbfs": {"data": {"fr": listed(*PARTS)}},
        "station_status": {"version": "2.3"},
        "vehicle_types": {"data": data("vehicle_types")},
    }
    head = gbfs_head(documents, records)
    assert [code(row[0])[0] for row in table("docs/data.md", "member of `gbfs`", "contents")] == list(head)
