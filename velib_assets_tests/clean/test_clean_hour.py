"""Cleaning an hour: the contract of the table."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from velib_assets.clean.clean_file import encode_clean, encode_rejects
from velib_assets.clean.hour import HourRows, RawObject, clean_hour
from velib_assets.clean.typed_snapshot import TABLE_SCHEMA, Drift
from velib_assets.lake.keys import raw_key
from velib_assets_tests.samples import HOUR, at, body, first_version, pair, raw, record, records

TRUE: list[object] = ["OUI", "oui", "1", 1, True, "true", "Yes", "T", "y"]
FALSE: list[object] = ["NON", "Non", "0", 0, False, "FALSE", "no", "f", "N"]
UNKNOWN: list[object] = ["maybe", "", None, 2, 1.0, [], {}]


def only(clean: HourRows, code: str) -> dict[str, Any]:
    """Return a station's only row."""
    (row,) = [row for row in clean.table.to_pylist() if row["station_id"] == code]
    return dict(row)


def with_odd(**changes: Any) -> HourRows:
    """Clean 40 good stations and an odd one, 9999."""
    return clean_hour(HOUR, [raw([*records(), record("9999", **changes)])])


def test_good_record_becomes_a_row() -> None:
    row = only(clean_hour(HOUR, [raw(records())]), "1001")
    assert row == {
        "ingested_ts": HOUR,
        "station_id": "1001",
        "name": "Quai de l'Horloge",
        "commune": "Paris",
        "arrondissement": "Paris 1er",
        "lat": 48.85,
        "lon": 2.34,
        "is_installed": True,
        "is_renting": True,
        "is_returning": True,
        "capacity": 20,
        "bikes": 8,
        "mechanical": 5,
        "ebikes": 3,
        "docks": 12,
        "fill_rate": 0.4,
        "reported_ts": datetime(2022, 6, 4, 9, 58, tzinfo=timezone.utc),
        "is_stale": False,
    }


def test_table_has_the_declared_schema() -> None:
    assert clean_hour(HOUR, [raw(records())]).table.schema.equals(TABLE_SCHEMA)


@pytest.mark.parametrize(
    ("code", "commune", "label"),
    [
        ("1001", "Paris", "Paris 1er"),
        ("2002", "Paris", "Paris 2e"),
        ("16107", "Paris", "Paris 16e"),
        ("20999", "Paris", "Paris 20e"),
        ("21000", "Paris", "Paris"),
        ("999", "Paris", "Paris"),
        ("13121", "Ivry-sur-Seine", "Ivry-sur-Seine"),
        ("31024_relais", "Montreuil", "Montreuil"),
        ("1001_relais", "Paris", "Paris"),
        ("1001", None, "Paris 1er"),
        ("relais", None, None),
    ],
)
def test_arrondissement_depends_on_commune_and_code(
    code: str, commune: str | None, label: str | None
) -> None:
    """13121 is in Ivry, not in the 13e. Without a commune, that of the code counts."""
    rows = [*records(40)[1:], record(code, nom_arrondissement_communes=commune)]
    assert only(clean_hour(HOUR, [raw(rows)]), code)["arrondissement"] == label


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, True) for word in TRUE),
        *((word, False) for word in FALSE),
        *((word, None) for word in UNKNOWN),
    ],
)
def test_flags_have_several_spellings(word: object, value: bool | None) -> None:
    assert only(with_odd(is_renting=word), "9999")["is_renting"] is value


@pytest.mark.parametrize(
    ("bikes", "docks", "rate"),
    [(8, 12, 0.4), (0, 5, 0.0), (5, 0, 1.0), (0, 0, None), (None, 5, None), (5, None, None)],
)
def test_fill_rate_is_null_if_the_sum_is_zero_or_unknown(
    bikes: int | None, docks: int | None, rate: float | None
) -> None:
    row = only(with_odd(numbikesavailable=bikes, numdocksavailable=docks), "9999")
    assert row["fill_rate"] == rate


@pytest.mark.parametrize(
    ("reported", "stale"),
    [
        ("2022-06-04T07:00:00+00:00", False),
        ("2022-06-04T06:59:59+00:00", True),
        ("2022-06-04T09:00:00+02:00", False),
        ("2022-06-05T10:00:00+00:00", False),
        ("2022-06-04T07:00:00Z", False),
        (None, True),
        ("yesterday", True),
        ("", True),
        (12, True),
    ],
)
def test_stale_means_unknown_or_over_three_hours_old(reported: object, stale: bool) -> None:
    assert only(with_odd(duedate=reported), "9999")["is_stale"] is stale


@pytest.mark.parametrize(
    ("reported", "future"),
    [
        ("2022-06-04T10:10:00+00:00", (0, 0)),
        ("2022-06-04T10:10:01+00:00", (1, 0)),
        ("2022-06-04T12:00:00", (1, 0)),
        ("2022-06-05T10:00:00Z", (1, 0)),
        ("2022-06-05T10:00:01Z", (1, 1)),
        ("2099-01-01T00:00:00Z", (1, 1)),
        ("2022-06-04T12:10:00+02:00", (0, 0)),
        (None, (0, 0)),
    ],
)
def test_reports_from_the_future_are_counted(reported: object, future: tuple[int, int]) -> None:
    """A time without a zone is UTC: local time in Paris is two hours ahead."""
    summary = with_odd(duedate=reported).summary
    assert (summary.future, summary.future_unknown) == future


def test_announced_counts_are_listed_by_raw_key() -> None:
    """An object of others may be a page of the portal."""
    page = RawObject(raw_key(at(15)), "x", b'{"total_count": 1467, "results": ' + body(records()) + b"}")
    assert clean_hour(HOUR, [raw(records()), page]).summary.announced == {page.key: 1467}


@pytest.mark.parametrize("place", ["48.85,2.34", [48.85, 2.34], None, {}, {"lat": "here", "lon": True}, 5])
def test_odd_coordinates_become_null(place: object) -> None:
    row = only(with_odd(coordonnees_geo=place), "9999")
    assert (row["lat"], row["lon"]) == (None, None)


@pytest.mark.parametrize("field", ["numbikesavailable", "numdocksavailable", "capacity", "ebike"])
@pytest.mark.parametrize(
    "value", [-1, "many", "-1", "1.5", "12 bikes", "1 2", 1.5, True, [], 2**31, "9" * 99]
)
def test_impossible_count_rejects_the_record(field: str, value: object) -> None:
    clean = with_odd(**{field: value})
    assert "9999" not in clean.table["station_id"].to_pylist()
    ((key, taken, reject),) = clean.rejects
    assert (key, taken, reject.position, reject.station_id) == (raw_key(HOUR), HOUR, 40, "9999")
    assert any(word in reject.reason for word in ("negative", "not a whole number", "too large"))


def test_null_count_stays_null() -> None:
    assert only(with_odd(numbikesavailable=None), "9999")["bikes"] is None


def test_whole_number_may_be_a_float() -> None:
    assert only(with_odd(numbikesavailable=8.0), "9999")["bikes"] == 8


@pytest.mark.parametrize("code", [None, "", "  ", 1.5, True, []])
def test_record_without_a_station_code_is_rejected(code: object) -> None:
    clean = clean_hour(HOUR, [raw([*records(), record() | {"stationcode": code}])])
    assert [reject.reason for _, _, reject in clean.rejects] == ["no station code"]


def test_records_that_are_not_objects_are_rejected() -> None:
    clean = clean_hour(HOUR, [raw([*records(99), 7, "x"])])
    assert [part.rejected for part in clean.summary.snapshots] == [2]


def test_first_of_duplicates_is_kept() -> None:
    rows = [*records(), record("9999", name="first"), record("9999", name="second")]
    clean = clean_hour(HOUR, [raw(rows)])
    assert only(clean, "9999")["name"] == "first"
    assert clean.summary.snapshots[0][1:] == (42, 41, 0, 1)


def test_station_in_two_snapshots_is_not_a_duplicate() -> None:
    clean = clean_hour(HOUR, [raw(records(), 0), raw(records(), 15)])
    assert [part.duplicates for part in clean.summary.snapshots] == [0, 0]


def test_rows_are_sorted_by_station_then_time() -> None:
    rows = [record(code) for code in ("9", "10", "31024_relais", "1001")]
    clean = clean_hour(HOUR, [raw(rows, 30), raw(rows, 0), raw(rows, 15)])
    order = [(row["station_id"], row["ingested_ts"].minute) for row in clean.table.to_pylist()]
    assert order == list(itertools.product(["10", "1001", "31024_relais", "9"], [0, 15, 30]))


def test_order_of_arrival_does_not_change_bytes() -> None:
    odd = [*records(15, numbikesavailable="x"), *records(30)[15:]]
    raws = [raw(records(), 0), raw(odd, 15), raw(records(), 30)]
    files = {
        (encode_clean(clean), encode_rejects(clean))
        for order in itertools.permutations(raws)
        for clean in [clean_hour(HOUR, order)]
    }
    assert len(files) == 1


def test_first_version_is_read() -> None:
    assert clean_hour(HOUR, [first_version(records())]).summary.snapshots[0].rows == 40


@pytest.mark.parametrize("order", ["results last", "results first", "a list follows"])
def test_hash_is_verified_at_any_position_of_the_records(order: str) -> None:
    """Other writers may order the members differently."""
    rows = json.dumps(records())
    head = {"source": "velib", "sha256": hashlib.sha256(rows.encode()).hexdigest()}
    empty: dict[str, Any] = {}
    orders: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "results last": (head, empty),
        "results first": (empty, head),
        "a list follows": (head, {"notes": [1]}),
    }
    before, after = orders[order]
    members = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in before.items()] + [f'"results": {rows}']
    members += [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in after.items()]
    stored = RawObject(raw_key(HOUR), "x", ("{" + ", ".join(members) + "}").encode())
    assert len(clean_hour(HOUR, [stored]).table) == 40


def test_two_objects_of_one_second_have_each_station_once() -> None:
    """The first version's .json and a .json.gz of the same second."""
    clean = clean_hour(HOUR, [raw(records()), first_version(records())])
    assert [part.rows for part in clean.summary.snapshots] == [40, 0]
    assert [part.duplicates for part in clean.summary.snapshots] == [0, 40]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"<html>", "not_json"),
        (b'{"results": [', "not_json"),
        (b"\x1f\x8bnot gzip", "not_gzip"),
        (b'{"results": "\xff"}', "not_utf8"),
        (b'{"rows": []}', "not_a_list"),
        (b"[]", "not_a_list"),
        (b'{"results": []}', "empty"),
        (raw([record(None)] * 40).data, "no_identity"),
        (raw([{"stationcode": "1"}]).data, "missing_field"),
        (b'{"sha256": "00", "results": [1]}', "hash_mismatch"),
        (b'{"results": 5, "more": [{}]}', "not_a_list"),
    ],
)
def test_unusable_raw_object_adds_no_rows(data: bytes, code: str) -> None:
    bad = RawObject(raw_key(at(15)), "bad", data)
    clean = clean_hour(HOUR, [raw(records()), bad])
    assert [(part.key, part.code) for part in clean.summary.quarantined] == [(bad.key, code)]
    assert len(clean.table) == 40


@pytest.mark.parametrize("rejected", [21, 40])
def test_snapshot_of_which_under_half_become_rows_is_quarantined(rejected: int) -> None:
    """The rows of the hour's other snapshots would hide it: KPIs would freeze without an error."""
    odd = [*records(rejected, numbikesavailable="douze"), *records(40)[rejected:]]
    clean = clean_hour(HOUR, [raw(records()), raw(odd, 15)])
    assert [part.rows for part in clean.summary.snapshots] == [40]
    (unusable,) = clean.summary.quarantined
    assert unusable.code == "mostly_rejected"
    assert unusable.reason == (
        f"only {40 - rejected} of 40 records become rows; at least half must "
        f"(bikes is not a whole number: {rejected})"
    )
    assert clean.rejects == []


def test_snapshot_of_which_half_become_rows_is_cleaned() -> None:
    odd = [*records(20, numbikesavailable="douze"), *records(40)[20:]]
    assert clean_hour(HOUR, [raw(odd)]).summary.snapshots[0][1:] == (40, 20, 20, 0)


def test_duplicates_count_as_records_that_become_rows() -> None:
    twins = [record()] * 10 + [record(str(n), capacity=-1) for n in range(10)]
    assert clean_hour(HOUR, [raw(twins)]).summary.snapshots[0][1:] == (20, 1, 10, 9)


def test_object_in_another_hours_folder_is_quarantined() -> None:
    stray = raw(records())._replace(key=raw_key(HOUR).replace("_100000", "_110000"))
    assert [part.code for part in clean_hour(HOUR, [stray]).summary.quarantined] == ["misfiled"]


def test_hour_without_usable_objects_is_empty() -> None:
    clean = clean_hour(HOUR, [RawObject(raw_key(HOUR), "x", b"")])
    assert (len(clean.table), clean.summary.snapshots) == (0, [])


def test_gbfs_types_are_merged_by_key() -> None:
    """`num_bikes_available_types` has one object per type, in any order."""
    row = only(clean_hour(HOUR, [raw([pair()], feed="gbfs")]), "16107")
    assert (row["mechanical"], row["ebikes"], row["bikes"], row["docks"]) == (7, 2, 9, 20)
    assert (row["is_installed"], row["is_returning"]) == (True, False)
    assert row["reported_ts"] == datetime(2022, 6, 4, 9, 58, tzinfo=timezone.utc)


@pytest.mark.parametrize("types", [{"mechanical": 3, "ebike": 2}, {"mechanical": "many"}, "3", 3, None])
def test_types_that_are_not_a_list_are_unknown(types: object) -> None:
    """A value of another JSON type is never converted, and rejects no record."""
    odd = pair(num_bikes_available_types=types)
    row = only(clean_hour(HOUR, [raw([odd], feed="gbfs")]), "16107")
    assert (row["mechanical"], row["ebikes"], row["bikes"]) == (None, None, 9)


@pytest.mark.parametrize(
    ("change", "drift"),
    [
        ({}, Drift()),
        ({"surprise": 1}, Drift(new=("surprise",))),
        ({"surprise": None}, Drift(empty=("surprise",))),
        ({"name": 7}, Drift(retyped=("name: number instead of text",))),
        ({"code_insee_commune": 75101}, Drift(retyped=("code_insee_commune: number instead of text",))),
    ],
)
def test_drift_lists_new_and_retyped_fields(change: dict[str, Any], drift: Drift) -> None:
    clean = clean_hour(HOUR, [raw([record(**change), *records(39)[1:]])])
    assert clean.summary.drift == drift


def test_field_with_values_in_any_snapshot_is_not_empty() -> None:
    clean = clean_hour(HOUR, [raw([record(surprise=None)], 0), raw([record(surprise=[1])], 15)])
    assert clean.summary.drift == Drift(new=("surprise",))


def test_drift_lists_missing_fields() -> None:
    rows = [{k: v for k, v in row.items() if k != "mechanical"} for row in records()]
    assert clean_hour(HOUR, [raw(rows)]).summary.drift.missing == ("mechanical",)


def test_deeply_nested_object_is_quarantined() -> None:
    """The JSON parser recurses on the C stack: 20,000 brackets ended the process."""
    deep = b"[" * 20_000 + b"]" * 20_000
    data = b'{"results": [{"stationcode": "1", "numbikesavailable": 1, "z": ' + deep + b"}]}"
    clean = clean_hour(HOUR, [raw(records()), RawObject(raw_key(at(15)), "x", data)])
    assert [part.code for part in clean.summary.quarantined] == ["not_json"]
    assert len(clean.table) == 40
