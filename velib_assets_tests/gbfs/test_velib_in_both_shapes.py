"""One minute of Vélib' as the portal and as its GBFS feed give it: the rows agree station by station."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from velib_assets.ingest.response import GBFS, OPENDATA, FeedResponse
from velib_assets.simulator.gbfs_files import VERSIONS
from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.through_pipeline import clean_both, raw_of, rows

AT = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)
STATIONS = 300
_AREAS = {"commune", "arrondissement"}  # Vélib's GBFS feed has none
_TYPES = {"mechanical", "ebikes"}  # GBFS has them from 2.1 on
Row = dict[str, Any]


def portal() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Simulator(stations=STATIONS).fetch(AT).bodies["body"])
    return found


def written_as_velibs_gbfs(records: list[dict[str, Any]]) -> dict[str, bytes]:
    """Write the portal's records as the operator's two files, with its own fields and large ids."""
    information, status = [], []
    for number, record in enumerate(records):
        keys = {"station_id": 2**31 + number, "stationCode": record["stationcode"]}
        place = record["coordonnees_geo"]
        bikes, docks = record["numbikesavailable"], record["numdocksavailable"]
        information.append({**keys, "name": record["name"], **place, "capacity": record["capacity"]})
        flags = ("is_installed", "is_returning", "is_renting")
        status.append(
            {
                **keys,
                "num_bikes_available": bikes,
                "numBikesAvailable": bikes,
                "num_bikes_available_types": [
                    {"mechanical": record["mechanical"]},
                    {"ebike": record["ebike"]},
                ],
                "num_docks_available": docks,
                "numDocksAvailable": docks,
                **{name: int(record[name] == "OUI") for name in flags},
                "last_reported": int(datetime.fromisoformat(record["duedate"]).timestamp()),
                "station_opening_hours": None,
            }
        )
    files = {"station_information": information, "station_status": list(reversed(status))}
    return {
        name: json.dumps({"lastUpdatedOther": 1, "ttl": 3600, "data": {"stations": entries}}).encode()
        for name, entries in files.items()
    }


def table(response: FeedResponse, network: str, without: set[str]) -> dict[str, Row]:
    """The rows of a response by station, without some columns."""
    found = rows(clean_both([raw_of(response, AT, network)], AT, network))
    return {
        row["station_id"]: {name: value for name, value in row.items() if name not in without}
        for row in found
    }


def test_portal_and_gbfs_of_velib_agree() -> None:
    records = portal()
    exported = table(FeedResponse(OPENDATA, {"body": json.dumps(records).encode()}), "velib", _AREAS)
    paired = table(FeedResponse(GBFS, written_as_velibs_gbfs(records)), "velib", _AREAS)
    assert len(exported) == STATIONS
    assert paired == exported


@pytest.mark.parametrize("version", VERSIONS)
def test_simulated_network_has_velibs_numbers_in_every_version(version: str) -> None:
    without = {*_AREAS, "is_virtual", *(_TYPES if version < "2.1" else ())}
    exported = table(Simulator(stations=STATIONS).fetch(AT), "velib", without)
    assert table(Simulator(stations=STATIONS, gbfs=version).fetch(AT), "simville", without) == exported
