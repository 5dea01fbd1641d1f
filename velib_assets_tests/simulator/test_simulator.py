"""The simulated city is reproducible, and resembles Paris in what the KPIs measure."""

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
from velib_assets.ingest.decode import decode
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
    """The snapshots of a working day, one per hour."""
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
def test_bytes_are_the_same_in_every_process(hash_seed: str) -> None:
    """The hash is pinned here for other machines and Python versions."""
    code = (
        "import hashlib; from datetime import datetime, timezone;"
        "from velib_assets.simulator.simulator import Simulator;"
        "at = datetime(2026, 11, 24, 7, 15, tzinfo=timezone.utc);"
        "print(hashlib.sha256(Simulator().fetch(at).bodies['body']).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert result.stdout.strip() == PINNED


def test_order_of_calls_does_not_matter(city: Simulator) -> None:
    """A backfill fetches hours in any order."""
    at = TUESDAY + timedelta(hours=7, minutes=15)
    city.fetch(TUESDAY - timedelta(days=900))
    assert hashlib.sha256(city.fetch(at).bodies["body"]).hexdigest() == PINNED


def test_another_seed_is_another_city() -> None:
    assert Simulator(seed=1).fetch(TUESDAY) != Simulator(seed=2).fetch(TUESDAY)


def test_records_have_the_shape_of_the_portal(city: Simulator) -> None:
    """Fields, their order and their types are those of the portal's export."""
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


def test_body_is_what_the_json_module_would_write(city: Simulator) -> None:
    """The simulator formats the text itself, for speed."""
    body = city.fetch(TUESDAY).bodies["body"]
    assert body.decode() == json.dumps(json.loads(body), ensure_ascii=False)


def test_snapshot_passes_the_audit(city: Simulator) -> None:
    audit(records(city, TUESDAY), "simulator")


@pytest.mark.parametrize("stations", [1, 50, 1450, MAX_STATIONS])
def test_city_has_the_requested_number_of_unique_stations(stations: int) -> None:
    """A shared code would be a duplicate in every snapshot."""
    assert len({station.code for station in build_city(5, stations)}) == stations


def test_number_of_stations_is_validated() -> None:
    with pytest.raises(ValueError, match="1 to 3,000"):
        Simulator(stations=0)


def test_station_codes_are_numbered_as_in_reality(city: Simulator) -> None:
    """In Paris, the code gives the arrondissement. Five codes of that form are outside."""
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
    """The two add up in every real record; about 39 % were electric in June 2022."""
    rows = [r for snapshot in day for r in snapshot]
    assert all(r["mechanical"] + r["ebike"] == r["numbikesavailable"] for r in rows)
    assert min(min(r["mechanical"], r["ebike"], r["numdocksavailable"]) for r in rows) >= 0
    electric = sum(r["ebike"] for r in rows) / sum(r["numbikesavailable"] for r in rows)
    assert 0.35 < electric < 0.42


def test_bikes_and_docks_rarely_add_up_to_the_capacity(day: list[Records]) -> None:
    """Because of broken docks, 39 % of real records add up, and 0.3 % exceed the capacity."""
    gaps = Counter(
        (gap > 0) - (gap < 0)
        for r in day[8]
        for gap in [r["capacity"] - r["numbikesavailable"] - r["numdocksavailable"]]
    )
    assert 0.3 < gaps[0] / len(day[8]) < 0.5
    assert 0 < gaps[-1] < 15


def test_short_and_saturated_stations_are_as_frequent_as_in_reality(day: list[Records]) -> None:
    """On two real days, 3 % were short and 8 % saturated."""
    rows = [r for n, one in enumerate(day) for r in in_operation(one, TUESDAY + timedelta(hours=n))]
    short = sum(r["is_renting"] == "OUI" and r["numbikesavailable"] == 0 for r in rows)
    full = sum(r["is_returning"] == "OUI" and fill(r) >= 0.9 for r in rows)
    assert 0.02 < short / len(rows) < 0.05
    assert 0.05 < full / len(rows) < 0.09
    assert 0.3 < mean(map(fill, rows)) < 0.45


def test_commuters_move_bikes_in_the_morning(day: list[Records]) -> None:
    """At 10 h local time (9 h UTC) stations near offices are full; at 4 h those near homes are."""
    night, morning = day[3], day[9]
    assert fill_of_arrondissements(morning, 1, 2, 8, 9) > 1.3 * fill_of_arrondissements(night, 1, 2, 8, 9)
    assert fill_of_arrondissements(morning, 15, 18) < 0.7 * fill_of_arrondissements(night, 15, 18)


def test_weekend_has_no_commuters(city: Simulator, day: list[Records]) -> None:
    """On Saturday at ten, stations near offices are not full."""
    saturday = records(city, TUESDAY + timedelta(days=4, hours=9))
    offices = mean(
        fill(r)
        for r in in_operation(saturday, TUESDAY)
        if r["nom_arrondissement_communes"] == "Paris" and int(r["stationcode"]) // 1000 in (2, 8)
    )
    assert offices < 0.8 * fill_of_arrondissements(day[9], 2, 8)


def test_rush_hour_follows_the_local_time_of_paris(city: Simulator) -> None:
    """It is at 9 h local time, which in summer is an hour earlier in UTC."""
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


def test_stations_on_hills_are_emptier(day: list[Records]) -> None:
    """Such as those of Belleville and Ménilmontant."""
    assert fill_of_arrondissements(day[12], 19, 20) < 0.7 * fill_of_arrondissements(day[12], 11, 12)


def test_successive_snapshots_are_similar(city: Simulator) -> None:
    at = TUESDAY + timedelta(hours=14)
    now, then = (records(city, at + timedelta(minutes=minutes)) for minutes in (0, 15))
    assert len(now) == len(then)
    moved = mean(abs(a["numbikesavailable"] - b["numbikesavailable"]) for a, b in zip(now, then, strict=True))
    assert 0.05 < moved < 2


def test_some_stations_are_closed_removed_or_silent(day: list[Records]) -> None:
    """The KPIs must exclude them: a closed station is not short, an unknown count is not zero."""
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


def test_stations_report_every_few_minutes(day: list[Records]) -> None:
    """No report is later than the snapshot."""
    at = TUESDAY + timedelta(hours=8)
    ages = [(at - datetime.fromisoformat(r["duedate"])).total_seconds() for r in day[8]]
    assert min(ages) >= 0
    assert sorted(ages)[len(ages) * 9 // 10] < 300
    assert all(r["duedate"].endswith("+00:00") for r in day[8])


def test_one_station_has_no_docks(day: list[Records]) -> None:
    """Its fill rate is 0 / 0."""
    (relay,) = [r for r in day[8] if r["stationcode"] == RELAY_CODE]
    assert (relay["capacity"], relay["numbikesavailable"], relay["numdocksavailable"]) == (0, 0, 0)


def test_names_are_french(day: list[Records]) -> None:
    """They have apostrophes, accents and ligatures, which break careless text handling."""
    names = "".join(r["name"] for r in day[8])
    assert all(mark in names for mark in "'éèêôûœÉ")


def test_past_hour_has_the_snapshots_of_its_ticks(city: Simulator) -> None:
    hour = TUESDAY - timedelta(days=400)
    snapshots = list(city.recorded(hour))
    assert [r.taken_at - hour for r in snapshots] == [timedelta(minutes=15 * n) for n in range(4)]
    assert snapshots[1].response == city.fetch(hour + timedelta(minutes=15))
    assert city.recorded_hours(hour, hour + timedelta(hours=2)) == {
        hour + timedelta(hours=n) for n in range(3)
    }


def test_restored_hour_has_the_same_faults() -> None:
    broken = Simulator(stations=20, faults=parse_faults("empty@2026-11-24T07:15"))
    bodies = [r.response.bodies["body"] for r in broken.recorded(TUESDAY + timedelta(hours=7))]
    assert [body == b"[]" for body in bodies] == [False, True, False, False]
