"""The areas of the map, drawn from stations: they cover the network, and odd positions do no harm."""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from shapely import Point, Polygon, affinity
from shapely.ops import unary_union

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import state_key
from velib_assets.report import area_shapes
from velib_assets.report.area_shapes import draw_areas
from velib_assets.report.areas import map_areas, places_of

Station = dict[str, Any]


def station(lon: float | None, lat: float | None, area: str | None) -> Station:
    return {"station_id": f"{lon} {lat}", "lon": lon, "lat": lat, "arrondissement": area}


def block(west: int, south: int, area: str, size: int = 5) -> list[Station]:
    """Return a square of stations, 0.004 degrees apart."""
    cells = product(range(west * size, (west + 1) * size), range(south * size, (south + 1) * size))
    return [station(round(2 + 0.004 * x, 4), round(48 + 0.004 * y, 4), area) for x, y in cells]


CITY = [*block(0, 0, "Paris 1er"), *block(1, 0, "Paris 2e"), *block(0, 1, "Ivry"), *block(1, 1, "Pantin")]


def shape(area: dict[str, Any]) -> Any:
    """Return an area as a shapely geometry: rings that run clockwise are holes."""
    rings = [Polygon(zip(ring[::2], ring[1::2], strict=True)) for ring in area["rings"]]
    outer = [ring for ring in rings if ring.exterior.is_ccw]
    return unary_union(outer) - unary_union([ring for ring in rings if not ring.exterior.is_ccw])


def shapes(stations: Iterable[Station]) -> dict[str, Any]:
    return {area["name"]: shape(area) for area in draw_areas(places_of(stations))}


def test_each_station_is_in_its_area() -> None:
    found = shapes(CITY)
    assert list(found) == ["Ivry", "Pantin", "Paris 1er", "Paris 2e"]
    for place in CITY:
        here = Point(place["lon"], place["lat"])
        assert [name for name, area in found.items() if area.contains(here)] == [place["arrondissement"]]


def test_areas_cover_the_network_without_overlap() -> None:
    found = shapes(CITY)
    whole = unary_union(list(found.values()))
    assert isinstance(whole, Polygon)
    assert not whole.interiors
    assert sum(area.area for area in found.values()) == pytest.approx(whole.area, rel=1e-3)
    assert max(one.intersection(other).area for one, other in combinations(found.values(), 2)) < 1e-8


def test_label_has_its_room_inside_the_area() -> None:
    for area in draw_areas(places_of(CITY)):
        stretch = 0.669  # cosine of 48 degrees
        circle = affinity.scale(Point(area["label"]).buffer(area["room"] * 0.95), 1 / stretch, 1)
        assert shape(area).contains(circle)
        assert area["room"] > 0.005


def test_enclave_is_a_hole_of_the_area_around_it() -> None:
    inside = {(round(2 + 0.004 * x, 4), round(48 + 0.004 * y, 4)) for x in (4, 5) for y in (4, 5)}
    ring = [s | {"arrondissement": "in" if (s["lon"], s["lat"]) in inside else "out"} for s in CITY]
    found = {area["name"]: area for area in draw_areas(places_of(ring))}
    assert (len(found["in"]["rings"]), len(found["out"]["rings"])) == (1, 2)
    assert not shape(found["out"]).contains(Point(2.018, 48.018))


@pytest.mark.parametrize(
    ("stations", "names"),
    [
        ([], []),
        ([station(2.3, 48.8, None), station(2.4, 48.8, "")], []),
        ([station(None, 48.8, "A"), station(2.3, None, "A"), station(0, 0, "A")], []),
        ([station(200.0, 48.8, "A"), station(2.3, 95.0, "A"), station(float("nan"), 48.8, "A")], []),
        ([station(2.3, 48.8, "A")], ["A"]),
        ([station(2.3, 48.8, "A"), station(2.3, 48.8, "B")], ["A"]),
        ([station(2.3, 48.8, "A"), station(2.4, 48.9, "B")], ["A", "B"]),
        ([station(2.3 + k / 100, 48.8, "AB"[k % 2]) for k in range(10)], ["A", "B"]),
        ([station(2.3, 48.8 + k / 100, "A") for k in range(10)], ["A"]),
        ([station(2.3 + k / 4e3, 48.8 + k % 3 / 4e3, "AB"[k % 2]) for k in range(50)], ["A", "B"]),
        ([*CITY, station(151.2, -33.9, "Sydney")], ["Ivry", "Pantin", "Paris 1er", "Paris 2e", "Sydney"]),
        ([station(179.99, -17, "A"), station(-179.99, -17, "A")], ["A"]),
        ([station(10, 89.9, "A"), station(20, 89.8, "B")], ["A", "B"]),
        ([station(2.3, 48.8, '<b>"é" \u2028')], ['<b>"é" \u2028']),
    ],
)
def test_odd_networks_have_an_area_per_name(stations: list[Station], names: list[str]) -> None:
    found = draw_areas(places_of(stations))
    assert [area["name"] for area in found] == names
    assert all(shape(area).area > 0 and area["room"] > 0 for area in found)
    json.dumps(found, allow_nan=False)


def test_remote_station_does_not_change_the_others() -> None:
    before, after = shapes(CITY), shapes([*CITY, station(3.5, 48.5, "Remote")])
    for name, area in before.items():
        assert area.symmetric_difference(after[name]).area < 0.02 * area.area


def test_5000_stations_are_small() -> None:
    """The page's data stays small: 100 areas of 50 stations, with their borders simplified."""
    stations = [s for x in range(10) for y in range(20) for s in block(x, y, f"Zone {x} {y // 2}")]
    found = draw_areas(places_of(stations))
    assert (len(stations), len(found)) == (5000, 100)
    assert len(json.dumps(found)) < 60_000


def test_areas_are_drawn_once_per_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the stations, and their numbers, do not matter; a move does."""
    drawn: list[int] = []

    def draw(places: Any) -> Any:
        drawn.append(len(places))
        return draw_areas(places)

    monkeypatch.setattr(area_shapes, "draw_areas", draw)
    store = FolderStore(tmp_path)
    first = map_areas(store, CITY)
    assert map_areas(store, [s | {"bikes": 3} for s in reversed(CITY)]) == first
    assert drawn == [100]
    map_areas(store, [CITY[0] | {"lat": 48.001}, *CITY[1:]])
    assert drawn == [100, 100]
    assert map_areas(store, CITY) == first
    assert drawn == [100, 100, 100]


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff", b'{"digest": "x"}'])
def test_damaged_state_is_drawn_again(tmp_path: Path, damage: bytes) -> None:
    store = FolderStore(tmp_path)
    first = map_areas(store, CITY)
    (tmp_path / state_key("areas")).write_bytes(damage)
    assert map_areas(store, CITY) == first


def test_shapely_is_imported_only_to_draw(tmp_path: Path) -> None:
    """A tick usually reads the stored shapes."""
    map_areas(FolderStore(tmp_path), CITY)
    code = (
        "import sys; from pathlib import Path; from velib_assets.lake.folder_store import FolderStore; "
        "import velib_assets.definitions; from velib_assets.report.areas import map_areas; "
        f"areas = map_areas(FolderStore(Path({str(tmp_path)!r})), {CITY!r}); "
        "print(len(areas), 'shapely' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["4", "False"]
