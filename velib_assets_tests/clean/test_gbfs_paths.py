"""The fast path for GBFS records of other networks: it agrees with the general path, and declines rarely."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velib_assets.clean import hour as hour_module
from velib_assets.clean.gbfs_fast_path import type_gbfs_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.clean.typed_snapshot import Drift, TypedSnapshot
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import dump
from velib_assets.lake.keys import raw_key
from velib_assets_tests.clean.gbfs_strategies import ODD_RECORDS, VEHICLE_TYPES, records
from velib_assets_tests.samples import HOUR

SAID = {"language": "fr", "vehicle_types": VEHICLE_TYPES}
REPORTED = datetime(2022, 6, 4, 9, 58, tzinfo=timezone.utc)


def fast(rows: list[Any], said: dict[str, Any] = SAID) -> TypedSnapshot | None:
    typed = type_gbfs_fast([memoryview(dump(rows))], definition_of("gbfs", "rouen", said))
    return typed[0] if typed else None


def general(rows: list[Any], said: dict[str, Any] = SAID) -> TypedSnapshot:
    return type_general(json.loads(dump(rows)), definition_of("gbfs", "rouen", said))


@settings(max_examples=400, deadline=None)
@given(st.one_of(records(), ODD_RECORDS), st.sampled_from(["fr", "fr-CA", "en", "de", ""]))
def test_paths_agree_on_gbfs_records_of_every_version(rows: list[Any], language: str) -> None:
    said = {**SAID, "language": language}
    typed = fast(rows, said)
    if typed is None:
        return
    expected = general(rows, said)
    assert typed.table.to_pylist() == expected.table.to_pylist()
    assert typed._replace(table=None) == expected._replace(table=None)


def station(n: int, status: dict[str, Any], **information: Any) -> dict[str, Any]:
    ids = {"station_id": f"s{n}"}
    place = {"name": f"Gare {n}", "lat": 49.4 + n / 1000, "lon": 1.1, "capacity": 20}
    counts = {"num_bikes_available": n % 20, "num_docks_available": 20 - n % 20, "last_reported": 1654336680}
    flags = dict.fromkeys(("is_installed", "is_renting", "is_returning"), True)
    return {"information": {**ids, **place, **information}, "status": {**ids, **flags, **counts, **status}}


FORMS: dict[str, Callable[[int], dict[str, Any]]] = {
    "1.0": lambda n: station(n, {"is_installed": 1, "is_renting": 0, "is_returning": 1}),
    "Lyft": lambda n: station(
        n,
        {"num_ebikes_available": n % 3, "legacy_id": str(n)},
        rental_methods=["KEY"],
        rental_uris={"ios": "https://x"},
        external_id=n if n % 2 else f"x{n}",
    ),
    "BCycle": lambda n: station(
        n, {"num_bikes_available_types": {"electric": n % 2, "smart": 0, "classic": 1}}
    ),
    "Vélib'": lambda n: station(n, {"num_bikes_available_types": [{"mechanical": 1}, {"ebike": n % 20}]}),
    "numbers as ids": lambda n: station(n, {"station_id": 2**40 + n}, region_id=n, name="Gare"),
    "2.3": lambda n: station(
        n,
        {
            "vehicle_types_available": [
                {"vehicle_type_id": "bike", "count": n % 20},
                {"vehicle_type_id": "moped", "count": 1},
            ]
        },
        is_virtual_station=n % 2 == 0,
        station_area={"type": "MultiPolygon", "coordinates": [[[[n, 1.5], [2, 3]]]]},
    ),
    "no docks": lambda n: station(n, {"num_docks_available": None}, capacity=None),
    "docks by type": lambda n: station(
        n,
        {
            "num_docks_available": None,
            "vehicle_docks_available": [
                {"vehicle_type_ids": ["bike", "ebike"], "count": n % 9},
                {"vehicle_type_ids": ["moped"], "count": 2},
            ],
        },
        capacity=None,
        vehicle_type_capacity={"bike": 3, "ebike": n % 9, "moped": 1},
    ),
    "3.0": lambda n: {
        **station(
            n,
            {"num_vehicles_available": n % 20, "last_reported": "2022-06-04T11:58:00+02:00"},
            name=[{"text": "Station", "language": "en"}, {"text": f"Gare {n}", "language": "fr"}],
        ),
        "region": {"region_id": "r", "name": [{"text": "Nord", "language": "fr"}]},
    },
    "3.1, nanoseconds": lambda n: station(n, {"last_reported": "2022-06-04T09:58:00.123456789Z"}),
    "milliseconds": lambda n: station(n, {"last_reported": 1654336680000}),
    "huge negative time": lambda n: station(n, {"last_reported": -62135596800 if n % 2 else -(2**62)}),
    "texts": lambda n: station(n, {"num_bikes_available": str(n % 20), "is_renting": "true"}, lat="49.4"),
    "fractions": lambda n: station(n, {"num_bikes_available": float(n % 20)}, capacity=20.0),
    "without status": lambda n: station(n, {}) if n % 7 else {**station(n, {}), "status": None},
    "status alone": lambda n: {**station(n, {}), "information": None} if n % 7 == 0 else station(n, {}),
    "unknown docks": lambda n: station(n, {"num_docks_available": -1 if n % 2 else 999}, capacity=2**31 - 1),
    "rare field": lambda n: station(
        n, {"x": [n]} if n == 77 else {}, **({"post_code": n} if n % 3 else {"post_code": "a"})
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_real_feeds_take_the_fast_path(form: str) -> None:
    rows = [FORMS[form](n) for n in range(200)]
    typed = fast(rows)
    assert typed is not None, "the fast path declined"
    expected = general(rows)
    assert typed.table.equals(expected.table)
    assert typed._replace(table=None) == expected._replace(table=None)
    assert typed.drift == Drift()


def test_large_ids_written_as_fractions_are_the_same_text_on_both_paths() -> None:
    """Arrow writes 1e20 as `1e+20`; ingest joins the files by `100000000000000000000`."""
    rows = [station(n, {"station_id": 1e20 * (n + 1)}) for n in range(20)]
    typed = fast(rows)
    assert typed is None or typed.table.equals(general(rows).table)


def test_object_with_a_key_that_no_sample_has_is_read() -> None:
    """The parser drops unknown keys silently, and only a few records are sampled."""
    rows = [station(n, {"num_bikes_available_types": {"electric": 1}}) for n in range(500)]
    rows[123]["status"]["num_bikes_available_types"]["mechanical"] = 4
    typed = fast(rows)
    assert typed is not None
    assert typed.table["mechanical"].to_pylist().count(4) == 1


def test_field_that_no_sample_has_is_read() -> None:
    rows = [station(n, {}, capacity=None) for n in range(500)]
    rows[123]["information"]["vehicle_docks_capacity"] = [{"vehicle_type_ids": ["bike"], "count": 12}]
    typed = fast(rows)
    assert typed is not None
    assert typed.table["capacity"].to_pylist().count(12) == 1


@pytest.mark.parametrize("form", ["Lyft", "2.3", "3.0", "rare field"])
def test_hour_of_another_network_needs_no_general_path(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hour_module, "type_general", None)  # calling it would fail
    rows = [FORMS[form](n) for n in range(1500)]
    head = json.dumps({"source": "rouen", "feed": "gbfs", "gbfs": SAID}).encode()[:-1]
    data = head + b', "results": ' + dump(rows) + b"}"
    times = [HOUR.replace(minute=minute) for minute in (0, 15, 30, 45)]
    clean = clean_hour(HOUR, [RawObject(raw_key(taken), "x", data) for taken in times], network="rouen")
    assert (len(clean.table), clean.summary.quarantined) == (6000, [])


@pytest.mark.parametrize("depth", [50, 5_000, 200_000])
def test_deeply_nested_undeclared_value_ends_no_process(depth: int) -> None:
    """The JSON parser recurses on the C stack over values that it reads; these are skipped."""
    rows = dump([station(n, {}, extra=[0]) for n in range(100)])
    before, _, after = rows.rpartition(b"[0]")
    nested = before + b"[" * depth + b"0" + b"]" * depth + after
    typed = type_gbfs_fast([memoryview(nested)], definition_of("gbfs", "rouen", SAID))
    assert typed is None or len(typed[0].table) == 100


def test_snapshots_typed_together_keep_their_own_counts() -> None:
    several = [[FORMS["without status"](n) for n in range(size)] for size in (7, 8, 20)]
    typed = type_gbfs_fast([memoryview(dump(rows)) for rows in several], definition_of("gbfs", "rouen", SAID))
    assert typed is not None
    assert [(part.records, len(part.rejects)) for part in typed] == [(7, 1), (8, 2), (20, 3)]
    assert [part.table.to_pylist() for part in typed] == [general(rows).table.to_pylist() for rows in several]


def test_large_snapshots_are_typed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of 5,000 stations at once would take 45 MB more; the rows do not depend on it."""
    head = json.dumps({"source": "rouen", "feed": "gbfs", "gbfs": SAID}).encode()[:-1]
    data = head + b', "results": ' + dump([FORMS["2.3"](n) for n in range(300)]) + b"}"
    raws = [RawObject(raw_key(HOUR.replace(minute=n)), "x", data) for n in (0, 15, 30, 45)]
    together = []

    def counted(results: Any, feed: Any) -> Any:
        together.append(len(results))
        return type_gbfs_fast(results, feed)

    monkeypatch.setattr(hour_module, "type_gbfs_fast", counted)
    tables = []
    for limit in (4 * 1024 * 1024, len(data) // 2, 2 * len(data)):
        monkeypatch.setattr(hour_module, "_TOGETHER_BYTES", limit)
        tables.append(clean_hour(HOUR, raws, network="rouen").table)
    assert together == [4, 1, 1, 1, 1, 3, 1]
    assert tables[1:] == [tables[0]] * 2
