"""Positions: which are unknown, and which have latitude and longitude exchanged."""

from __future__ import annotations

from typing import Optional

import pyarrow as pa
import pytest

from velib_assets.clean.positions import with_plausible_positions

PARIS, SYDNEY, QUITO, SAN_FRANCISCO = (48.85, 2.35), (-33.87, 151.2), (-0.18, -78.47), (37.77, -122.42)
GAZIANTEP = (37.06, 37.38)
Positions = list[tuple[Optional[float], Optional[float]]]


def put_right(positions: Positions) -> Positions:
    table = pa.table(
        {name: pa.array(values, pa.float64()) for name, values in zip(("lat", "lon"), zip(*positions))}
    )
    columns = with_plausible_positions(table)
    return list(zip(columns["lat"].to_pylist(), columns["lon"].to_pylist()))


def city(centre: tuple[float, float], count: int = 9) -> Positions:
    return [(centre[0] + n / 500, centre[1] - n / 400) for n in range(count)]


@pytest.mark.parametrize("centre", [PARIS, SYDNEY, QUITO, SAN_FRANCISCO])
def test_exchanged_coordinates(centre: tuple[float, float]) -> None:
    right = city(centre)
    wrong = [position[::-1] if n in {1, 5, 8} else position for n, position in enumerate(right)]
    assert put_right(wrong) == right
    assert put_right(right) == right


def test_all_coordinates_exchanged_where_that_shows() -> None:
    right = city(SAN_FRANCISCO)
    assert put_right([position[::-1] for position in right]) == right


def test_exchange_that_moves_a_station_by_less_than_a_city_is_left() -> None:
    right = city(GAZIANTEP)
    wrong = [right[0], right[1][::-1], *right[2:]]
    assert put_right(wrong) == wrong


def test_exchanged_coordinates_in_a_country() -> None:
    right: Positions = [(47.0 + north, 6.0 + east) for north in range(8) for east in range(9)]
    wrong = [position[::-1] if n % 7 == 3 else position for n, position in enumerate(right)]
    assert put_right(wrong) == right


def test_station_far_from_all_others_stays() -> None:
    far = [*city(PARIS), (43.3, 5.37)]
    assert put_right(far) == far


@pytest.mark.parametrize(
    "position",
    [(None, None), (0, 0), (0.5, -0.5), (0, 2.35), (48.85, 0), (None, 2.35), (48.85, None), (91, 200)],
)
def test_no_position(position: tuple[float | None, float | None]) -> None:
    assert put_right([*city(PARIS), position])[-1] == (None, None)


def test_greenwich_and_the_equator_are_places() -> None:
    london = [(51.5, 0.0), (51.5, 0.001), (51.501, -0.002)]
    assert put_right([*london]) == london
    assert put_right([(0.0, 32.5), (0.01, 32.51)]) == [(0.0, 32.5), (0.01, 32.51)]


@pytest.mark.parametrize("positions", [[PARIS], [PARIS, PARIS[::-1]], [(None, None)], [(0, 0), (0, 0)]])
def test_few_stations(positions: Positions) -> None:
    known = [position if position[0] else (None, None) for position in positions]
    assert put_right(positions) == known
