"""Properties of cleaning: both paths agree, nothing is lost, order of arrival does not matter."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velib_assets.core.answers import Answer, UnusableError, decode, dump
from velib_assets.core.audit import audit
from velib_assets.core.clean.fast import type_fast
from velib_assets.core.clean.general import type_general
from velib_assets.core.clean.hour import clean_hour
from velib_assets.core.clean.parquet import encode_clean
from velib_assets_tests.samples import HOUR, raw, record

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


def document(rows: list[Any]) -> bytes:
    return b'{"source": "velib", "results": ' + dump(rows) + b"}"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(ORDINARY, ODD), min_size=1, max_size=6))
def test_where_the_fast_path_answers_the_general_one_says_the_same(rows: list[Any]) -> None:
    fast = type_fast(document(rows))
    if fast is None:
        return
    general = type_general(json.loads(document(rows))["results"], "opendata")
    assert fast.table.to_pylist() == general.table.to_pylist()
    assert general.rejects == []
    assert fast.drift == general.drift


def test_the_fast_path_does_answer_for_ordinary_records() -> None:
    """Or the property above would prove nothing, and speed would be gone unnoticed."""
    assert type_fast(document([record(), record("1002", duedate=None, coordonnees_geo=None)]))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(ORDINARY, ODD, JSON), min_size=1, max_size=8))
def test_every_record_is_a_row_a_reject_or_a_duplicate(rows: list[Any]) -> None:
    clean = clean_hour(HOUR, [raw(rows)])
    for part in clean.snapshots:
        assert part.records == len(rows) == part.rows + part.rejected + part.duplicates
    assert sum(part.rows for part in clean.snapshots) == len(clean.table)
    assert bool(clean.snapshots) != bool(clean.quarantined)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.one_of(ORDINARY, ODD), max_size=4), min_size=1, max_size=4), st.randoms())
def test_order_of_arrival_never_shows(snapshots: list[list[Any]], random: Any) -> None:
    raws = [raw(rows, 15 * n) for n, rows in enumerate(snapshots)]
    shuffled = random.sample(raws, len(raws))
    assert encode_clean(clean_hour(HOUR, raws)) == encode_clean(clean_hour(HOUR, shuffled))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(ORDINARY, JSON), max_size=30))
def test_the_audit_lets_pass_exactly_what_is_95_percent_coded(rows: list[Any]) -> None:
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
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    for answer in (
        Answer("opendata", {"body": data}),
        Answer("gbfs", {"station_information": data, "station_status": b'{"data": {"stations": []}}'}),
    ):
        with contextlib.suppress(UnusableError):
            assert isinstance(decode(answer).records, list)
