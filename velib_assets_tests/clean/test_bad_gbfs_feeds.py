"""Feeds that break GBFS in ways that real ones do: what becomes of them is clear, and nothing is lost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from velib_assets.clean.hour import HourRows, clean_hour
from velib_assets.clean.hour_result import SnapshotCount
from velib_assets.ingest.response import UnusableError
from velib_assets.stations.register import Register
from velib_assets_tests.clean.gbfs_snapshots import (
    HOUR,
    NETWORK,
    REPORTED,
    VEHICLE_TYPES,
    clean,
    file,
    information,
    raw_object,
    row,
    rows,
    stations,
    status,
)


def counts(cleaned: HourRows) -> SnapshotCount:
    """Return the counts of the only snapshot, in which every record is accounted for."""
    (only,) = cleaned.summary.snapshots
    assert only.records == only.rows + only.rejected + only.duplicates
    assert only.rows == cleaned.summary.rows == len(cleaned.table)
    return only


def refusal(*files: Any) -> str:
    """Return the code with which ingest refuses a feed."""
    with pytest.raises(UnusableError) as refused:
        raw_object(*files)
    assert "\n" not in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("written", [-(10**10), -62135596800, -(2**63), -(10**30), -1e308])
def test_hugely_negative_report_makes_a_stale_row(written: float) -> None:
    cleaned = clean([information()], [status(last_reported=written)])
    found = rows(cleaned)["5288"]
    assert found["is_stale"]
    assert found["reported_ts"] is None or found["reported_ts"].year < 1971
    assert counts(cleaned).rows == 1


def test_report_in_the_far_future_is_unknown_and_counted() -> None:
    cleaned = clean([information()], [status(last_reported=REPORTED + 10**9)])
    assert rows(cleaned)["5288"]["reported_ts"] is None
    assert cleaned.summary.future_unknown == 1


def test_unreadable_report_is_counted() -> None:
    cleaned = clean([information()], [status(last_reported="28/02/2025 10:02")])
    assert rows(cleaned)["5288"]["is_stale"]
    summary = cleaned.summary
    assert (summary.unreadable_times, summary.unreadable_time) == (1, '"28/02/2025 10:02"')


def test_milliseconds_and_texts_are_the_times_that_they_mean() -> None:
    written = [REPORTED, REPORTED * 1000, str(REPORTED), "2025-02-28T10:02:00+01:00"]
    cleaned = clean([], [status(str(n), last_reported=time) for n, time in enumerate(written)])
    assert len({found["reported_ts"] for found in rows(cleaned).values()}) == 1


def test_duplicate_id_keeps_the_last_report() -> None:
    twice = [status(num_bikes_available=1), status(num_bikes_available=2, last_reported=REPORTED + 60)]
    cleaned = clean([information()], [*twice, status("other")])
    assert rows(cleaned)["5288"]["bikes"] == 2
    assert (counts(cleaned).records, counts(cleaned).rows, counts(cleaned).duplicates) == (3, 2, 1)
    assert cleaned.summary.differing == {"5288": 1}


def test_one_id_for_seven_stations_is_one_row_and_six_duplicates() -> None:
    described = [information("x:null", name=f"Station {n}") for n in range(7)]
    reported = [status("x:null", num_bikes_available=n) for n in range(7)]
    cleaned = clean(described, reported)
    assert (counts(cleaned).records, counts(cleaned).rows, counts(cleaned).duplicates) == (7, 1, 6)
    found = rows(cleaned)["x:null"]
    assert found["name"] == f"Station {found['bikes']}"  # the description of the same entry


def test_every_station_twice_changes_no_row() -> None:
    described, reported = stations(30)
    once, twice = clean(described, reported), clean(described * 2, reported * 2)
    assert twice.table.equals(once.table)
    assert (counts(twice).records, counts(twice).duplicates) == (60, 30)
    assert twice.summary.differing == {}


@pytest.mark.parametrize("written", [[], [{}], [{"language": "fr"}], {}, None, "", "null"])
def test_station_without_a_name_gets_that_of_the_register(written: Any) -> None:
    register = Register()
    register.learn(clean([information()], [status()], 0).sights, lambda _: None)
    cleaned = clean([information(name=written)], [status()], register=register)
    assert rows(cleaned)["5288"]["name"] == "Calende"
    assert cleaned.summary.described == 1


@pytest.mark.parametrize("version", ["v3.0", None, "", 3, "9.9", "3.0", "1.0"])
def test_said_version_changes_no_row(version: object) -> None:
    described, reported = stations(5)
    members = {} if version is None else {"version": version}
    files = [file({"stations": entries}, **members) for entries in (described, reported)]
    assert clean(files[0], files[1]).table.equals(clean(described, reported).table)


def test_stations_wrapped_in_a_response_of_a_client() -> None:
    described, reported = stations(5)
    wrapped = [
        json.dumps({"data": json.loads(file({"stations": entries})), "headers": {}, "status": 200}).encode()
        for entries in (described, reported)
    ]
    assert clean(wrapped[0], wrapped[1]).table.equals(clean(described, reported).table)


@pytest.mark.parametrize(
    "changes", [{"lat": None, "lon": None}, {"lat": 0, "lon": 0}, {"lat": 0.0001, "lon": 0}]
)
def test_station_without_a_position_has_none(changes: dict[str, Any]) -> None:
    described, reported = stations(5)
    described[2] = {**described[2], **changes}
    cleaned = clean(described, reported)
    assert (rows(cleaned)["s3"]["lat"], rows(cleaned)["s3"]["lon"]) == (None, None)
    assert (counts(cleaned).rows, cleaned.summary.undescribed) == (5, 1)


def test_swapped_coordinates_are_put_right() -> None:
    described, reported = stations(20)
    for entry in described[::4]:
        entry["lat"], entry["lon"] = entry["lon"], entry["lat"]
    assert clean(described, reported).table.equals(clean(*stations(20)).table)


@pytest.mark.parametrize("entries", [[], None])
def test_feed_without_stations_is_refused(entries: Any) -> None:
    described, _ = stations(3)
    assert refusal(described, file({"stations": entries})) in {"empty", "not_a_list"}


def test_html_is_refused() -> None:
    assert refusal(b"<html><body>Maintenance</body></html>", file({"stations": [status()]})) == "not_json"


def test_999_docks_are_unknown() -> None:
    described, reported = stations(3)
    reported[1]["num_docks_available"] = 999
    found = rows(clean(described, reported))
    assert [found[key]["docks"] for key in ("s1", "s2", "s3")] == [4, None, 4]
    assert [found[key]["fill_rate"] for key in ("s1", "s2", "s3")] == [0.6, None, 0.6]


def test_999_docks_everywhere_are_a_feed_without_docks() -> None:
    described, reported = stations(3)
    for entry in reported:
        entry["num_docks_available"] = 999
    found = rows(clean(described, reported))
    assert {(each["docks"], each["fill_rate"]) for each in found.values()} == {(None, 0.6)}


def test_unknown_types_are_no_zeros() -> None:
    zeros = [{"vehicle_type_id": each["vehicle_type_id"], "count": 0} for each in VEHICLE_TYPES]
    strange = [{"vehicle_type_id": "unheard-of", "count": 6}]
    for types in (zeros, strange):
        found = row(information(), status(vehicle_types_available=types))
        assert (found["bikes"], found["mechanical"], found["ebikes"]) == (6, None, None)


def test_types_as_an_object() -> None:
    types = {"electric": 2, "smart": 1, "classic": 3}
    found = row(information(), status(num_bikes_available_types=types))
    assert (found["mechanical"], found["ebikes"]) == (4, 2)


def test_feed_that_says_of_no_station_that_it_is_installed() -> None:
    described, reported = stations(4)
    for entry in reported:
        for name in ("is_installed", "is_renting", "is_returning"):
            del entry[name]
    cleaned = clean(described, reported)
    assert cleaned.table.equals(clean(*stations(4)).table)
    missing = ("status.is_installed", "status.is_renting", "status.is_returning")
    assert cleaned.summary.drift.missing == missing


def test_one_station_that_does_not_say_whether_it_is_installed() -> None:
    described, reported = stations(2)
    del reported[0]["is_installed"]
    assert rows(clean(described, reported))["s1"]["is_installed"] is None


@pytest.mark.parametrize("written", ["closed", 2, -1, [True], "1.0"])
def test_flag_that_no_station_says_readably_is_unknown_and_drift(written: Any) -> None:
    """It is not the same as a flag that the feed leaves out, which is true."""
    described, reported = stations(4)
    for entry in reported:
        entry["is_renting"] = written
    cleaned = clean(described, reported)
    assert {found["is_renting"] for found in rows(cleaned).values()} == {None}
    assert "status.is_renting: no value means yes or no" in cleaned.summary.drift.retyped


@pytest.mark.parametrize("written", [None, "", " ", [], {}, float("nan")])
def test_flag_that_says_nothing_at_any_station_is_true(written: Any) -> None:
    described, reported = stations(4)
    for entry in reported:
        entry["is_renting"] = written
    assert clean(described, reported).table.equals(clean(*stations(4)).table)


@pytest.mark.parametrize("key", [float("nan"), float("inf")])
def test_number_that_is_none_is_no_station_id(key: float) -> None:
    described, reported = stations(40)
    cleaned = clean(described, [*reported, status(key)])
    assert set(rows(cleaned)) == {found["station_id"] for found in reported}
    assert cleaned.summary.rejected == {"no station code": 1}


def test_halves_of_two_versions() -> None:
    _, reported = stations(3)
    described = [information(f"s{n}", name=[{"text": f"Gare {n}", "language": "fr"}]) for n in (1, 2, 3)]
    reported[1] = status(
        "s2", num_bikes_available=None, num_vehicles_available=6, last_reported="2025-02-28T09:02:00Z"
    )
    reported[2] = status("s3", is_installed=1, is_renting=1, is_returning=1)
    cleaned = clean(described, reported)
    found = [{**each, "station_id": "", "name": ""} for each in rows(cleaned).values()]
    assert found[0] == found[1] == found[2]
    assert [each["name"] for each in rows(cleaned).values()] == ["Gare 1", "Gare 2", "Gare 3"]


def test_status_without_a_description_is_described_by_the_register() -> None:
    described, reported = stations(5)
    register = Register()
    register.learn(clean(described, reported, 0).sights, lambda _: None)
    cleaned = clean(described[1:], reported, register=register)
    alone = clean(described[1:], reported)
    assert cleaned.table.equals(clean(described, reported).table)
    assert (rows(alone)["s1"]["name"], alone.summary.undescribed) == (None, 1)


def test_description_without_a_status_is_no_row_and_counted() -> None:
    described, reported = stations(10)
    cleaned = clean(described, reported[:2])
    assert list(rows(cleaned)) == ["s1", "s2"]
    assert (counts(cleaned).records, counts(cleaned).rejected) == (10, 8)
    assert cleaned.summary.rejected == {"no status": 8}


def test_country_of_5000_stations() -> None:
    area = {"type": "MultiPolygon", "coordinates": [[[[8.0, 50.0]] * 30]]}
    described, reported = stations(5000)
    described = [
        {**entry, "lat": 47.5 + n % 70 / 10, "lon": 6 + n // 70 / 10, "station_area": area}
        for n, entry in enumerate(described)
    ]
    cleaned = clean(described, reported)
    assert (counts(cleaned).rows, cleaned.summary.undescribed) == (5000, 0)
    first, last = rows(cleaned)["s1"], rows(cleaned)["s5000"]
    assert (first["lat"], first["lon"], last["lat"]) == (47.5, 6.0, described[-1]["lat"])


def test_feed_silent_for_months_is_stale_although_it_says_that_it_was_updated() -> None:
    described, reported = stations(5)
    ago = int((HOUR - timedelta(days=90)).timestamp())
    cleaned = clean(described, [{**entry, "last_reported": ago} for entry in reported])
    assert cleaned.summary.stale == counts(cleaned).rows == 5


def test_optional_fields_are_no_drift() -> None:
    bare = [{"station_id": "s1", "name": "Gare", "lat": 49.44, "lon": 1.09}]
    reported = [status("s1", num_docks_available=None, _vendor_says="hello")]
    cleaned = clean(bare, reported)
    assert not any(cleaned.summary.drift)
    assert (rows(cleaned)["s1"]["fill_rate"], cleaned.summary.undescribed) == (None, 0)


def test_feed_that_renames_its_bikes_is_refused() -> None:
    described, reported = stations(3)
    for entry in reported:
        entry["bikes_free"] = entry.pop("num_bikes_available")
    assert refusal(described, reported) == "missing_field"


def test_feed_without_ids_is_refused() -> None:
    described, reported = stations(3)
    assert refusal(described, [{**entry, "station_id": None} for entry in reported]) == "no_identity"


def test_snapshots_of_an_hour_have_docks_or_not_each_for_itself() -> None:
    described, reported = stations(2)
    without = [
        {name: value for name, value in entry.items() if name != "num_docks_available"} for entry in reported
    ]
    hour = clean_hour(
        HOUR, [raw_object(described, reported, 0), raw_object(described, without, 15)], network=NETWORK
    )
    rates = {
        (found["ingested_ts"].minute, found["docks"], found["fill_rate"]) for found in hour.table.to_pylist()
    }
    assert rates == {(0, 4, 0.6), (15, None, 0.6)}


def test_rows_do_not_depend_on_the_order_of_stations() -> None:
    described, reported = stations(30)
    assert clean(described[::-1], reported[::-1]).table.equals(clean(described, reported).table)
