"""The simulated city and cuttings of real feeds follow the official schemas."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from velib_assets.simulator.simulator import Simulator
from velib_assets_tests.gbfs.official_schemas import VERSIONS, files_of, schema_of

AT = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)
FORMATS = jsonschema.FormatChecker([])
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@FORMATS.checks("date-time")
def is_rfc3339(value: object) -> bool:
    """Whether a text is a time with a zone; the library checks it only with a further package."""
    return not isinstance(value, str) or bool(_TIME.fullmatch(value))


@FORMATS.checks("uri")
def is_uri(value: object) -> bool:
    """Whether a text has a scheme."""
    return not isinstance(value, str) or bool(re.match(r"[a-z]+://\S", value))


def problems(name: str, version: str, file: Any) -> list[str]:
    """What a file has that the schema of its version does not allow."""
    checker = jsonschema.Draft7Validator(schema_of(name, version), format_checker=FORMATS)
    return [f"{name}: {error.json_path}: {error.message}" for error in checker.iter_errors(file)]


@pytest.mark.parametrize("version", VERSIONS)
def test_simulated_city_follows_the_schemas(version: str) -> None:
    files = Simulator(stations=300, gbfs=version).fetch(AT).bodies
    assert sorted(files) == sorted(files_of(version))
    assert [line for name, file in files.items() for line in problems(name, version, json.loads(file))] == []


@pytest.mark.parametrize(
    ("name", "version", "change", "path"),
    [
        ("station_status", "1.0", {"num_docks_available": None}, "$.data.stations[0]"),
        ("station_status", "1.1", {"is_renting": True}, "$.data.stations[0].is_renting"),
        ("station_status", "2.3", {"is_renting": 1}, "$.data.stations[0].is_renting"),
        ("station_status", "2.3", {"last_reported": 1732001704.5}, "$.data.stations[0].last_reported"),
        ("station_status", "3.0", {"last_reported": "2024-11-19 07:35"}, "$.data.stations[0].last_reported"),
        ("station_status", "3.1", {"num_vehicles_available": -1}, "$.data.stations[0].num_vehicles"),
        ("station_information", "2.3", {"name": []}, "$.data.stations[0].name"),
        ("station_information", "3.0", {"name": "Gare"}, "$.data.stations[0].name"),
        ("station_information", "2.0", {"lat": 91}, "$.data.stations[0].lat"),
    ],
)
def test_schemas_refuse_what_a_version_does_not_allow(
    name: str, version: str, change: dict[str, Any], path: str
) -> None:
    """Otherwise the checks above would prove nothing."""
    file = json.loads(Simulator(stations=5, gbfs=version).fetch(AT).bodies[name])
    station = file["data"]["stations"][0]
    file["data"]["stations"][0] = {
        key: value for key, value in {**station, **change}.items() if value is not None
    }
    (problem,) = problems(name, version, file)
    assert problem.startswith(f"{name}: {path}")
