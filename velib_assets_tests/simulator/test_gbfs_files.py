"""The simulated city in the form of each version of GBFS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.simulator.faults import FAULTS, parse_faults
from velib_assets.simulator.gbfs_files import REGIONS, VERSIONS, gbfs_files
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.through_pipeline import clean_both, raw_of
from velib_assets_tests.simulator.test_faults import UNUSABLE

AT = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)
COUNT = 300
PORTAL = json.loads(Simulator(stations=COUNT).fetch(AT).bodies["body"])
BASE = "http://127.0.0.1:1"
STATIONS = ("station_information", "station_status")
Station = dict[str, Any]


def files(version: str, fault: str = "") -> dict[str, bytes]:
    simulator = Simulator(stations=COUNT, faults=parse_faults(fault), gbfs=version)
    return simulator.gbfs_files(AT, BASE)


def stations(version: str, name: str, fault: str = "") -> list[Station]:
    """The entries of a file, in the order of the portal's records."""
    found: list[Station] = json.loads(files(version, fault)[name])["data"]["stations"]
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_discovery_names_every_other_file_by_its_url(version: str) -> None:
    every = files(version)
    data = json.loads(every.pop("gbfs"))["data"]
    feeds = data["feeds"] if version >= "3" else data["fr"]["feeds"]
    assert {feed["name"]: feed["url"] for feed in feeds} == {name: f"{BASE}/{name}.json" for name in every}
    assert ("vehicle_types" in every) == (version >= "2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_envelope_has_version_and_time_in_the_form_of_the_version(version: str) -> None:
    for body in files(version).values():
        document = json.loads(body)
        assert document.get("version") == (None if version == "1.0" else version)
        written = "2026-11-24T07:15:00+00:00" if version >= "3" else int(AT.timestamp())
        assert document["last_updated"] == written


@pytest.mark.parametrize("version", VERSIONS)
def test_status_says_what_the_portal_says(version: str) -> None:
    for record, status in zip(PORTAL, stations(version, "station_status"), strict=True):
        bikes = status["num_vehicles_available" if version >= "3" else "num_bikes_available"]
        assert (bikes, status["num_docks_available"]) == (
            record["numbikesavailable"],
            record["numdocksavailable"],
        )
        flags = [status[name] for name in ("is_installed", "is_renting", "is_returning")]
        assert {type(flag) for flag in flags} == {int if version < "2" else bool}
        assert flags == [record[name] == "OUI" for name in ("is_installed", "is_renting", "is_returning")]
        reported = status["last_reported"]
        moment = datetime.fromisoformat(record["duedate"])
        assert reported == (record["duedate"] if version >= "3" else moment.timestamp())
        types = status.get("vehicle_types_available", [])
        assert {each["vehicle_type_id"]: each["count"] for each in types} == (
            {"mechanical": record["mechanical"], "electric": record["ebike"]} if version >= "2.1" else {}
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_information_describes_the_stations_of_the_portal(version: str) -> None:
    regions = json.loads(files(version)["system_regions"])["data"]["regions"]
    names = {region["region_id"]: region["name"] for region in regions}
    for record, station in zip(PORTAL, stations(version, "station_information"), strict=True):
        name = [{"text": record["name"], "language": "fr"}] if version >= "3" else record["name"]
        position = {"lat": station["lat"], "lon": station["lon"]}
        assert (station["station_id"], station["name"]) == (record["stationcode"], name)
        assert (position, station["capacity"]) == (record["coordonnees_geo"], record["capacity"])
        assert station["region_id"] in names


def test_regions_are_the_communes_and_quarters_of_paris() -> None:
    assert len(REGIONS) == len(set(REGIONS.values()))
    assert {"Quartier 1", "Quartier 20", "Montreuil"} <= set(REGIONS)
    assert "Paris" not in REGIONS


@pytest.mark.parametrize("version", ["1.0", "3.1"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_changes_the_files_of_stations_and_no_other(fault: str, version: str) -> None:
    good, broken = files(version), files(version, fault)
    assert [name for name in good if good[name] != broken[name] and name not in STATIONS] == []
    assert any(good[name] != broken[name] for name in STATIONS)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("html", "Expecting value"),
        ("truncated", "Unterminated|Expecting"),
        ("invalid_utf8", "invalid continuation byte"),
    ],
)
def test_faults_of_the_bytes_make_the_files_unreadable(fault: str, message: str) -> None:
    for name in STATIONS:
        with pytest.raises(ValueError, match=message):
            json.loads(files("2.3", fault)[name].decode())


def test_faults_of_records_appear_in_the_words_of_the_version() -> None:
    assert len(stations("3.0", "station_status", "partial")) == COUNT // 5
    assert stations("3.0", "station_status", "empty") == []
    negative = [s["num_vehicles_available"] for s in stations("3.0", "station_status", "negative_counts")]
    assert sum(count < 0 for count in negative) == COUNT // 10
    assert {s["name"] for s in stations("1.1", "station_information", "no_descriptions")} == {None}
    assert {s["station_id"] for s in stations("2.3", "station_status", "no_identity")} == {None}
    assert "num_vehicles_available" not in stations("3.1", "station_status", "renamed_field")[0]
    missing = [s.get("last_reported") for s in stations("2.0", "station_status", "missing_dates")]
    assert missing.count(None) == COUNT // 10
    swapped = [s["lat"] < 10 for s in stations("2.0", "station_information", "coordinates_list")]
    assert sum(swapped) == COUNT // 10
    assert isinstance(stations("2.0", "station_information", "coordinates_text")[0]["lat"], str)


@pytest.mark.parametrize("version", ["1.1", "3.0"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_has_the_same_outcome_as_in_the_portals_form(fault: str, version: str) -> None:
    """Ingest refuses the response with the code of the portal's, or the clean step gets its good records."""
    response = FeedResponse("simulator", files(version, fault))
    if fault in UNUSABLE:
        with pytest.raises(UnusableError) as caught:
            raw_of(response, AT, "simville")
        assert caught.value.code == UNUSABLE[fault]
    else:
        result = clean_both([raw_of(response, AT, "simville")], AT, "simville")
        rows = COUNT // 5 if fault in {"partial", "first_page"} else COUNT
        rejected = COUNT // 10 if fault in {"negative_counts", "textual_counts"} else 0
        assert (len(result.table), len(result.rejects)) == (rows - rejected, rejected)


def test_unknown_region_is_left_out() -> None:
    record = {**PORTAL[0], "nom_arrondissement_communes": "Atlantis"}
    (station,) = json.loads(gbfs_files("2.3", [record], AT, BASE)["station_information"])["data"]["stations"]
    assert "region_id" not in station
