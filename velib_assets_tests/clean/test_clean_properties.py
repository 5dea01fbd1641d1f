"""Properties of cleaning: both paths agree, no record is lost, the order of arrival does not matter."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velib_assets.clean import hour as hour_module
from velib_assets.clean.clean_file import encode_clean
from velib_assets.clean.fast_path import type_fast
from velib_assets.clean.general_path import type_general
from velib_assets.clean.hour import clean_hour
from velib_assets.clean.typed_snapshot import TypedSnapshot
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.definition import FeedDefinition
from velib_assets.ingest.feeds.feed_table import definition_of
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets_tests.samples import HOUR, pair, raw, record

CODES = st.sampled_from(["1001", "1002", "16107", "31024_relais", "13121", "é", " 1"])
COUNTS = st.one_of(st.none(), st.integers(0, 80))
DATES = st.one_of(
    st.none(),
    st.datetimes().map(lambda t: t.isoformat()[:19] + "+00:00"),
    st.builds(
        lambda t, sep, digits, zone: f"{t:%Y-%m-%d}{sep}{t:%H:%M:%S}{digits}{zone}",
        st.datetimes(),
        st.sampled_from("T "),
        st.sampled_from(["", ".1", ".123", ".123456", ".5"]),
        st.sampled_from(["", "Z", "+02:00", "-0530", "+01"]),
    ),
    st.sampled_from(
        [
            "2022-06-04",
            "2022-06-04T10",
            "2022-06-04T10:05",
            "2022-02-30",
            "0001-01-01T00:00:00+05:00",
        ]
    ),
)
FLAGS = st.sampled_from(["OUI", "NON", "oui", "1", "t", "", "perhaps", None])
DEGREES = st.one_of(st.none(), st.floats(-90, 90), st.integers(-90, 90))
ORDINARY = st.builds(
    record,
    CODES,
    name=st.one_of(st.none(), st.text(max_size=8)),
    numbikesavailable=COUNTS,
    numdocksavailable=COUNTS,
    capacity=COUNTS,
    duedate=DATES,
    is_renting=FLAGS,
    is_installed=FLAGS,
    coordonnees_geo=st.one_of(st.none(), st.fixed_dictionaries({"lon": DEGREES, "lat": DEGREES})),
    nom_arrondissement_communes=st.sampled_from(["Paris", "Ivry-sur-Seine", None]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
ODD = st.builds(
    lambda base, field, value: base | {field: value},
    ORDINARY,
    st.sampled_from(sorted(record())),
    JSON,
)


STATION = st.fixed_dictionaries(
    {
        "stationCode": CODES,
        "name": st.one_of(st.none(), st.text(max_size=8)),
        "lat": DEGREES,
        "lon": DEGREES,
        "capacity": COUNTS,
    },
    optional={"station_id": st.integers(0, 9), "rental_methods": st.just(["CREDITCARD"])},
)
KINDS = st.lists(
    st.one_of(
        st.none(),
        st.dictionaries(st.sampled_from(["mechanical", "ebike", "cargo"]), COUNTS, max_size=2),
    ),
    max_size=3,
)
STATUS = st.fixed_dictionaries(
    {
        "stationCode": st.one_of(CODES, st.none()),
        "num_bikes_available": COUNTS,
        "numDocksAvailable": st.integers(0, 80),
        "is_installed": st.sampled_from([0, 1, 2, None]),
        "is_renting": st.sampled_from([0, 1]),
        "last_reported": st.one_of(st.none(), st.integers(0, 2 * 10**9)),
        "num_bikes_available_types": st.one_of(
            st.builds(lambda m, e: [{"ebike": e}, {"mechanical": m}], COUNTS, COUNTS),
            st.builds(lambda m: [None, {"mechanical": m, "ebike": None}], COUNTS),
            st.sampled_from([None, []]),
        ),
    },
    optional={"numBikesAvailable": COUNTS, "num_docks_available": COUNTS},
)
PAIR = st.fixed_dictionaries({"information": STATION, "status": STATUS})
ODD_PAIR = st.builds(
    lambda both, part, field, value: both | {part: {**both.get(part, {}), field: value} if field else value},
    PAIR,
    st.sampled_from(["information", "status", "status", "vehicle"]),
    st.sampled_from(
        [
            "",
            "stationCode",
            "lat",
            "capacity",
            "is_renting",
            "last_reported",
            "num_bikes_available_types",
            "x",
        ]
    ),
    st.one_of(JSON, KINDS, st.integers(-(10**11), 10**12)),
)


UNDECLARED = st.dictionaries(st.sampled_from(["x", "name", "colour", "a.b", 'q"\\']), JSON, max_size=2)


def fast(rows: list[Any], feed: str = "opendata") -> TypedSnapshot | None:
    snapshots = type_fast([memoryview(dump(rows))], definition_of(feed))
    return snapshots[0] if snapshots else None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(ORDINARY, ODD), min_size=1, max_size=6))
def test_paths_agree_on_portal_records(rows: list[Any]) -> None:
    assert_paths_agree(rows, "opendata")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(PAIR, ODD_PAIR), min_size=1, max_size=4))
def test_paths_agree_on_gbfs_records(rows: list[Any]) -> None:
    assert_paths_agree(rows, "gbfs")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds(lambda new, base: new | base, UNDECLARED, ORDINARY), min_size=1, max_size=12))
def test_paths_agree_on_undeclared_fields_of_the_portal(rows: list[Any]) -> None:
    assert_paths_agree(rows, "opendata")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda both, part, new: both | {part: new | both.get(part, {})},
            PAIR,
            st.sampled_from(["information", "status", "vehicle"]),
            UNDECLARED,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_paths_agree_on_undeclared_fields_of_gbfs(rows: list[Any]) -> None:
    assert_paths_agree(rows, "gbfs")


def assert_paths_agree(rows: list[Any], feed: str) -> None:
    typed = fast(rows, feed)
    if typed is None:
        return
    general = type_general(json.loads(dump(rows)), definition_of(feed))
    assert typed.table.to_pylist() == general.table.to_pylist()
    assert general.rejects == []
    assert typed.drift == general.drift


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.one_of(ORDINARY, ODD), max_size=4), min_size=1, max_size=6))
def test_hour_is_the_same_without_the_fast_path(snapshots: list[list[Any]]) -> None:
    """Snapshots that are typed together keep their own rows, counts and drift."""
    raws = [raw(rows, 9 * n) for n, rows in enumerate(snapshots)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hour_module, "type_fast", lambda *_: None)
        slow = clean_hour(HOUR, raws)
    quick = clean_hour(HOUR, raws)
    assert quick == slow._replace(table=quick.table)
    assert quick.table.to_pylist() == slow.table.to_pylist()


def test_fast_path_accepts_ordinary_records() -> None:
    """Otherwise the properties would prove nothing."""
    assert fast([record(), record("1002", duedate=None, coordonnees_geo=None)])
    assert fast([record(), record("1002", surprise={"a": [1]})])
    assert fast([pair("1001"), pair("1002")], "gbfs")


def test_one_odd_snapshot_does_not_slow_down_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    general = []

    def counted(rows: list[Any], feed: FeedDefinition) -> TypedSnapshot:
        general.append(len(rows))
        return type_general(rows, feed)

    monkeypatch.setattr(hour_module, "type_general", counted)
    hour = [
        raw([record()] * 2, 0),
        raw([record(capacity=-1), record("2"), record("3")], 15),
        raw([pair("7")], 30, "gbfs"),
    ]
    assert [part[1:] for part in clean_hour(HOUR, hour).summary.snapshots] == [
        (2, 1, 0, 1),
        (3, 2, 1, 0),
        (1, 1, 0, 0),
    ]
    assert general == [3]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(ORDINARY, ODD, JSON), min_size=1, max_size=8))
def test_every_record_is_a_row_a_reject_or_a_duplicate(rows: list[Any]) -> None:
    clean = clean_hour(HOUR, [raw(rows)])
    for part in clean.summary.snapshots:
        assert part.records == len(rows) == part.rows + part.rejected + part.duplicates
    assert sum(part.rows for part in clean.summary.snapshots) == len(clean.table)
    assert bool(clean.summary.snapshots) != bool(clean.summary.quarantined)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.one_of(ORDINARY, ODD), max_size=4), min_size=1, max_size=4), st.randoms())
def test_order_of_arrival_does_not_matter(snapshots: list[list[Any]], random: Any) -> None:
    raws = [raw(rows, 15 * n) for n, rows in enumerate(snapshots)]
    shuffled = random.sample(raws, len(raws))
    assert encode_clean(clean_hour(HOUR, raws)) == encode_clean(clean_hour(HOUR, shuffled))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(ORDINARY, JSON), max_size=30))
def test_audit_accepts_exactly_95_percent_of_codes(rows: list[Any]) -> None:
    coded = sum(
        isinstance(row, dict)
        and ((isinstance(code := row.get("stationcode"), str) and bool(code.strip())) or type(code) is int)
        for row in rows
    )
    counted = any(isinstance(row, dict) and "numbikesavailable" in row for row in rows)
    if rows and coded >= 0.95 * len(rows) and counted:
        audit(rows, "opendata")
    else:
        with pytest.raises(UnusableError):
            audit(rows, "opendata")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_unusable(data: bytes) -> None:
    for response in (
        FeedResponse("opendata", {"body": data}),
        FeedResponse("gbfs", {"station_information": data, "station_status": b'{"data": {"stations": []}}'}),
    ):
        with contextlib.suppress(UnusableError):
            assert isinstance(decode(response).records, list)
