"""A server that repeats the key of the URL: the quarantined bytes hold it, and nothing else does."""

from __future__ import annotations

import base64
import gzip
import html
import json
import logging
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

import pytest

from velib_assets.ingest.feeds import opendata
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.feeds.live_feed import live_feed
from velib_assets.ingest.http import Fetcher
from velib_assets.ingest.redaction import redact, redact_start, secrets_of
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ingest.gbfs_city import ROOT, file, information, serve, status

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
KEY = "s3cret/Key+0042=<&x"
QUERY = quote(KEY, safe="")
SPELLINGS = {
    "plain": KEY,
    "in a URL": QUERY,
    "in a URL, in lower case": QUERY.lower(),
    "in HTML": html.escape(KEY),
    "in JSON": KEY.replace("/", "\\/"),
    "in capitals": KEY.upper(),
}
# What may not be shown: the start of the key in any spelling, and a short part of it.
TRACES = ("s3cret", "key+0042", "key%2b0042")


def traces(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text.lower()]


def shown_in(lake: Path) -> str:
    """Return all that a lake has, in names and in files, beside the quarantined bytes."""
    files = [path for path in lake.rglob("*") if path.is_file()]
    kept = [path for path in files if "quarantine" not in path.parts or path.name.endswith(".reason.json")]
    texts = [path.read_bytes() for path in kept]
    shown = [gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text for text in texts]
    return "\n".join([*map(str, files), *(text.decode() for text in shown)])


def quarantined(lake: Path) -> bytes:
    found = [path for path in (lake / "quarantine").rglob("*") if not path.name.endswith(".reason.json")]
    return b"".join(path.read_bytes() for path in found if path.is_file())


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "page",
    [
        "<html><body>No access with {}</body></html>",
        "{} is not valid",
        "<!DOCTYPE html>" + 44 * " " + "{}",  # the message quotes 60 characters
        "<!DOCTYPE html>" + 30 * " " + "{}",
        '{{"error": "wrong key {}"}}',
        '{{"wrong key {}": 1}}',
        '[{{"error": "{}"}}]',
        '"{}"',
    ],
)
def test_key_in_a_page_in_place_of_the_stations_is_in_its_bytes_alone(
    server: LocalServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, page: str, spelling: str
) -> None:
    caplog.set_level(logging.DEBUG, "velib")
    repeated = SPELLINGS[spelling]
    if page.startswith(("{{", "[", '"')):
        repeated = repeated.replace('"', '\\"')
    sent = page.format(repeated).encode()
    url = serve(server, {"station_status": Reply(body=sent)})
    result = Ingest(FolderStore(tmp_path), GbfsFeed(f"{url}?lang=en&key={QUERY}")).take(NOW, NOW)
    assert result.state == "quarantined"
    assert sent in quarantined(tmp_path)
    assert traces(f"{result} {result.message()} {caplog.text} {shown_in(tmp_path)}") == []
    assert traces(json.dumps(result.message(), ensure_ascii=False)) == []


def test_login_that_the_portal_repeats_is_in_the_bytes_alone(server: LocalServer, tmp_path: Path) -> None:
    basic = base64.b64encode(b"user:s3cretKey+0042").decode()
    sent = f"<html>Authorization: Basic {basic}, user:s3cretKey+0042</html>".encode()
    feed = live_feed("opendata", server.url.replace("//", "//user:s3cretKey%2B0042@"))
    server.queue(opendata.FEED.files[0][1].partition("?")[0], Reply(body=sent))
    result = Ingest(FolderStore(tmp_path), feed).take(NOW, NOW)
    assert (result.state, result.code) == ("quarantined", "not_json")
    assert "it starts with '<html>Authorization: Basic …" in result.reason
    assert quarantined(tmp_path) == sent
    assert traces(f"{result} {shown_in(tmp_path)}") == []
    assert basic not in f"{result} {shown_in(tmp_path)}"


def test_key_in_headers_of_a_usable_response_is_not_stored(server: LocalServer, tmp_path: Path) -> None:
    headers = {"ETag": f'"{KEY}-1"', "Last-Modified": f"key={QUERY}", "X-Key": KEY}
    codes = {"5288": "1001", "5253": "1002"}
    stations = {
        "station_information": [information(id_, stationCode=code) for id_, code in codes.items()],
        "station_status": [status(id_, stationCode=code) for id_, code in codes.items()],
    }
    files = {name: file({"stations": entries}) for name, entries in stations.items()}
    url = serve(server, {name: sent._replace(headers=headers) for name, sent in files.items()})
    store = FolderStore(tmp_path)
    result = Ingest(store, GbfsFeed(f"{url}?key={QUERY}")).take(NOW, NOW)
    assert result.state == "stored", result
    assert traces(shown_in(tmp_path)) == []


LOCATIONS = {
    "path": f"/moved/{QUERY}/gbfs.json",
    "query": f"/moved/gbfs.json?token={QUERY}",
    "host": f"http://{QUERY}.invalid/gbfs.json",
    "no host": f"http:///{QUERY}",
    "bracket": f"http://[{QUERY}",
    "port": f"http://127.0.0.1:{QUERY}/",
    "scheme": f"ftp://host/{QUERY}",
    "dots": f"http://..{QUERY}../",
    "long label": f"http://{'x' * 70}{QUERY}/",
    "loop": f"?key={QUERY}",
}


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("moved", ["gbfs", "station_status"])
def test_key_in_a_redirect_is_in_no_message(
    server: LocalServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, moved: str, location: str
) -> None:
    """The address where a redirect ends repeats the key in a page, or as an error."""
    caplog.set_level(logging.DEBUG, "velib")
    to = Reply(301, KEY.encode(), {"Location": LOCATIONS[location]})
    url = serve(server, {moved: to})
    for path in (f"/moved/{QUERY}/gbfs.json", "/moved/gbfs.json"):
        server.queue(path, Reply(403, f"<html>{KEY}</html>".encode()))
    feed = GbfsFeed(f"{url}?key={QUERY}", fetcher=Fetcher(deadline=0.6))
    with pytest.raises(FeedError) as error:
        Ingest(FolderStore(tmp_path), feed).take(NOW, NOW)
    assert traces(f"{error.value} {error.value!r} {caplog.text}") == []
    assert error.value.__cause__ is None
    assert f"{ROOT}/{moved}.json" in str(error.value)


def test_key_in_the_path_of_a_listed_file_is_in_no_message(server: LocalServer, tmp_path: Path) -> None:
    """The setting's own path is shown, also where it has a word of its query."""
    feeds = [
        {"name": "station_information", "url": f"/v2/{QUERY}/station_information.json"},
        {"name": "station_status", "url": f"/v2/{QUERY}/station_status.json"},
    ]
    body = json.dumps({"last_updated": 1, "ttl": 1, "version": "2.3", "data": {"en": {"feeds": feeds}}})
    server.queue("/feeds/gbfs.json", Reply(body=body.encode()))
    feed = GbfsFeed(f"{server.url}/feeds/gbfs.json?key={QUERY}&p=feeds")
    with pytest.raises(FeedError) as error:
        Ingest(FolderStore(tmp_path), feed).take(NOW, NOW)
    assert traces(str(error.value)) == []
    assert "/feeds/gbfs.json?… names" in str(error.value)
    assert "/v2/…/station_" in str(error.value)


@pytest.mark.parametrize("before", range(780, 806, 3))
def test_key_that_the_end_of_a_quoted_error_cuts_is_not_shown(server: LocalServer, before: int) -> None:
    """The first 800 bytes of an error's body are read; spaces count, and are shown as one."""
    server.queue("/gbfs.json", Reply(403, b"No access" + b" " * (before - 9) + KEY.encode() + b" " * 2000))
    with pytest.raises(FeedError) as error:
        GbfsFeed(f"{server.url}/gbfs.json?key={QUERY}").fetch(NOW)
    assert "No acces" in str(error.value)
    for length in range(4, len(KEY)):
        assert KEY[:length] not in str(error.value)


def test_whole_text_loses_nothing_but_the_secrets() -> None:
    secrets = secrets_of("https://host/x?key=s3cret&lang=en")
    assert redact("wrong key: s3cret, en s", secrets) == "wrong key: …, en s"
    assert redact("S3CRET s3cre", secrets) == "… s3cre"
    assert redact_start("S3CRET s3cre", secrets) == "… …"
    assert redact("text", secrets_of("https://host/x?a=1&lang=en")) == "text"


def test_longest_secret_is_replaced_whatever_their_order() -> None:
    assert redact("abcdefgh", ("abcd", "abcdefgh")) == "…"
    assert (
        redact("abcd abcdefgh", (*secrets_of("https://h/?a=abcd"), *secrets_of("https://h/?b=abcdefgh")))
        == "… …"
    )
