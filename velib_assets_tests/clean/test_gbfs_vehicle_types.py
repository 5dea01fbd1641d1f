"""Mechanical and electric bikes from the types that a feed counts, in every form; what is no bike."""

from __future__ import annotations

from typing import Any

import pytest

from velib_assets_tests.clean.gbfs_snapshots import VEHICLE_TYPES, information, row, status


def bikes(total: int | None = 6, **changes: Any) -> tuple[Any, Any, Any]:
    """Return the bikes, the mechanical and the electric ones of a station."""
    found = row(information(), status(num_bikes_available=total, **changes))
    return found["bikes"], found["mechanical"], found["ebikes"]


def by_id(**counts: Any) -> list[dict[str, Any]]:
    return [{"vehicle_type_id": key, "count": count} for key, count in counts.items()]


@pytest.mark.parametrize(
    ("total", "types", "expected"),
    [
        (6, by_id(bike=4, ebike=2), (6, 4, 2)),
        (6, by_id(bike=6), (6, 6, 0)),
        (6, by_id(cargo=2, ebike=1, bike=3), (6, 3, 3)),
        (6, [*by_id(bike=1), *by_id(bike=5)], (6, 6, 0)),
        (6, by_id(bike=4.0, ebike="2"), (6, 4, 2)),
        (6, by_id(bike=0, ebike=0), (6, None, None)),
        (0, by_id(bike=0, ebike=0), (0, 0, 0)),
        (6, [], (6, None, None)),
        (0, [], (0, 0, 0)),
        (6, by_id(bike=4, unheard_of=2), (6, None, None)),
        (6, by_id(bike=6, unheard_of=0), (6, 6, 0)),
        (6, by_id(bike=4, some=2), (6, None, None)),
        (6, by_id(bike=4, ebike=-2), (6, None, None)),
        (6, by_id(bike=4, ebike=None), (6, None, None)),
        (6, {"bike": 4, "ebike": 2}, (6, 4, 2)),
        (6, "many", (6, None, None)),
        (6, [6], (6, None, None)),
    ],
)
def test_vehicle_types_available(total: int, types: Any, expected: tuple[Any, ...]) -> None:
    assert bikes(total, vehicle_types_available=types) == expected


@pytest.mark.parametrize(
    ("total", "types", "expected"),
    [
        (9, by_id(bike=4, ebike=2, kick=3), (6, 4, 2)),
        (6, by_id(bike=4, ebike=2, kick=3), (6, 4, 2)),  # the total has no scooters
        (3, by_id(kick=3), (0, 0, 0)),
        (5, by_id(kick=3, car=1, bike=1), (1, 1, 0)),
        (9, by_id(bike=4, unheard_of=2, kick=3), (6, None, None)),
    ],
)
def test_scooters_and_cars_are_no_bikes(total: int, types: Any, expected: tuple[Any, ...]) -> None:
    assert bikes(total, vehicle_types_available=types) == expected


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ([{"mechanical": 4}, {"ebike": 2}], (6, 4, 2)),
        ([{"ebike": 2}, {"mechanical": 4}], (6, 4, 2)),
        ([{"mechanical": 4, "ebike": 2}], (6, 4, 2)),
        ({"electric": 2, "smart": 1, "classic": 3}, (6, 4, 2)),
        ({"Electric": 2, "CLASSIC": 4}, (6, 4, 2)),
        ({"electric": 0, "smart": 0, "classic": 0}, (6, None, None)),
        ({"electric": 2, "tandem": 4}, (6, None, None)),
        ({}, (6, None, None)),
    ],
)
def test_num_bikes_available_types(types: Any, expected: tuple[Any, ...]) -> None:
    assert bikes(num_bikes_available_types=types) == expected


@pytest.mark.parametrize(
    ("electric", "expected"),
    [
        (2, (6, 4, 2)),
        (0, (6, 6, 0)),
        (6, (6, 0, 6)),
        (7, (6, None, 7)),
        ("2", (6, 4, 2)),
        (None, (6, None, None)),
    ],
)
def test_num_ebikes_available(electric: Any, expected: tuple[Any, ...]) -> None:
    assert bikes(num_ebikes_available=electric) == expected


def test_types_that_say_nothing_leave_it_to_the_next_field() -> None:
    assert bikes(vehicle_types_available=by_id(unheard_of=6), num_ebikes_available=2) == (6, 4, 2)


def test_unknown_vehicle_types() -> None:
    found = row(information(), status(vehicle_types_available=by_id(bike=4, ebike=2)), vehicle_types=[])
    assert (found["bikes"], found["mechanical"], found["ebikes"]) == (6, None, None)


@pytest.mark.parametrize(
    ("propulsion", "expected"),
    [
        ("human", (6, 6, 0)),
        ("electric_assist", (6, 4, 2)),
        ("electric", (4, 4, 0)),
        ("combustion", (4, 4, 0)),
        (None, (4, 4, 0)),
    ],
)
def test_other_vehicle_that_is_pedalled_is_a_bike(propulsion: str | None, expected: tuple[Any, ...]) -> None:
    """A handbike, or a bike trailer: GBFS has no form factor for them."""
    types = [
        *VEHICLE_TYPES,
        {"vehicle_type_id": "odd", "form_factor": "other", "propulsion_type": propulsion},
    ]
    counted = status(vehicle_types_available=by_id(bike=4, odd=2))
    found = row(information(), counted, vehicle_types=types)
    assert (found["bikes"], found["mechanical"], found["ebikes"]) == expected
