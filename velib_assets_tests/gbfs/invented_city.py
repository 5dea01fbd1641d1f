"""An invented city: its state, its rows in the table, and its GBFS files in the form of each version.

The files are written as the specification says, apart from the simulator and from the pipeline. Where a
version has no field for something, they have the field that networks of that version added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from hypothesis import strategies as st

AT = datetime(2022, 6, 4, 10, 15, tzinfo=UTC)
VERSIONS = ("1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1")
STALE_HOURS = 3
_LETTERS = 'aZ7é ’&<"\\/新-_.,'


class Station(NamedTuple):
    """A station and its state. `area` is the position of its region in the city; None if it has none."""

    station_id: str
    name: str
    north: int  # of the centre, in units of 1e-5 degrees
    east: int
    area: int | None
    capacity: int | None
    is_virtual: bool
    mechanical: int
    ebikes: int
    docks: int
    flags: tuple[bool, bool, bool]
    seconds: int  # since the last report
    quarters: int  # of an hour, the offset that RFC 3339 writes
    is_described: bool


class City(NamedTuple):
    """A city: `areas` are names of regions, `has_docks` and `has_types` whether the feed says them."""

    language: str
    lat: float
    lon: float
    areas: tuple[str, ...]
    has_docks: bool
    has_types: bool
    stations: tuple[Station, ...]


def _texts() -> st.SearchStrategy[str]:
    """Return a strategy for names and ids. None is a placeholder such as `-`."""
    return st.text(_LETTERS, max_size=10).map(lambda text: f"S{text}".strip())


@st.composite
def cities(draw: st.DrawFn) -> City:
    """Draw a city of one to six stations."""
    areas = tuple(draw(st.lists(_texts(), max_size=3, unique=True)))
    ids = draw(st.lists(_texts(), min_size=1, max_size=6, unique=True))
    small = st.integers(0, 40)
    station = st.builds(
        Station,
        station_id=st.just(""),
        name=_texts(),
        north=st.integers(-9000, 9000),
        east=st.integers(-9000, 9000),
        area=st.one_of(st.none(), st.integers(0, len(areas) - 1)) if areas else st.none(),
        capacity=st.one_of(st.none(), st.integers(0, 80)),
        is_virtual=st.booleans(),
        mechanical=small,
        ebikes=small,
        docks=small,
        flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
        seconds=st.one_of(st.integers(0, 900), st.integers(0, 20 * 3600)),
        quarters=st.integers(-48, 56),
        is_described=st.integers(0, 9).map(bool),
    )
    return City(
        language=draw(st.sampled_from(["fr", "en", "de"])),
        lat=draw(st.integers(40, 60)) + 0.5,
        lon=draw(st.integers(-120, 20)) + 0.5,
        areas=areas,
        has_docks=draw(st.booleans()),
        has_types=draw(st.booleans()),
        stations=tuple(draw(station)._replace(station_id=each) for each in ids),
    )


def rows_of(city: City) -> list[dict[str, Any]]:
    """Return the rows of the city in the table, in its order."""
    rows = [_row(city, station) for station in city.stations]
    return sorted(rows, key=lambda row: str(row["station_id"]).encode())


def _row(city: City, station: Station) -> dict[str, Any]:
    described = station.is_described
    bikes = station.mechanical + station.ebikes
    capacity = station.capacity if described else None
    docks = station.docks if city.has_docks else None
    whole = capacity if docks is None else bikes + docks
    reported = AT - timedelta(seconds=station.seconds)
    area = city.areas[station.area] if described and station.area is not None else None
    lat, lon = position(city, station) if described else (None, None)
    return {
        "ingested_ts": AT.replace(tzinfo=None),
        "station_id": station.station_id,
        "name": station.name if described else None,
        "commune": area,
        "arrondissement": area,
        "lat": lat,
        "lon": lon,
        **dict(zip(("is_installed", "is_renting", "is_returning"), station.flags, strict=True)),
        "capacity": capacity,
        "bikes": bikes,
        "mechanical": station.mechanical if city.has_types else None,
        "ebikes": station.ebikes if city.has_types else None,
        "docks": docks,
        "fill_rate": bikes / whole if whole else None,
        "reported_ts": reported.replace(tzinfo=None),
        "is_stale": AT - reported > timedelta(hours=STALE_HOURS),
        "is_virtual": station.is_virtual if described else None,
    }


def position(city: City, station: Station) -> tuple[float, float]:
    """Return latitude and longitude of a station."""
    return round(city.lat + station.north / 1e5, 5), round(city.lon + station.east / 1e5, 5)


def files_of(city: City, version: str, base_url: str) -> dict[str, bytes]:
    """Write the city as the files of a version, by their names without `.json`."""
    writer = _Writer(city, version)
    data: dict[str, Any] = {
        "system_information": writer.system(),
        "station_information": {"stations": [writer.information(s) for s in city.stations if s.is_described]},
        "station_status": {"stations": [writer.status(s) for s in reversed(city.stations)]},
        "system_regions": {
            "regions": [
                {"region_id": f"r{n}", "name": writer.text(area)} for n, area in enumerate(city.areas)
            ]
        },
    }
    if version >= "2.1":
        data["vehicle_types"] = {"vehicle_types": writer.types()}
    feeds = {"feeds": [{"name": name, "url": f"{base_url}/{name}.json"} for name in data]}
    data["gbfs"] = feeds if version >= "3.0" else {city.language: feeds}
    said = {"version": version} if version > "1.0" else {}
    envelope = {"last_updated": writer.time(AT), "ttl": 10, **said}
    return {name: json.dumps({**envelope, "data": each}).encode() for name, each in data.items()}


class _Writer:
    def __init__(self, city: City, version: str) -> None:
        self.city, self.version = city, version

    def text(self, value: str) -> object:
        if self.version < "3.0":
            return value
        other = {"text": f"not {value}", "language": "pt"}
        return [other, {"text": value, "language": self.city.language}]

    def time(self, moment: datetime, quarters: int = 0) -> object:
        if self.version < "3.0":
            return int(moment.timestamp())
        return moment.astimezone(timezone(timedelta(minutes=15 * quarters))).isoformat()

    def flag(self, value: bool) -> object:
        return int(value) if self.version < "2.0" else value

    def system(self) -> Mapping[str, Any]:
        language = (
            {"languages": [self.city.language, "pt"]}
            if self.version >= "3.0"
            else {"language": self.city.language}
        )
        return {"system_id": "x", "name": self.text("Invented"), "timezone": "Europe/Paris", **language}

    def types(self) -> list[dict[str, Any]]:
        return [
            {"vehicle_type_id": "e", "form_factor": "bicycle", "propulsion_type": "electric_assist"},
            {"vehicle_type_id": "m", "form_factor": "bicycle", "propulsion_type": "human"},
        ]

    def information(self, station: Station) -> dict[str, Any]:
        lat, lon = position(self.city, station)
        entry = {
            "station_id": station.station_id,
            "name": self.text(station.name),
            "lat": lat,
            "lon": lon,
            "is_virtual_station": self.flag(station.is_virtual),
        }
        if station.area is not None:
            entry["region_id"] = f"r{station.area}"
        return entry if station.capacity is None else {**entry, "capacity": station.capacity}

    def status(self, station: Station) -> dict[str, Any]:
        bikes = "num_bikes_available" if self.version < "3.0" else "num_vehicles_available"
        entry: dict[str, Any] = {
            "station_id": station.station_id,
            bikes: station.mechanical + station.ebikes,
            "last_reported": self.time(AT - timedelta(seconds=station.seconds), station.quarters),
        }
        names = ("is_installed", "is_renting", "is_returning")
        entry |= {name: self.flag(value) for name, value in zip(names, station.flags, strict=True)}
        if self.city.has_docks:
            entry["num_docks_available"] = station.docks
        if self.city.has_types and self.version >= "2.1":
            counts = {"e": station.ebikes, "m": station.mechanical}
            entry["vehicle_types_available"] = [
                {"vehicle_type_id": key, "count": count} for key, count in counts.items()
            ]
        elif self.city.has_types:
            entry["num_bikes_available_types"] = {"classic": station.mechanical, "electric": station.ebikes}
        return entry
