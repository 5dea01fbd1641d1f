"""Real feeds give the stations, bikes and docks that plain Python counts in their files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from velib_assets_tests.gbfs.plain_reading import expected, stations_of, totals
from velib_assets_tests.gbfs.real_feeds import VELIB, RealFeed, real_feeds
from velib_assets_tests.gbfs.test_official_schemas import problems
from velib_assets_tests.gbfs.through_pipeline import (
    clean_both,
    fetch,
    new_root,
    publish,
    raw_of,
    rows,
    takes_fast_path,
)
from velib_assets_tests.http_server import LocalServer

FEEDS = {f"{feed.recording}{'-whole' if feed.is_whole else ''}": feed for feed in real_feeds()}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


def cleaned(server: LocalServer, feed: RealFeed, network: str = "other") -> Rows:
    """The rows of a feed, from its URL on, as of a minute after its newest report."""
    root, at = new_root(server), feed.newest + timedelta(minutes=1)
    raw = raw_of(fetch(publish(server, root, feed.bodies(root)), at), at, network)
    assert network == "velib" or takes_fast_path(raw, network)
    result = clean_both([raw], at, network)
    assert (result.summary.quarantined, result.summary.rejected.keys() - {"no status"}) == ([], set())
    return rows(result)


@pytest.mark.parametrize("name", FEEDS)
def test_rows_bikes_and_docks_are_those_of_the_files(name: str, server: LocalServer) -> None:
    found = cleaned(server, FEEDS[name])
    counted = len(found), sum(row["bikes"] for row in found), sum(row["docks"] for row in found)
    assert counted == totals(FEEDS[name].documents)


@pytest.mark.parametrize("name", FEEDS)
def test_each_station_says_what_its_entries_say(name: str, server: LocalServer) -> None:
    feed = FEEDS[name]
    found = {row["station_id"]: row for row in cleaned(server, feed)}
    wanted = dict(expected(feed.documents))
    assert sorted(found) == sorted(wanted)
    assert {key: {column: found[key][column] for column in wanted[key]} for key in wanted} == wanted
    described = {
        str(entry["station_id"]): entry for entry in stations_of(feed.documents["station_information"])
    }
    for key, row in found.items():
        entry = described.get(key, {})
        assert row["name"] == (entry["name"].strip() if entry else None)
        assert (row["lat"], row["lon"]) == (entry.get("lat"), entry.get("lon"))


def test_types_of_bikes_are_read_in_each_dialect(server: LocalServer) -> None:
    """Lyft counts electric bikes beside all; BCycle and Vélib' count each type under a name of their own."""

    def types(name: str) -> set[tuple[bool, bool]]:
        found = cleaned(server, FEEDS[name])
        assert all(
            row["mechanical"] + row["ebikes"] == row["bikes"] for row in found if row["ebikes"] is not None
        )
        return {(row["mechanical"] is None, row["ebikes"] is None) for row in found}

    assert types("bay-wheels-1.0") == {(False, False)}
    assert types("boulder-1.1") == {(False, False)}
    assert types(VELIB) == {(False, False)}


def test_areas_are_the_names_of_regions(server: LocalServer) -> None:
    areas = {row["arrondissement"] for row in cleaned(server, FEEDS["bay-wheels-1.0"])}
    assert {"San Francisco", None} <= areas
    assert {row["arrondissement"] for row in cleaned(server, FEEDS["rouen-2.3"])} == {None}


def test_virtual_stations_are_marked(server: LocalServer) -> None:
    assert {row["is_virtual"] for row in cleaned(server, FEEDS["rouen-2.3"])} == {True}
    assert {row["is_virtual"] for row in cleaned(server, FEEDS["boulder-1.1"])} == {None}


def test_report_of_1970_is_stale_and_the_newest_is_not(server: LocalServer) -> None:
    found = {row["reported_ts"].year: row["is_stale"] for row in cleaned(server, FEEDS["bay-wheels-1.0"])}
    assert (found[1970], found[2023]) == (True, False)


def test_cuttings_follow_the_official_schemas_of_their_versions() -> None:
    wrong = {
        name: [
            line
            for part in ("station_information", "station_status")
            for line in problems(part, name[-3:], FEEDS[name].documents[part])
        ]
        for name in ("bay-wheels-1.0", "boulder-1.1", "rouen-2.3")
    }
    assert wrong == {"bay-wheels-1.0": [], "boulder-1.1": [], "rouen-2.3": []}


@pytest.mark.parametrize("name", [name for name in FEEDS if name.startswith(VELIB)])
def test_velib_as_such_and_as_any_network_have_the_same_numbers(name: str, server: LocalServer) -> None:
    """As Vélib' the stations are known by `stationCode`, as any network by `station_id`."""
    feed = FEEDS[name]
    codes = {str(entry["station_id"]): entry["stationCode"] for entry in feed.statuses}
    columns = [
        *("name", "lat", "lon", "capacity", "bikes", "mechanical", "ebikes", "docks", "fill_rate"),
        *("is_installed", "is_renting", "is_returning", "reported_ts", "is_stale"),
    ]

    def numbers(row: dict[str, Any]) -> list[Any]:
        return [row[column] for column in columns]

    as_velib = {row["station_id"]: numbers(row) for row in cleaned(server, feed, "velib")}
    as_other = {codes[row["station_id"]]: numbers(row) for row in cleaned(server, feed)}
    assert as_other == as_velib
    assert isinstance(next(iter(as_velib.values()))[-2], datetime)
