"""Fields that a feed does not declare: the fast path stays on, and drift names them exactly."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from velib_assets.clean import hour as hour_module
from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.hour import HourRows, RawObject, clean_hour
from velib_assets.clean.typed_snapshot import Drift, TypedSnapshot
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.raw_object import encode_raw
from velib_assets.ingest.response import FeedResponse
from velib_assets.lake.keys import raw_key
from velib_assets_tests.samples import HOUR, pair, raw, record

VALUES: dict[str, Callable[[int], Any]] = {
    "null": lambda _: None,
    "whole number": lambda n: n,
    "numbers, some with a fraction": lambda n: n if n < 50 else n + 0.5,
    "huge number": lambda n: 10**30 + n,
    "text": lambda n: f"text {n}",
    "flag": lambda n: n % 2 == 0,
    "object": lambda n: {"a": n, "b": {"c": "x"}},
    "object with members of its own": lambda n: {f"m{n}": n},
    "list": lambda n: [n],
    "empty list": lambda _: [],
    "list of objects": lambda n: [{"id": "a", "count": n}, {"id": "b", "range": 1.5}],
    "null, then text": lambda n: None if n < 90 else "x",
    "number, then text": lambda n: n if n < 90 else "x",
    "object, then list": lambda n: {"a": 1} if n < 90 else [1],
}
PLACES = [("opendata", ""), ("gbfs", "information"), ("gbfs", "status"), ("gbfs", "vehicle")]
COUNT = 100


def with_field(feed: str, part: str, value: Callable[[int], Any]) -> list[Any]:
    """Return records of which each has an undeclared field."""
    rows: list[Any] = []
    for n in range(COUNT):
        row = record(str(1001 + n)) if feed == "opendata" else pair(str(1001 + n))
        (row.setdefault(part, {}) if part else row)["extra"] = value(n)
        rows.append(row)
    return rows


def fast(rows: list[Any], feed: str = "opendata") -> TypedSnapshot:
    typed = type_fast([memoryview(dump(rows))], definition_of(feed))
    assert typed is not None, "the fast path declined"
    return typed[0]


@pytest.mark.parametrize(("feed", "part"), PLACES)
@pytest.mark.parametrize("kind", VALUES)
def test_undeclared_field_stays_on_the_fast_path(kind: str, feed: str, part: str) -> None:
    rows = with_field(feed, part, VALUES[kind])
    path = f"{part}.extra" if part else "extra"
    typed, general = fast(rows, feed), type_general(json.loads(dump(rows)), definition_of(feed))
    assert typed.drift == general.drift == (Drift(empty=(path,)) if kind == "null" else Drift(new=(path,)))
    assert typed.table.equals(general.table)


def test_what_was_seen_before_changes_no_drift() -> None:
    """Types are remembered; whether a snapshot has the field is not."""
    for kind in ("number, then text", "null, then text", "null", "object, then list"):
        assert fast(with_field("opendata", "", VALUES[kind])).drift != Drift()
        assert fast([record(str(n)) for n in range(COUNT)]).drift == Drift()


def test_snapshots_typed_together_keep_their_own_drift() -> None:
    rows = [[record(str(n), **change) for n in range(COUNT)] for change in ({}, {"a": None}, {"a": 1})]
    rows.append([*rows[0][1:], record("7", a=None)])
    rows.append([*rows[0][1:], record("7", name='"a"')])
    typed = type_fast([memoryview(dump(part)) for part in rows], definition_of("opendata"))
    assert typed is not None
    assert [part.drift for part in typed] == [
        Drift(),
        Drift(empty=("a",)),
        Drift(new=("a",)),
        Drift(empty=("a",)),
        Drift(),
    ]


@pytest.mark.parametrize("depth", [50, 90, 5_000, 200_000])
def test_deeply_nested_undeclared_value_ends_no_process(depth: int) -> None:
    """The JSON parser recurses on the C stack over values that it reads."""
    rows = dump([record(str(1001 + n), extra=[0]) for n in range(COUNT)])
    nested = b"[" * depth + b"0" + b"]" * depth
    before, _, after = rows.rpartition(b"[0]")
    data = b'{"feed": "opendata", "results": ' + before + nested + after + b"}"
    clean = clean_hour(HOUR, [RawObject(raw_key(HOUR), "x", data)])
    if depth < 100:
        assert (len(clean.table), clean.summary.drift) == (COUNT, Drift(new=("extra",)))
    else:
        assert [part.code for part in clean.summary.quarantined] == ["not_json"]


SHAPE_2024 = {
    "lastUpdatedOther": 1732004538,
    "ttl": 3600,
    "data": {
        "stations": [
            {
                "station_id": number,
                "num_bikes_available": 1,
                "numBikesAvailable": 1,
                "num_bikes_available_types": [{"mechanical": 1}, {"ebike": 0}],
                "num_docks_available": 34,
                "numDocksAvailable": 34,
                "is_installed": 1,
                "is_returning": 1,
                "is_renting": 1,
                "last_reported": 1654336680,
                "stationCode": code,
            }
            for number, code in ((213688169, "16107"), (17278902806, "44015"), (36255, "9020"))
        ]
    },
}
INFORMATION = {
    "lastUpdatedOther": 1732004538,
    "ttl": 3600,
    "data": {
        "stations": [
            {
                "station_id": status["station_id"],
                "stationCode": status["stationCode"],
                "name": "Toudouze - Clauzel",
                "lat": 48.87929591733507,
                "lon": 2.3373600840568547,
                "capacity": 21,
                "station_opening_hours": None,
                "rental_methods": ["CREDITCARD"],
            }
            for status in SHAPE_2024["data"]["stations"]  # type: ignore[index] # an object, as above
        ]
    },
}


def clean_pair(status: object) -> HourRows:
    bodies = {
        "station_information": json.dumps(INFORMATION).encode(),
        "station_status": json.dumps(status).encode(),
    }
    stored = encode_raw("gbfs", HOUR, HOUR, decode(FeedResponse("gbfs", bodies)))
    return clean_hour(HOUR, [RawObject(raw_key(HOUR), "x", stored)])


@pytest.mark.parametrize("year", [2024, 2026])
def test_gbfs_shape_takes_the_fast_path_without_drift(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 2026 each state has `station_opening_hours: null`, and some ids exceed 2^31."""
    status = json.loads(json.dumps(SHAPE_2024))
    if year == 2026:
        for station in status["data"]["stations"]:
            station["station_opening_hours"] = None
    monkeypatch.setattr(hour_module, "type_general", None)  # calling it would fail
    clean = clean_pair(status)
    assert clean.summary.drift == Drift()
    assert [part.rows for part in clean.summary.snapshots] == [3]
    assert clean.table["docks"].to_pylist() == [34] * 3


def test_hour_with_an_undeclared_field_needs_no_general_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four GBFS snapshots of 1,500 stations have more than 35,000 brackets."""
    monkeypatch.setattr(hour_module, "type_general", None)  # calling it would fail
    rows = [pair(str(n), colour={"rgb": [n, 0, 0]}) for n in range(1500)]
    clean = clean_hour(HOUR, [raw(rows, minute, "gbfs") for minute in (0, 15, 30, 45)])
    assert (len(clean.table), clean.summary.drift) == (6000, Drift(new=("status.colour",)))
