"""The simulated city: always the same, and like a real one in what the KPIs measure."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import Any

import pytest

from velib_assets.ingest.audit import audit
from velib_assets.ingest.response import decode
from velib_assets.simulator.city import MAX_STATIONS, RELAY_CODE, build_city
from velib_assets.simulator.faults import parse_faults
from velib_assets.simulator.simulator import Simulator

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)
PINNED = "eeaba975d8daf6295cc436bbd85d947f815423952b82c5d637806af692eaa44d"
Records = list[dict[str, Any]]


def records(simulator: Simulator, at: datetime) -> Records:
    return decode(simulator.fetch(at)).records


@pytest.fixture(scope="module")
def city() -> Simulator:
    return Simulator()


@pytest.fixture(scope="module")
def day(city: Simulator) -> list[Records]:
    """A working day, hour by hour."""
    return [records(city, TUESDAY + timedelta(hours=n)) for n in range(24)]


def in_operation(snapshot: Records, at: datetime) -> Records:
    fresh = at - timedelta(hours=3)
    return [
        r
        for r in snapshot
        if r["is_installed"] == "OUI"
        and datetime.fromisoformat(r["duedate"]) >= fresh
        and r["numbikesavailable"] + r["numdocksavailable"]
    ]


def fill(record: dict[str, Any]) -> float:
    bikes: int = record["numbikesavailable"]
    return bikes / (bikes + int(record["numdocksavailable"]))


def fill_of_arrondissements(snapshot: Records, *numbers: int) -> float:
    return mean(
        fill(r)
        for r in in_operation(snapshot, TUESDAY)
        if r["nom_arrondissement_communes"] == "Paris" and int(r["stationcode"]) // 1000 in numbers
    )


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_gives_the_same_bytes_in_every_process(hash_seed: str) -> None:
    """Also on other machines and Python versions: the hash is written down here."""
    code = (
        "import hashlib; from datetime import datetime, timezone;"
        "from velib_assets.simulator.simulator import Simulator;"
        "at = datetime(2026, 11, 24, 7, 15, tzinfo=timezone.utc);"
        "print(hashlib.sha256(Simulator().fetch(at).bodies['body']).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == PINNED


def test_time_and_not_the_order_of_asking_decides(city: Simulator) -> None:
    """A backfill asks for hours in any order."""
    at = TUESDAY + timedelta(hours=7, minutes=15)
    city.fetch(TUESDAY - timedelta(days=900))
    assert hashlib.sha256(city.fetch(at).bodies["body"]).hexdigest() == PINNED


def test_another_seed_is_another_city() -> None:
    """So that two demos need not look alike."""
    assert Simulator(seed=1).fetch(TUESDAY) != Simulator(seed=2).fetch(TUESDAY)


def test_speaks_the_portals_shape(city: Simulator) -> None:
    """Fields, their order and their types as in the export of the city's portal."""
    record = records(city, TUESDAY)[0]
    assert {name: type(value).__name__ for name, value in record.items()} == {
        "stationcode": "str",
        "name": "str",
        "is_installed": "str",
        "capacity": "int",
        "numdocksavailable": "int",
        "numbikesavailable": "int",
        "mechanical": "int",
        "ebike": "int",
        "is_renting": "str",
        "is_returning": "str",
        "duedate": "str",
        "coordonnees_geo": "dict",
        "nom_arrondissement_communes": "str",
        "code_insee_commune": "NoneType",
        "station_opening_hours": "NoneType",
    }
    assert list(record)[:3] == ["stationcode", "name", "is_installed"]
    assert list(record["coordonnees_geo"]) == ["lon", "lat"]


def test_is_written_as_json_is(city: Simulator) -> None:
    """The text is put together by hand for speed: it must be what the json module would write."""
    body = city.fetch(TUESDAY).bodies["body"]
    assert body.decode() == json.dumps(json.loads(body), ensure_ascii=False)


def test_passes_the_audit(city: Simulator) -> None:
    audit(records(city, TUESDAY), "simulator")


@pytest.mark.parametrize("stations", [1, 50, 1450, MAX_STATIONS])
def test_has_as_many_stations_as_asked_for_each_with_its_code(stations: int) -> None:
    """A shared code would show as a duplicate in every snapshot."""
    assert len({station.code for station in build_city(5, stations)}) == stations


def test_refuses_a_city_it_cannot_build() -> None:
    with pytest.raises(ValueError, match="1 to 3,000"):
        Simulator(stations=0)


def test_paris_and_its_neighbours_are_numbered_as_in_reality(city: Simulator) -> None:
    """Named Paris: the code tells the arrondissement. Five codes like that lie outside."""
    snapshot = records(city, TUESDAY)
    paris = [int(r["stationcode"]) for r in snapshot if r["nom_arrondissement_communes"] == "Paris"]
    outside = {
        r["stationcode"]: r["nom_arrondissement_communes"]
        for r in snapshot
        if r["nom_arrondissement_communes"] != "Paris"
    }
    assert {code // 1000 for code in paris} == set(range(1, 21))
    assert 950 < len(paris) < 1030
    assert len(set(outside.values())) >= 25
    assert {code: name for code, name in outside.items() if len(code) == 5 and code < "21000"} == {
        "12041": "Saint-Mandé",
        "13121": "Ivry-sur-Seine",
        "14023": "Malakoff",
        "14116": "Montrouge",
        "19043": "Pantin",
    }
    assert RELAY_CODE in outside


def test_bikes_are_mechanical_or_electric(day: list[Records]) -> None:
    """The two add up in every real row; about 39 % were electric in June 2022."""
    rows = [r for snapshot in day for r in snapshot]
    assert all(r["mechanical"] + r["ebike"] == r["numbikesavailable"] for r in rows)
    assert min(min(r["mechanical"], r["ebike"], r["numdocksavailable"]) for r in rows) >= 0
    electric = sum(r["ebike"] for r in rows) / sum(r["numbikesavailable"] for r in rows)
    assert 0.35 < electric < 0.42


def test_places_rarely_add_up_to_the_capacity(day: list[Records]) -> None:
    """Broken docks: 39 % of real rows add up, 0.3 % hold more than the capacity."""
    gaps = Counter(
        (gap > 0) - (gap < 0)
        for r in day[8]
        for gap in [r["capacity"] - r["numbikesavailable"] - r["numdocksavailable"]]
    )
    assert 0.3 < gaps[0] / len(day[8]) < 0.5
    assert 0 < gaps[-1] < 15


def test_short_and_saturated_stations_are_as_frequent_as_in_reality(day: list[Records]) -> None:
    """3 % short and 8 % saturated on two real days: what the KPIs show must look like Paris."""
    rows = [r for n, one in enumerate(day) for r in in_operation(one, TUESDAY + timedelta(hours=n))]
    short = sum(r["is_renting"] == "OUI" and r["numbikesavailable"] == 0 for r in rows)
    full = sum(r["is_returning"] == "OUI" and fill(r) >= 0.9 for r in rows)
    assert 0.02 < short / len(rows) < 0.05
    assert 0.05 < full / len(rows) < 0.09
    assert 0.3 < mean(map(fill, rows)) < 0.45


def test_commuters_move_bikes_in_the_morning(day: list[Records]) -> None:
    """At 10 h local time (9 h timezone.utc) offices are full of bikes; at 4 h homes are."""
    night, morning = day[3], day[9]
    assert fill_of_arrondissements(morning, 1, 2, 8, 9) > 1.3 * fill_of_arrondissements(night, 1, 2, 8, 9)
    assert fill_of_arrondissements(morning, 15, 18) < 0.7 * fill_of_arrondissements(night, 15, 18)


def test_the_weekend_is_no_working_day(city: Simulator, day: list[Records]) -> None:
    """Saturday at ten nobody went to the office."""
    saturday = records(city, TUESDAY + timedelta(days=4, hours=9))
    offices = mean(
        fill(r)
        for r in in_operation(saturday, TUESDAY)
        if r["nom_arrondissement_communes"] == "Paris" and int(r["stationcode"]) // 1000 in (2, 8)
    )
    assert offices < 0.8 * fill_of_arrondissements(day[9], 2, 8)


def test_the_clock_of_the_tides_is_that_of_paris(city: Simulator) -> None:
    """Rush hour is at 9 local time, in summer an hour earlier by UTC."""
    summer = datetime(2026, 7, 7, tzinfo=UTC)

    def offices(at: datetime) -> float:
        return mean(
            fill(r)
            for r in records(city, at)
            if r["stationcode"].isdigit()
            and int(r["stationcode"]) // 1000 == 8
            and r["numbikesavailable"] + r["numdocksavailable"]
        )

    def rise(midnight: datetime) -> float:
        return offices(midnight + timedelta(hours=7)) - offices(midnight + timedelta(hours=5))

    assert mean(rise(summer + timedelta(days=n)) for n in range(3)) > mean(
        rise(TUESDAY + timedelta(days=n)) for n in range(3)
    )


def test_nobody_rides_up_the_hill(day: list[Records]) -> None:
    """Belleville and Ménilmontant run empty."""
    assert fill_of_arrondissements(day[12], 19, 20) < 0.7 * fill_of_arrondissements(day[12], 11, 12)


def test_a_quarter_of_an_hour_changes_little(city: Simulator) -> None:
    """Snapshots that follow each other are alike; real ones moved by about 0.03."""
    at = TUESDAY + timedelta(hours=14)
    now, then = (records(city, at + timedelta(minutes=minutes)) for minutes in (0, 15))
    assert len(now) == len(then)
    moved = mean(abs(a["numbikesavailable"] - b["numbikesavailable"]) for a, b in zip(now, then, strict=True))
    assert 0.05 < moved < 2


def test_some_stations_are_closed_removed_or_silent(day: list[Records]) -> None:
    """What the KPIs must leave out has to be there: closed is not short, unknown is not empty."""
    states = Counter((r["is_installed"], r["is_renting"], r["is_returning"]) for r in day[8])
    assert {*states} == {
        ("OUI", "OUI", "OUI"),
        ("OUI", "NON", "NON"),
        ("OUI", "NON", "OUI"),
        ("NON", "NON", "NON"),
    }
    at = TUESDAY + timedelta(hours=8)
    silent = [r for r in day[8] if at - datetime.fromisoformat(r["duedate"]) > timedelta(hours=3)]
    assert 1 <= len(silent) <= 20


def test_a_station_reports_every_few_minutes(day: list[Records]) -> None:
    """And never after the snapshot was taken."""
    at = TUESDAY + timedelta(hours=8)
    ages = [(at - datetime.fromisoformat(r["duedate"])).total_seconds() for r in day[8]]
    assert min(ages) >= 0
    assert sorted(ages)[len(ages) * 9 // 10] < 300
    assert all(r["duedate"].endswith("+00:00") for r in day[8])


def test_one_station_has_no_places_at_all(day: list[Records]) -> None:
    """Its fill rate is 0 / 0."""
    (relay,) = [r for r in day[8] if r["stationcode"] == RELAY_CODE]
    assert (relay["capacity"], relay["numbikesavailable"], relay["numdocksavailable"]) == (0, 0, 0)


def test_names_are_french(day: list[Records]) -> None:
    """Apostrophes, accents, ligatures: what breaks careless text handling."""
    names = "".join(r["name"] for r in day[8])
    assert all(mark in names for mark in "'éèêôûœÉ")


def test_remembers_every_hour(city: Simulator) -> None:
    """Four slots, the same bytes that a tick had got then."""
    hour = TUESDAY - timedelta(days=400)
    found = list(city.recorded(hour))
    assert [r.taken_at - hour for r in found] == [timedelta(minutes=15 * n) for n in range(4)]
    assert found[1].response == city.fetch(hour + timedelta(minutes=15))
    assert city.recorded_hours(hour, hour + timedelta(hours=2)) == {
        hour + timedelta(hours=n) for n in range(3)
    }


def test_a_fault_strikes_the_past_as_it_did_then() -> None:
    """A restored hour is the hour that was."""
    broken = Simulator(stations=20, faults=parse_faults("empty@2026-11-24T07:15"))
    bodies = [r.response.bodies["body"] for r in broken.recorded(TUESDAY + timedelta(hours=7))]
    assert [body == b"[]" for body in bodies] == [False, True, False, False]
