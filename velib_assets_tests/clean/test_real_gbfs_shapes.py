"""Cuttings of four real feeds, in the shape in which they came, give the rows that a person would write.

Bay Wheels in July 2023 (1.0), Boulder BCycle in 2022 (1.1), LOVÉLO in Rouen in February 2025 (2.3), and
Vélib' in November 2024 as if it were another network.
"""

from __future__ import annotations

from typing import Any

from velib_assets_tests.clean.gbfs_snapshots import row

_COLUMNS = ("bikes", "mechanical", "ebikes", "docks", "capacity", "fill_rate", "is_installed", "is_virtual")


def of_row(described: dict[str, Any], reported: dict[str, Any], **parts: Any) -> tuple[Any, ...]:
    """Return the values of a station's row that differ most between feeds, in the order of `_COLUMNS`."""
    found = row(described, reported, **parts)
    return tuple(found[name] for name in _COLUMNS)


def test_bay_wheels() -> None:
    described = {
        "capacity": 27,
        "eightd_has_key_dispenser": False,
        "eightd_station_services": [],
        "external_id": "003d58af-e449-4800-aa6d-eb1bba8ad68d",
        "has_kiosk": True,
        "lat": 37.726266,
        "legacy_id": "566",
        "lon": -122.479462,
        "name": "SFSU University Park North - West",
        "region_id": "3",
        "rental_methods": ["KEY", "CREDITCARD"],
        "rental_uris": {"android": "https://sfo.lft.to/lastmile_qr_scan"},
        "short_name": "SF-Y7",
        "station_id": "003d58af-e449-4800-aa6d-eb1bba8ad68d",
        "station_type": "classic",
    }
    reported = {
        "eightd_has_available_keys": False,
        "is_installed": 1,
        "is_renting": 1,
        "is_returning": 1,
        "last_reported": 1689793606,
        "legacy_id": "566",
        "num_bikes_available": 15,
        "num_bikes_disabled": 0,
        "num_docks_available": 11,
        "num_docks_disabled": 1,
        "num_ebikes_available": 4,
        "num_scooters_available": 0,
        "num_scooters_unavailable": 0,
        "station_id": "003d58af-e449-4800-aa6d-eb1bba8ad68d",
        "station_status": "active",
    }
    assert of_row(described, reported) == (15, 11, 4, 11, 27, 15 / 26, True, None)
    regions = [{"region_id": "3", "name": "San Francisco"}]
    assert row(described, reported, system_regions=regions)["arrondissement"] == "San Francisco"


def test_boulder() -> None:
    described = {
        "lon": -105.26385,
        "lat": 40.00421,
        "rental_uris": {"ios": "https://www.bcycle.com/applink?system_id=bcycle_boulder"},
        "_bcycle_station_type": "Kiosk and Station",
        "address": "Regent Drive",
        "name": "Center for Community @ Regent Drive",
        "station_id": "bcycle_boulder_3894",
    }
    reported = {
        "is_returning": 1,
        "is_renting": 1,
        "is_installed": 1,
        "num_docks_available": 10,
        "num_bikes_available": 3,
        "last_reported": 1644027738,
        "num_bikes_available_types": {"electric": 3, "smart": 0, "classic": 0},
        "station_id": "bcycle_boulder_3894",
    }
    assert of_row(described, reported) == (3, 0, 3, 10, None, 3 / 13, True, None)


def test_rouen() -> None:
    described = {
        "station_id": "5288",
        "name": "131 - CALENDE",
        "address": "Place de la Calende, 76000 ROUEN",
        "cross_street": "Place de la Calende Rouen",
        "lat": 49.43954661258192,
        "lon": 1.0939798343708844,
        "is_virtual_station": True,
        "capacity": 10,
        "station_area": {
            "type": "MultiPolygon",
            "coordinates": [[[[1.0935, 49.4399], [1.0930, 49.4393], [1.0945, 49.4390], [1.0935, 49.4399]]]],
        },
        "rental_uris": {"android": "lovelolibreservice://stations/5288"},
    }
    reported = {
        "station_id": "5288",
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "last_reported": 1740733849,
        "num_vehicles_available": 5,
        "num_bikes_available": 5,
        "num_docks_available": 5,
        "vehicle_types_available": [{"vehicle_type_id": "bike", "count": 5}],
    }
    assert of_row(described, reported) == (5, 5, 0, 5, 10, 0.5, True, True)
    assert of_row(described, reported, vehicle_types=[]) == (5, None, None, 5, 10, 0.5, True, True)


def test_velib_as_another_network() -> None:
    described = {
        "station_id": 102747146,
        "stationCode": "43002",
        "name": "Lagny - Victor Basch",
        "lat": 48.84884147189881,
        "lon": 2.426325418925233,
        "capacity": 26,
        "rental_methods": ["CREDITCARD"],
    }
    reported = {
        "station_id": 102747146,
        "num_bikes_available": 26,
        "numBikesAvailable": 26,
        "num_bikes_available_types": [{"mechanical": 14}, {"ebike": 12}],
        "num_docks_available": 0,
        "numDocksAvailable": 0,
        "is_installed": 1,
        "is_returning": 1,
        "is_renting": 1,
        "last_reported": 1732001801,
        "stationCode": "43002",
    }
    assert of_row(described, reported) == (26, 14, 12, 0, 26, 1.0, True, None)
    found = row(described, reported)
    assert (found["station_id"], found["commune"]) == ("102747146", None)
