"""Each column is filled from the field that a version or a dialect of GBFS has, in each of its forms."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from velib_assets.ingest.feeds import gbfs
from velib_assets.ingest.feeds.gbfs_mapping import MAPPING, VELIB
from velib_assets_tests.clean.gbfs_snapshots import REPORTED, clean, information, row, rows, status

TAKEN = datetime(2025, 2, 28, 9, 2, tzinfo=timezone.utc)


def test_record_of_version_1() -> None:
    found = row(
        information(region_id=3),
        status(is_installed=1, is_renting=0, is_returning=1),
        system_regions=[{"region_id": "3", "name": "Rive gauche"}],
    )
    assert found == {
        "ingested_ts": TAKEN.replace(minute=15),
        "station_id": "5288",
        "name": "Calende",
        "commune": "Rive gauche",
        "arrondissement": "Rive gauche",
        "lat": 49.44,
        "lon": 1.09,
        "is_installed": True,
        "is_renting": False,
        "is_returning": True,
        "capacity": 10,
        "bikes": 6,
        "mechanical": None,
        "ebikes": None,
        "docks": 4,
        "fill_rate": 0.6,
        "reported_ts": TAKEN,
        "is_stale": False,
        "is_virtual": None,
    }


def test_record_of_version_3() -> None:
    found = row(
        information(
            name=[{"text": "Square", "language": "en"}, {"text": "Place", "language": "fr"}],
            capacity=None,
            vehicle_docks_capacity=[{"vehicle_type_ids": ["bike", "ebike"], "count": 10}],
            is_virtual_station=False,
            region_id="r1",
        ),
        status(
            num_bikes_available=None,
            num_vehicles_available=6,
            last_reported="2025-02-28T10:02:00+01:00",
            vehicle_types_available=[
                {"vehicle_type_id": "bike", "count": 4},
                {"vehicle_type_id": "ebike", "count": 2},
            ],
        ),
        system_regions=[{"region_id": "r1", "name": [{"text": "Nord", "language": "fr"}]}],
        system_information={"languages": ["fr"], "name": [{"text": "Vélos", "language": "fr"}]},
    )
    assert (found["name"], found["arrondissement"], found["capacity"]) == ("Place", "Nord", 10)
    assert (found["bikes"], found["mechanical"], found["ebikes"], found["docks"]) == (6, 4, 2, 4)
    assert (found["reported_ts"], found["is_virtual"]) == (TAKEN, False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (REPORTED, TAKEN),
        (REPORTED * 1000, TAKEN),
        (REPORTED * 1000 + 0.0, TAKEN),
        (str(REPORTED), TAKEN),
        ("2025-02-28T09:02:00Z", TAKEN),
        ("2025-02-28T04:02:00.000-05:00", TAKEN),
        ("2025-02-28 09:02:00", TAKEN),
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (-(10**18), None),
        (10**12 * 5, None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_reported_time(written: Any, expected: datetime | None) -> None:
    found = row(information(), status(last_reported=written))
    assert (found["reported_ts"], found["is_stale"]) == (expected, expected != TAKEN)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1, True),
        (0, False),
        (True, True),
        (False, False),
        ("true", True),
        ("0", False),
        (1.0, True),
        ("closed", None),
        (2, None),
    ],
)
def test_flag(written: Any, expected: bool | None) -> None:
    found = rows(clean([], [status(is_renting=written), status("other")]))
    assert found["5288"]["is_renting"] is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  Gare ", "Gare"),
        ([{"text": "Gare", "language": "fr"}], "Gare"),
        ([{"text": "Station", "language": "en"}, {"text": "Gare", "language": "fr"}], "Gare"),
        ([{"text": "Bahnhof", "language": "de"}, {"text": "Station", "language": "en"}], "Station"),
        ([{"text": "Bahnhof", "language": "de"}, {"text": "Stazione", "language": "it"}], "Bahnhof"),
        ([{"text": "", "language": "fr"}, {"text": "Bahnhof", "language": "de"}], "Bahnhof"),
        ([], None),
        ([None, 3], None),
        ("null", None),
        (7, None),
    ],
)
def test_name(written: Any, expected: str | None) -> None:
    found = row(information(name=written), status(), system_information={"language": "fr"})
    assert found["name"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x:null", "x:null"),
        (" 12 ", "12"),
        (12, "12"),
        (12.0, "12"),
        (2**31 + 5, "2147483653"),
        (2**70, str(2**70)),
    ],
)
def test_station_id(written: Any, expected: str) -> None:
    assert row(information(written), status(written))["station_id"] == expected


def test_number_and_text_are_one_station() -> None:
    assert row(information(2**40), status(str(2**40)))["name"] == "Calende"


@pytest.mark.parametrize(
    ("changes", "regions", "expected"),
    [
        ({"region_id": "r1"}, [{"region_id": "r1", "name": "Nord"}], "Nord"),
        ({"region_id": 1}, [{"region_id": "1", "name": [{"text": "Nord", "language": "fr"}]}], "Nord"),
        ({"region_id": "r1"}, [{"region_id": "r1", "name": []}], "r1"),
        ({"region_id": 7}, [], "7"),
        ({"region_id": 1e10}, [], "10000000000"),
        ({"region_id": "nord:7"}, [], "nord:7"),
        ({"region_id": "null"}, [], None),
        ({"region_id": "publibike:null"}, [], None),
        ({"region_id": "r1"}, [{"region_id": "r1", "name": "N/A"}], None),
        ({}, [{"region_id": "r1", "name": "Nord"}], None),
    ],
)
def test_area(changes: dict[str, Any], regions: list[Any], expected: str | None) -> None:
    found = row(information(**changes), status(), system_regions=regions)
    assert (found["commune"], found["arrondissement"]) == (expected, expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"capacity": 12}, 12),
        ({"capacity": "12"}, 12),
        ({"capacity": None}, None),
        ({"capacity": 999}, None),
        ({"capacity": []}, None),
        ({"capacity": None, "vehicle_capacity": {"bike": 8, "kick": 5}}, 8),
        ({"capacity": None, "vehicle_type_capacity": {"bike": 8, "ebike": 2}}, 10),
        ({"capacity": None, "vehicle_types_capacity": [{"vehicle_type_ids": ["bike"], "count": 9}]}, 9),
        (
            {
                "capacity": 9999,
                "vehicle_docks_capacity": [
                    {"vehicle_type_ids": ["bike", "kick"], "count": 8},
                    {"vehicle_type_ids": ["kick", "car"], "count": 3},
                    {"vehicle_type_ids": ["unheard-of"], "count": 1},
                ],
            },
            9,
        ),
        (
            {"capacity": None, "vehicle_types_capacity": [{"vehicle_type_ids": ["bike"], "count": "n/a"}]},
            None,
        ),
        ({"capacity": None, "vehicle_capacity": []}, None),
    ],
)
def test_capacity(changes: dict[str, Any], expected: int | None) -> None:
    assert row(information(**changes), status())["capacity"] == expected


@pytest.mark.parametrize("written", [-1, 999, 9999, "999", 2**31 - 1, 2**32, 10**30, None, ""])
def test_docks_that_mean_unknown(written: Any) -> None:
    found = rows(clean([], [status(num_docks_available=written), status("other")]))["5288"]
    assert (found["docks"], found["fill_rate"]) == (None, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"num_docks_available": 998}, 998),
        (
            {
                "num_docks_available": None,
                "vehicle_docks_available": [{"vehicle_type_ids": ["bike"], "count": 3}],
            },
            3,
        ),
        ({"num_docks_available": None, "numDocksAvailable": 3}, 3),
    ],
)
def test_docks(changes: dict[str, Any], expected: int) -> None:
    assert row(information(), status(**changes))["docks"] == expected


def test_negative_count_is_rejected() -> None:
    cleaned = clean([], [status(num_bikes_available=-2), status("other")])
    assert list(rows(cleaned)) == ["other"]
    assert cleaned.summary.rejected == {"bikes is negative": 1}


def test_fields_of_velib_are_those_of_its_own_definition() -> None:
    mapped = {source.path for entry in MAPPING for source in entry.sources if VELIB in source.versions}
    own = {field.path for field in gbfs.FEED.fields if field.column or field.members}
    every = {source.path for entry in MAPPING for source in entry.sources}
    assert mapped < own
    assert own - every == {"status.stationCode", "information.stationCode"}
