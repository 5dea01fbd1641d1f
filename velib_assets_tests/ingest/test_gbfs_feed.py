"""A GBFS feed over HTTP: from the URL of its discovery document to the raw object."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed import FeedError
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.http import RETRIES, Fetcher
from velib_assets.ingest.raw_object import encode_raw, gunzip, head_of
from velib_assets.ingest.response import Decoded, UnusableError
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ingest.gbfs_city import (
    PARTS,
    ROOT,
    data,
    file,
    information,
    listed,
    reply,
    serve,
    status,
)

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
REQUIRED = ("station_information", "station_status")


def decoded(url: str, fetcher: Fetcher | None = None) -> Decoded:
    return decode(GbfsFeed(url, fetcher=fetcher).fetch(NOW), "rouen")


def head(url: str) -> dict[str, Any]:
    """Return what the head of the raw object says of a feed."""
    found: dict[str, Any] = head_of(encode_raw("gbfs", NOW, NOW, decoded(url)))["gbfs"]
    return found


def ids(url: str) -> list[Any]:
    return [record["status"]["station_id"] for record in decoded(url).records]


def moved(to: str, status: int = 301) -> Reply:
    return Reply(status, b"moved", {"Location": to})


def test_raw_object_has_the_joined_stations_and_their_region(server: LocalServer) -> None:
    url = serve(server)
    raw = json.loads(gunzip(encode_raw("gbfs", NOW, NOW, decoded(url))))
    assert raw["results"] == [
        {
            "information": information("5288", region_id="r1"),
            "status": status("5288"),
            "region": {"region_id": "r1", "name": "Rive droite"},
        },
        {"information": information("5253"), "status": status("5253")},
    ]
    assert raw["gbfs"] == {
        "version": "2.3",
        "language": "fr",
        "vehicle_types": {"bike": "human", "ebike": "electric_assist"},
    }
    assert server.paths()[0] == f"{ROOT}/gbfs.json"
    assert sorted(server.paths()[1:]) == sorted(f"{ROOT}/{part}.json" for part in PARTS)


def test_what_the_feed_says_of_its_system_is_decoded(server: LocalServer) -> None:
    said = {"name": "LOVÉLO", "timezone": "Europe/Paris", "language": "fr", "system_id": "rouen-velo"}
    assert decoded(serve(server)).system == said


@pytest.mark.parametrize(
    "written",
    [
        "{part}.json",
        "./{part}.json",
        "/gbfs/2.3/{part}.json",
        "//{host}/gbfs/2.3/{part}.json",
        "http://{host}/gbfs/2.3/{part}.json#top",
        " http://{host}/gbfs/2.3/{part}.json ",
        "../../other/{part}",
        "http://{host}/feeds?file={part}",
    ],
)
def test_files_are_fetched_where_the_discovery_document_says(server: LocalServer, written: str) -> None:
    host = server.url.partition("//")[2]
    feeds = [{"name": part, "url": written.format(part=part, host=host)} for part in PARTS]
    url = serve(server, {"gbfs": file({"fr": {"feeds": feeds}})})
    for part in PARTS:
        server.queue(f"/other/{part}", file(data(part)))
    if "?" in written:
        with pytest.raises(FeedError, match=r"/feeds\?… after 1 attempt"):
            decoded(url)
        assert "/feeds?file=station_status" in server.paths()
    else:
        assert ids(url) == ["5288", "5253"]


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_moved_files_are_found_and_relative_urls_are_those_of_the_new_place(
    server: LocalServer, code: int
) -> None:
    serve(
        server,
        {
            "gbfs": file({"en": listed(*PARTS)}),
            "station_status": moved(f"{server.url}/newest/status", code),
        },
        root="/new",
    )
    server.queue("/newest/status", file(data("station_status")))
    server.queue("/old/gbfs.json", moved("/new/gbfs.json", code))
    assert ids(f"{server.url}/old/gbfs.json") == ["5288", "5253"]


def test_redirects_in_a_loop_are_one_clear_line(server: LocalServer) -> None:
    url = serve(server, {"station_status": moved(f"{ROOT}/station_status.json")})
    with pytest.raises(FeedError) as error:
        decoded(url)
    message = str(error.value)
    assert message.startswith(f"station_status, which {url} names, is missing: no response from {server.url}")
    assert "the server redirects in a loop" in message
    assert "\n" not in message


@pytest.mark.parametrize("target", ["http://[::1/x", "file:///etc/hostname"])
def test_optional_file_that_is_moved_to_no_url_costs_no_snapshot(server: LocalServer, target: str) -> None:
    assert ids(serve(server, {"system_information": moved(target)})) == ["5288", "5253"]


@pytest.mark.parametrize("part", REQUIRED)
def test_a_required_file_that_is_not_there_is_one_clear_line(server: LocalServer, part: str) -> None:
    url = serve(server, {part: Reply(404, b"<html>\nnot found</html>")})
    with pytest.raises(FeedError) as error:
        decoded(url)
    message = str(error.value)
    assert message.startswith(f"{part}, which {url} names, is missing: no response from ")
    assert f"{part}.json after 1 attempt" in message
    assert "HTTP 404" in message
    assert "\n" not in message


@pytest.mark.parametrize("part", REQUIRED)
def test_a_required_file_that_is_not_named_is_one_clear_line(server: LocalServer, part: str) -> None:
    others = [other for other in PARTS if other != part]
    with pytest.raises(UnusableError) as error:
        decoded(serve(server, {"gbfs": file({"en": listed(*others, "free_bike_status")})}))
    message = str(error.value)
    assert message.startswith(f"the discovery document does not name the feed {part}; it names system_inf")
    assert "free_bike_status" in message


@pytest.mark.parametrize("part", ["system_information", "vehicle_types", "system_regions"])
@pytest.mark.parametrize(
    "gone", [Reply(404), Reply(200, b"<html>maintenance</html>"), Reply(200, b"[]"), None]
)
def test_without_an_optional_file_only_less_is_known(
    server: LocalServer, part: str, gone: Reply | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, RETRIES)
    if gone is None:
        named = file({"fr": listed(*(other for other in PARTS if other != part))})
        url = serve(server, {"gbfs": named})
    else:
        url = serve(server, {part: gone})
    assert ids(url) == ["5288", "5253"]
    found = head(url)
    assert found.get("missing", []) == ([part] if gone and gone.body != b"[]" else [])
    assert (found["version"], found["language"]) == ("2.3", "fr")
    assert ("vehicle_types" in found) is (part != "vehicle_types")
    assert bool(decoded(url).system) is (part != "system_information")
    if gone and gone.status == 404:
        assert f"Optional file left out: {part}: no response from {server.url}" in caplog.text


def test_an_optional_file_costs_a_tick_neither_its_snapshot_nor_its_time(server: LocalServer) -> None:
    seconds = [0.0]

    def sleep(wait: float) -> None:
        seconds[0] += wait

    fetcher = Fetcher(clock=lambda: seconds[0], sleep=sleep, jitter=lambda: 1.0)
    found = decoded(serve(server, {"system_regions": Reply(503)}), fetcher)
    assert len(found.records) == 2
    assert found.gbfs["missing"] == ["system_regions"]
    assert seconds[0] <= 10


def test_an_address_that_is_not_http_is_not_fetched(server: LocalServer) -> None:
    feeds = listed(*PARTS, base=f"{server.url}{ROOT}/")["feeds"]
    feeds[2]["url"] = "ftp://me:s3cret@host/etc/passwd?key=s3cret"
    with pytest.raises(
        FeedError, match=r"station_status, .* its URL is not an http\(s\) URL: 'ftp·://host/etc/p"
    ) as e:
        decoded(serve(server, {"gbfs": file({"feeds": feeds}, "3.0")}))
    assert "s3cret" not in str(e.value)


LANGUAGES = {
    "own": (("en", "de", "fr"), {"language": "fr"}, "fr"),
    "own of another region": (("en", "fr-CA"), {"language": "fr"}, "fr-CA"),
    "English where the own one lacks": (("de", "en"), {"language": "fr"}, "en"),
    "English where none is said": (("de", "en"), {}, "en"),
    "the first": (("de", "it"), {"language": "fr"}, "de"),
    "the only one": (("nl",), {"language": "fr"}, "nl"),
}


@pytest.mark.parametrize(("languages", "said", "chosen"), LANGUAGES.values(), ids=LANGUAGES)
def test_files_are_those_in_the_language_of_the_system(
    server: LocalServer, languages: tuple[str, ...], said: dict[str, str], chosen: str
) -> None:
    for language in languages:
        for part in PARTS:
            content = data(part)
            if part == "system_information":
                content = {"name": f"name in {language}", **said}
            server.queue(f"/{language}/{part}.json", file(content))
    named = {language: listed(*PARTS, base=f"/{language}/") for language in languages}
    server.queue("/gbfs.json", file(named))
    found = decoded(f"{server.url}/gbfs.json")
    assert (found.gbfs["language"], found.system["name"]) == (chosen, f"name in {chosen}")
    assert f"/{chosen}/station_information.json" in server.paths()
    assert f"/{chosen}/station_status.json" in server.paths()


def test_a_file_that_one_language_alone_names_is_read(server: LocalServer) -> None:
    languages = {"fr": listed("system_information", "station_information"), "en": listed(*PARTS)}
    assert ids(serve(server, {"gbfs": file(languages)})) == ["5288", "5253"]


def test_all_files_are_requested_at_once(server: LocalServer) -> None:
    """Each is held until all five requests have arrived."""
    url = serve(server, {part: file(data(part))._replace(fault="held") for part in PARTS})

    def release() -> None:
        while len(server.requests) < 1 + len(PARTS):
            time.sleep(0.01)
        server.released.set()

    threading.Thread(target=release, daemon=True).start()
    assert ids(url) == ["5288", "5253"]


def test_slow_files_end_at_one_deadline(server: LocalServer) -> None:
    """The discovery document's time counts too."""
    slow = file({"fr": listed(*PARTS)})._replace(fault="drip")
    url = serve(server, {"gbfs": slow, "station_status": file(data("station_status"))._replace(fault="hang")})
    started = time.monotonic()
    with pytest.raises(FeedError):
        decoded(url, Fetcher(deadline=2.0))
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("part", ["gbfs", "station_status"])
def test_a_huge_file_is_one_clear_line(server: LocalServer, part: str) -> None:
    huge = Reply(200, b"[" + b"0," * 50_000 + b"0]")
    with pytest.raises(FeedError, match=r"the response is larger than 20,000 bytes"):
        decoded(serve(server, {part: huge}), Fetcher(max_bytes=20_000))


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {}])
def test_compressed_files_are_read(server: LocalServer, headers: dict[str, str]) -> None:
    """Some are stored compressed, without a header that says so."""
    packed = {part: Reply(200, gzip.compress(file(data(part)).body), headers) for part in PARTS}
    discovery = Reply(200, gzip.compress(file({"en": listed(*PARTS)}).body), headers)
    assert ids(serve(server, {"gbfs": discovery, **packed})) == ["5288", "5253"]


@pytest.mark.parametrize("part", ["gbfs", *REQUIRED])
def test_a_page_in_place_of_a_file_is_unusable(server: LocalServer, part: str) -> None:
    name = "the discovery document" if part == "gbfs" else part
    with pytest.raises(UnusableError, match=f"^{name} is not JSON: .*it starts with '<!doctype html>"):
        decoded(serve(server, {part: Reply(200, b"<!doctype html>\n<p>Sign in</p>")}))


def test_list_of_versions_leads_to_the_newest(server: LocalServer) -> None:
    serve(server)
    versions = ("1.1", "9.9", "2.3", "2.0", "v3.0")
    listed_versions = [{"version": v, "url": f"{server.url}/gbfs/{v}/gbfs.json"} for v in versions]
    server.queue("/gbfs_versions.json", file({"versions": listed_versions}))
    assert ids(f"{server.url}/gbfs_versions.json") == ["5288", "5253"]
    assert server.paths()[1] == f"{ROOT}/gbfs.json"


def test_discovery_document_without_stations_leads_to_another(server: LocalServer) -> None:
    serve(server)
    feeds = [{"name": "gbfs", "url": "/a/gbfs.json"}, {"name": "gbfs_versions", "url": "/versions"}]
    server.queue("/a/gbfs.json", file({"feeds": feeds}))
    server.queue("/versions", file({"versions": [{"version": "2.3", "url": f"{ROOT}/gbfs.json"}]}))
    assert ids(f"{server.url}/a/gbfs.json") == ["5288", "5253"]


def test_discovery_documents_that_point_to_each_other_are_one_clear_line(server: LocalServer) -> None:
    for one, other in ("ab", "ba"):
        server.queue(
            f"/{one}/gbfs.json", file({"en": {"feeds": [{"name": "gbfs", "url": f"/{other}/gbfs.json"}]}})
        )
    with pytest.raises(
        UnusableError, match=r"does not name the feed station_information or station_status; it"
    ):
        decoded(f"{server.url}/a/gbfs.json")
    assert server.paths() == ["/a/gbfs.json", "/b/gbfs.json"]


@pytest.mark.parametrize("kind", ["versions", "datasets"])
def test_list_whose_documents_are_gone_names_the_first_that_is(server: LocalServer, kind: str) -> None:
    entries = [{"version": version, "url": f"/gone/{version}"} for version in ("2.3", "3.0")]
    server.queue("/list", file({kind: entries if kind == "versions" else [{"versions": entries}]}))
    with pytest.raises(FeedError) as error:
        decoded(f"{server.url}/list")
    message = str(error.value)
    what = f"a discovery document, which {server.url}/list lists, is missing"
    assert message.startswith(f"{what}: no response from {server.url}/gone/3.0")
    assert "HTTP 404" in message


def test_manifest_of_one_system_leads_to_it_and_of_several_to_none(server: LocalServer) -> None:
    serve(server)
    system = {"system_id": "rouen", "versions": [{"version": "2.3", "url": f"{ROOT}/gbfs.json"}]}
    server.queue("/one", file({"datasets": [system]}))
    server.queue("/two", file({"datasets": [system, system]}))
    assert ids(f"{server.url}/one") == ["5288", "5253"]
    with pytest.raises(UnusableError, match=r"lists 2 systems. Set VELIB_GBFS_URL to the gbfs\.json of one"):
        decoded(f"{server.url}/two")


def test_another_file_of_the_feed_is_not_taken_for_its_discovery_document(server: LocalServer) -> None:
    serve(server)
    with pytest.raises(
        UnusableError, match=r"VELIB_GBFS_URL is not a discovery document: it contains stations"
    ):
        decoded(f"{server.url}{ROOT}/station_status.json")


def test_key_in_the_query_is_sent_to_its_own_host_alone_and_never_shown(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, RETRIES)
    with LocalServer() as other:
        feeds = listed(*PARTS)["feeds"]
        feeds[1]["url"] = "station_information.json?key=s3cret&page=1"
        feeds[2]["url"] = f"{other.url}/station_status.json"
        feeds[4]["url"] = "gone.json"
        other.queue("/station_status.json", file(data("station_status")))
        url = serve(server, {"gbfs": file({"feeds": feeds, "echo": f"{server.url}/?key=s3cret"}, "3.0")})
        response = GbfsFeed(f"{url}?key=s3cret").fetch(NOW)
        assert other.paths() == ["/station_status.json"]
    raw = encode_raw("gbfs", NOW, NOW, decode(response, "rouen"))
    assert f"{ROOT}/station_information.json?key=s3cret&page=1" in server.paths()
    assert f"{ROOT}/system_information.json?key=s3cret" in server.paths()
    assert b"s3cret" not in b"".join([*response.bodies.values(), gunzip(raw)])
    assert "gone.json?…" in caplog.text
    assert "s3cret" not in caplog.text


def test_key_in_the_query_is_not_in_the_error_of_a_server_that_repeats_it(server: LocalServer) -> None:
    with pytest.raises(FeedError) as error:
        GbfsFeed(f"{server.url}/gbfs.json?lang=en&key=s3cret").fetch(NOW)
    server.queue("/echo.json", Reply(403, b'{"error": "wrong key: s3cret"}'))
    with pytest.raises(FeedError) as repeated:
        GbfsFeed(f"{server.url}/echo.json?lang=en&key=s3cret").fetch(NOW)
    assert "gbfs.json?…" in str(error.value)
    assert "wrong key: …" in str(repeated.value)
    assert "s3cret" not in f"{error.value}{repeated.value}"


def test_login_in_the_url_is_used_for_the_files_of_its_host(server: LocalServer) -> None:
    url = serve(server).replace("http://", "http://me:s3cret@")
    assert ids(url) == ["5288", "5253"]
    assert all(request.headers["Authorization"].startswith("Basic ") for request in server.requests)


def test_empty_status_is_unusable(server: LocalServer) -> None:
    with pytest.raises(UnusableError, match="station_status lists no stations") as error:
        decoded(serve(server, {"station_status": file({"stations": []})}))
    assert error.value.code == "empty"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"data": {"stations": None}}, "has no list 'stations': that is a JSON null"),
        ({"data": {"stations": {"s1": {}}}}, "has no list 'stations': that is a JSON object"),
        ([{}], "is a JSON list, not an object with a list 'stations'"),
        (None, "is a JSON null, not a list of records"),
    ],
)
def test_reason_says_what_is_there_instead_of_stations(
    server: LocalServer, document: object, reason: str
) -> None:
    with pytest.raises(UnusableError) as error:
        decoded(serve(server, {"station_status": reply(document)}))
    assert str(error.value) == f"station_status {reason}"


def test_number_with_thousands_of_digits_is_one_plain_line(server: LocalServer) -> None:
    body = json.dumps({"data": {"stations": [status("1", num_bikes_available=0)]}}).encode()
    body = body.replace(b'"num_bikes_available": 0', b'"num_bikes_available": ' + b"9" * 5000)
    with pytest.raises(UnusableError, match=r"a number has too many digits|bikes is too large: 1"):
        audit(decoded(serve(server, {"station_status": Reply(200, body)})).records, "gbfs", "rouen")


@pytest.mark.parametrize("document", [{"data": {"bikes": []}}, [], {"stations": {}}])
def test_file_without_stations_is_unusable(server: LocalServer, document: object) -> None:
    with pytest.raises(UnusableError, match=r"^station_information (has no list|is a JSON list)"):
        decoded(serve(server, {"station_information": reply(document)}))
