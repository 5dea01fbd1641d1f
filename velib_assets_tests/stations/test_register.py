"""The register depends on the hours it learned, not on their order, and survives its file."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.clean.typed_snapshot import TABLE_SCHEMA
from velib_assets.lake.keys import HOUR
from velib_assets.stations.register import Register
from velib_assets.stations.register_file import decode_register, encode_register
from velib_assets.stations.sights import FIELDS, Sights, milliseconds_of, sights_of

START = datetime(2024, 11, 4, 8, tzinfo=timezone.utc)
SCHEMA = pa.schema([TABLE_SCHEMA.field(name) for name in ("station_id", "ingested_ts", *FIELDS)])
HERE = (48.85, 2.35, 20, "Paris")
NOTHING = (None, None, None, None, None)


def sights(hour: datetime, snapshots: dict[int, dict[str, tuple[Any, ...]]]) -> Sights:
    """The observations of an hour: by minute and station code, the values of FIELDS."""
    times = [hour + timedelta(minutes=minute) for minute in snapshots]
    rows = sorted(
        (code, hour + timedelta(minutes=minute), *values)
        for minute, stations in snapshots.items()
        for code, values in stations.items()
    )
    columns = [list(column) for column in zip(*rows)] or [[] for _ in SCHEMA]
    return sights_of(
        hour,
        pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, SCHEMA)], schema=SCHEMA),
        times,
    )


def learned(hours: list[Sights]) -> Register:
    """A register that learned these hours in this order, reading earlier ones again where it must."""
    register, by_hour = Register(), {}
    for hour in hours:
        by_hour[hour.hour] = hour
        register.learn(hour, by_hour.get)
    return register


def stretches(register: Register) -> list[tuple[Any, ...]]:
    """The register's rows: code, valid_from, valid_to, name, lat, lon, capacity, commune, arrondissement."""
    table = pq.read_table(pa.BufferReader(encode_register(register)))
    return [tuple(row.values()) for row in table.to_pylist()]


def random_history(seed: int) -> list[Sights]:
    chance = random.Random(seed)  # noqa: S311 - not a secret
    stations = {str(code): ["a", *HERE] for code in (8003, 8004, 21001, 42301, 99999)}
    history = []
    for n in range(chance.randint(2, 7)):
        snapshots: dict[int, dict[str, tuple[Any, ...]]] = {}
        for minute in sorted(chance.sample(range(60), chance.randint(1, 3))):
            vanished = chance.random() < 0.2
            snapshot = {}
            for code, values in stations.items():
                if chance.random() < 0.15:
                    values[0] = chance.choice("abc")
                if chance.random() < 0.1:
                    values[3] = chance.choice((20, 30))
                if chance.random() < 0.1:
                    values[4] = chance.choice(("Paris", "Arcueil", "Cachan"))
                if chance.random() < 0.85:
                    partial = chance.random() < 0.2
                    snapshot[code] = (
                        NOTHING if vanished else (*values[:4], None) if partial else tuple(values)
                    )
            if snapshot:
                snapshots[minute] = snapshot
        if snapshots:
            history.append(sights(START + n * HOUR, snapshots))
    return history


@pytest.mark.parametrize("seed", range(100))
def test_order_of_learning_does_not_matter(seed: int) -> None:
    history = random_history(seed)
    chance = random.Random(seed)  # noqa: S311 - not a secret
    shuffled = [*history, chance.choice(history)]
    chance.shuffle(shuffled)
    expected = encode_register(learned(history))
    assert encode_register(learned(shuffled)) == expected
    decoded = decode_register(expected)
    assert decoded is not None
    assert encode_register(decoded) == expected


def test_a_change_of_the_description_opens_a_stretch() -> None:
    hours = [
        sights(START, {0: {"8003": ("a", *HERE)}, 15: {"8003": ("b", *HERE)}}),
        sights(START + HOUR, {0: {"8003": ("b", 48.86, 2.35, 20, "Paris")}}),
    ]
    changes = [START, START + timedelta(minutes=15), START + HOUR, None]
    place = (2.35, 20, "Paris", "Paris 8e")
    assert stretches(learned(hours)) == [
        ("8003", *changes[0:2], "a", 48.85, *place),
        ("8003", *changes[1:3], "b", 48.85, *place),
        ("8003", *changes[2:4], "b", 48.86, *place),
    ]


def test_an_hour_that_repeats_an_earlier_one_is_learned_after_a_change() -> None:
    named = {name: {0: {"8003": (name, *HERE)}} for name in ("old", "new")}
    hours = [sights(START + n * HOUR, named[name]) for n, name in enumerate(("old", "old", "new", "old"))]
    assert [row[3] for row in stretches(learned(hours))] == ["old", "new", "old"]


def test_a_station_that_disappears_is_closed_and_may_open_again() -> None:
    both = {"8003": ("a", *HERE), "8004": ("b", *HERE)}
    one = {"8004": ("b", *HERE)}
    register = learned([sights(START, {0: both, 15: one, 30: one, 45: both})])
    periods = [row[1:3] for row in stretches(register) if row[0] == "8003"]
    minute = {n: START + timedelta(minutes=n) for n in (0, 15, 45)}
    assert periods == [(minute[0], minute[15]), (minute[45], None)]


def test_a_partial_snapshot_closes_no_station() -> None:
    every = {str(8000 + n): ("a", *HERE) for n in range(50)}
    part = dict(list(every.items())[:30])
    register = learned([sights(START, {0: every, 15: part, 30: every})])
    assert [row[1:3] for row in stretches(register)] == [(START, None)] * 50


def test_a_snapshot_without_descriptions_opens_and_closes_nothing() -> None:
    known, empty = {"8003": ("a", *HERE)}, {"8003": NOTHING, "8004": NOTHING}
    register = learned([sights(START, {0: known, 15: empty}), sights(START + HOUR, {0: empty})])
    assert [row[:3] for row in stretches(register)] == [("8003", START, None)]


def test_a_feed_without_communes_keeps_the_known_commune() -> None:
    portal, gbfs = ("a", 48.8, 2.3, 20, "Arcueil"), ("a", 48.8, 2.3, 20, None)
    register = learned([sights(START, {0: {"42300": portal}, 15: {"42300": gbfs}})])
    assert [row[-2:] for row in stretches(register)] == [("Arcueil", "Arcueil")]


def test_a_forgotten_hour_leaves_no_trace() -> None:
    history = random_history(7)
    by_hour = {hour.hour: hour for hour in history}
    register = learned(history)
    gone = history[1].hour
    by_hour.pop(gone)
    assert register.forget(gone, by_hour.get)
    assert encode_register(register) == encode_register(
        learned([hour for hour in history if hour.hour != gone])
    )
    assert not register.forget(gone, by_hour.get)


def test_damaged_bytes_are_no_register() -> None:
    data = encode_register(learned(random_history(3)))
    assert decode_register(data[: len(data) // 2]) is None
    assert decode_register(b"") is None


def test_forgotten_hour_leaves_what_the_others_say() -> None:
    """The hour after it may be described by values that only the forgotten hour had."""
    first = sights(START, {0: {"8003": ("a", *HERE)}})
    second = sights(START + HOUR, {0: {"8003": ("b", *HERE), "8004": ("c", *HERE)}})
    third = sights(START + 2 * HOUR, {0: {"8003": ("b", *HERE), "8004": NOTHING}})
    register = learned([first, second, third])
    by_hour = {part.hour: part for part in (first, third)}
    assert register.forget(second.hour, by_hour.get)
    assert not register.forget(second.hour, by_hour.get)
    assert stretches(register) == stretches(learned([first, third]))
    assert register.hours == [(START, START), (START + 2 * HOUR, START + 2 * HOUR)]


@pytest.mark.parametrize("seed", range(50))
def test_open_stations_are_counted_at_every_time(seed: int) -> None:
    register = learned(random_history(seed))
    rows = [(row[1], row[2]) for row in stretches(register)]
    for moment in (START + timedelta(minutes=10 * n) for n in range(-1, 45)):
        expected = sum(first <= moment and (last is None or moment < last) for first, last in rows)
        assert register.open_at(milliseconds_of(moment)) == expected
