"""The ingest step of a network other than Vélib', in a process of its own, from a URL to the lake's files."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from velib_assets.ingest.feeds.gbfs import FEED
from velib_assets.ingest.feeds.gbfs_feed import GbfsFeed
from velib_assets.ingest.feeds.live_feed import LiveFeed, feed_url, live_feed
from velib_assets.ingest.ingest_result import QUARANTINED
from velib_assets.ingest.raw_object import gunzip
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.network import use_network_file
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ingest.gbfs_city import PARTS, data, file, listed, serve, status
from velib_assets_tests.network_process import call_as

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=timezone.utc)
HOUR_FOLDER = "source=rouen/date=2026-11-23/hour=10"


def take_here(lake: Path, url: str, at: datetime) -> dict[str, Any]:
    """Take a snapshot as the network of this process, which knows the lake; returns the result."""
    path = lake / "network/source=rouen/network.json"
    use_network_file(lambda: path.read_bytes() if path.exists() else None)
    return Ingest(FolderStore(lake), live_feed("gbfs", url)).take(at, at).message()


def take(lake: Path, url: str, at: datetime = NOW) -> dict[str, Any]:
    """Take a snapshot as the network rouen; returns the result."""
    return call_as("rouen", take_here, lake, url, at, NO_PROXY="127.0.0.1")


def files(lake: Path) -> list[str]:
    return sorted(path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file())


def test_snapshot_of_a_network_is_under_its_own_keys(tmp_path: Path, server: LocalServer) -> None:
    result = take(tmp_path, serve(server))
    assert (result["state"], result["records"]) == ("stored", 2)
    raw_key = f"raw/{HOUR_FOLDER}/rouen_20261123_101500.json.gz"
    assert files(tmp_path) == ["network/source=rouen/network.json", raw_key]
    raw = json.loads(gunzip((tmp_path / raw_key).read_bytes()))
    assert (raw["source"], raw["feed"], raw["gbfs"]["version"]) == ("rouen", "gbfs", "2.3")
    network = json.loads((tmp_path / "network/source=rouen/network.json").read_bytes())
    said = {"name": "LOVÉLO", "timezone": "Europe/Paris", "language": "fr", "system_id": "rouen-velo"}
    assert network == said


def test_unusable_response_is_quarantined_whole(tmp_path: Path, server: LocalServer) -> None:
    result = take(tmp_path, serve(server, {"station_status": file({"stations": []})}))
    assert (result["state"], result["code"]) == ("quarantined", "empty")
    folder = tmp_path / "quarantine" / HOUR_FOLDER
    parts = {path.suffix for path in folder.iterdir()}
    named = {".gbfs", ".station_information", ".station_status", ".system_information"}
    assert parts == {*named, ".vehicle_types", ".system_regions", ".json"}


def test_feed_of_another_network_is_refused_with_the_setting_for_it(
    tmp_path: Path, server: LocalServer
) -> None:
    """Nothing reaches raw; the bytes are in quarantine."""
    result = Ingest(FolderStore(tmp_path), live_feed("gbfs", serve(server))).take(NOW, NOW)
    assert (result.state, result.code) == (QUARANTINED, "other_network")
    assert "LOVÉLO, not Vélib's" in result.reason
    assert "Set VELIB_NETWORK=rouen_velo" in result.reason
    assert {name.partition("/")[0] for name in files(tmp_path)} == {"quarantine"}


def moved(north: float | None, **system: str) -> dict[str, Any]:
    """Return the files of another system whose stations are `north` degrees away; nowhere if None."""
    stations = [dict(station) for station in data("station_information")["stations"]]
    for station in stations:
        station["lat"] = None if north is None else station["lat"] + north
    facts = {**data("system_information"), "system_id": "autre", **system}
    return {"station_information": file({"stations": stations}), "system_information": file(facts)}


def test_feed_of_another_city_is_quarantined_and_changes_nothing(tmp_path: Path, server: LocalServer) -> None:
    """Its rows would be among those of the network, and its time zone would move the local days."""
    take(tmp_path, serve(server))
    before = files(tmp_path)
    known = (tmp_path / "network/source=rouen/network.json").read_bytes()
    url = serve(server, moved(2.0, name="Autre", timezone="America/New_York"), root="/autre")
    result = take(tmp_path, url, NOW.replace(minute=20))
    assert (result["state"], result["code"]) == ("quarantined", "other_network")
    assert "that of Autre (system_id autre), and the lake holds another city, rouen-velo" in result["reason"]
    assert "set VELIB_NETWORK=autre" in result["reason"]
    assert [name for name in files(tmp_path) if not name.startswith("quarantine/")] == before
    assert (tmp_path / "network/source=rouen/network.json").read_bytes() == known


@pytest.mark.parametrize("north", [0.0, 0.5, None])
def test_system_that_was_renamed_goes_on(tmp_path: Path, server: LocalServer, north: float | None) -> None:
    take(tmp_path, serve(server))
    result = take(tmp_path, serve(server, moved(north), root="/autre"), NOW.replace(minute=20))
    assert result["state"] == "stored"


def raw_at(lake: Path, minute: int) -> dict[str, Any]:
    """Return the raw object of a minute of the hour."""
    path = lake / f"raw/{HOUR_FOLDER}/rouen_20261123_10{minute}00.json.gz"
    raw: dict[str, Any] = json.loads(gunzip(path.read_bytes()))
    return raw


@pytest.mark.parametrize("gone", [Reply(404), Reply(200, b"<html>")])
def test_types_and_regions_of_the_newest_snapshot_count_while_their_files_are_away(
    tmp_path: Path, server: LocalServer, gone: Reply
) -> None:
    """Otherwise scooters count as bikes, and areas have other names, for as long as the files are away."""
    take(tmp_path, serve(server))
    away = {"vehicle_types": gone, "system_regions": gone}
    for minute in (20, 25):
        url = serve(server, away, root=f"/{minute}")
        assert take(tmp_path, url, NOW.replace(minute=minute))["state"] == "stored"
    first, *later = (raw_at(tmp_path, minute) for minute in (15, 20, 25))
    names = ["vehicle_types", "system_regions"]
    for raw in later:
        assert raw["results"] == first["results"]
        assert raw["gbfs"]["vehicle_types"] == first["gbfs"]["vehicle_types"]
        assert (raw["gbfs"]["missing"], raw["gbfs"]["taken_over"]) == (names, names)
    assert {"missing", "taken_over"}.isdisjoint(first["gbfs"])


def test_language_stays_while_the_file_that_says_it_is_away(tmp_path: Path, server: LocalServer) -> None:
    """Otherwise stations and areas have other names for as long as the file is away."""
    for language in ("en", "fr"):
        for part in PARTS:
            server.queue(f"/{language}/{part}.json", file(data(part)))
    server.queue("/gbfs.json", file({tag: listed(*PARTS, base=f"/{tag}/") for tag in ("en", "fr")}))
    take(tmp_path, f"{server.url}/gbfs.json")
    server.queue("/away.json", file({tag: listed(*PARTS[1:], base=f"/{tag}/") for tag in ("en", "fr")}))
    take(tmp_path, f"{server.url}/away.json", NOW.replace(minute=20))
    assert [raw_at(tmp_path, minute)["gbfs"]["language"] for minute in (15, 20)] == ["fr", "fr"]


def test_first_snapshot_without_an_optional_file_has_nothing_to_take_over(
    tmp_path: Path, server: LocalServer
) -> None:
    take(tmp_path, serve(server, {"vehicle_types": Reply(404)}))
    said = raw_at(tmp_path, 15)["gbfs"]
    assert said["missing"] == ["vehicle_types"]
    assert {"vehicle_types", "taken_over"}.isdisjoint(said)


def test_velibs_own_discovery_document_gives_the_records_of_its_base_url(
    tmp_path: Path, server: LocalServer
) -> None:
    codes = {"stationCode": "16107", "num_bikes_available_types": [{"mechanical": 2}, {"ebike": 3}]}
    station = {**data("station_information")["stations"][1], "stationCode": "16107"}
    replies = {
        "station_information": file({"stations": [station]}, ""),
        "station_status": file({"stations": [{**status("5253"), **codes}]}, ""),
    }
    root = "/opendata/Velib_Metropole"
    url = serve(server, replies, root=root)
    lakes = [FolderStore(tmp_path / name) for name in ("discovered", "base")]
    for store, feed_address in zip(lakes, (url, server.url)):
        Ingest(store, live_feed("gbfs", feed_address)).take(NOW, NOW)
    discovered, base = [store.read(store.walk("raw/")[0].key) for store in lakes]
    assert discovered == base
    assert b'"gbfs": {' not in gunzip(base)


@pytest.mark.parametrize(
    ("url", "network", "kind"),
    [
        ("", "velib", LiveFeed),
        ("https://h", "velib", LiveFeed),
        ("https://h/gbfs/2.3", "velib", LiveFeed),
        ("https://h/x/gbfs.json", "velib", GbfsFeed),
        ("https://h/x/gbfs.json?key=1", "velib", GbfsFeed),
        ("https://h/gbfs", "velib", LiveFeed),
        ("https://h/discovery", "rouen", GbfsFeed),
        ("https://h", "rouen", GbfsFeed),
    ],
)
def test_url_is_that_of_a_discovery_document_or_a_base_url(url: str, network: str, kind: type) -> None:
    assert type(live_feed("gbfs", url, network=network)) is kind


@pytest.mark.parametrize(
    ("url", "network", "said"),
    [
        ("", "rouen", r"is required for the network rouen: write the URL of its gbfs\.json"),
        (FEED.base_url, "rouen", "is required"),
        (
            "ftp://h/gbfs.json?key=s3cret",
            "rouen",
            r"not the URL of a gbfs\.json. Use https://host/path/gbfs\.json",
        ),
        ("https://h/gbfs.json#s3cret", "rouen", r"not the URL of a gbfs\.json"),
        ("gbfs.json?key=s3cret", "velib", r"not the URL of a gbfs\.json"),
        ("https://h?key=s3cret", "velib", "not a base URL"),
    ],
)
def test_wrong_url_is_refused_without_showing_it(url: str, network: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        feed_url(FEED, url, network)
    assert "s3cret" not in str(error.value)
