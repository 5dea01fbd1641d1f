"""Two records of one station in a snapshot: which one becomes the row, and whether they differ."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from velib_assets.clean.clean_file import encode_clean
from velib_assets.clean.hour import HourRows, RawObject, clean_hour
from velib_assets_tests.samples import HOUR, first_version, pair, raw, record, records

EARLY, LATE = "2022-06-04T09:50:00+00:00", "2022-06-04T09:58:00+00:00"


def cleaned(*twins: dict[str, Any]) -> HourRows:
    """Clean 40 stations and records of the station 9999."""
    return clean_hour(HOUR, [raw([*records(), *(record("9999", **twin) for twin in twins)])])


def kept(clean: HourRows) -> str:
    """Return the name in the station's only row."""
    (name,) = [row["name"] for row in clean.table.to_pylist() if row["station_id"] == "9999"]
    return str(name)


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ({"duedate": LATE}, {"duedate": EARLY}),
        ({"duedate": LATE, "is_installed": "NON"}, {"duedate": EARLY}),
        ({"duedate": EARLY}, {"duedate": None}),
        ({"duedate": EARLY}, {"duedate": "2023-06-04T09:58:00+00:00"}),
        ({"is_installed": "OUI"}, {"is_installed": "NON"}),
        ({"is_installed": "OUI"}, {"is_installed": None}),
        ({"duedate": None, "is_installed": "OUI"}, {"duedate": None, "is_installed": "NON"}),
    ],
    ids=str,
)
def test_last_report_is_kept_then_the_installed_one(best: dict[str, Any], other: dict[str, Any]) -> None:
    """A dead twin of a station has nothing to lend. A report of next year says nothing."""
    twins = ({**best, "name": "best"}, {**other, "name": "other"})
    for order in itertools.permutations((*twins, {**other, "name": "third"})):
        clean = cleaned(*order)
        assert kept(clean) == "best"
        assert clean.summary.snapshots[0][1:] == (43, 41, 0, 2)
        assert clean.summary.differing == {"9999": 1}


def test_first_of_equally_good_records_is_kept() -> None:
    clean = cleaned({"name": "first"}, {"name": "second"}, {"name": "third"})
    assert (kept(clean), clean.summary.differing) == ("first", {"9999": 1})


def test_identical_records_do_not_differ() -> None:
    """Null is equal to null, and a field that fills no column does not count."""
    twin: dict[str, Any] = {"capacity": None, "duedate": None}
    clean = cleaned(twin, {**twin, "code_insee_commune": "75101"})
    assert clean.summary.snapshots[0].duplicates == 1
    assert clean.summary.differing == {}


def test_null_differs_from_a_value() -> None:
    assert cleaned({"capacity": None}, {"capacity": 20}).summary.differing == {"9999": 1}


def test_a_station_in_two_snapshots_does_not_differ() -> None:
    clean = clean_hour(HOUR, [raw(records()), raw([*records(), record()], 15), raw(records(capacity=1), 30)])
    assert clean.summary.differing == {}


def test_snapshots_are_counted_per_station() -> None:
    odd = [*records(), record("1001", capacity=1), record("1001", capacity=2), record("1002", capacity=1)]
    clean = clean_hour(HOUR, [raw(odd, 0), raw(odd[:41], 15), raw(records(), 30)])
    assert clean.summary.differing == {"1001": 2, "1002": 1}


def test_order_of_arrival_of_two_objects_of_one_second_does_not_matter() -> None:
    """Each has the newer report of one station."""
    old, new = {"duedate": EARLY}, {"duedate": LATE}
    raws: list[RawObject] = [
        raw([*records(), record("8888", **new), record("9999", **old)]),
        first_version([*records(), record("8888", **old), record("9999", **new)]),
        raw(records(), 15),
    ]
    cleans = [clean_hour(HOUR, order) for order in itertools.permutations(raws)]
    assert len({encode_clean(clean) for clean in cleans}) == 1
    assert {str(clean.summary.differing) for clean in cleans} == {"{'8888': 1, '9999': 1}"}
    rows = [row for row in cleans[0].table.to_pylist() if row["station_id"] in ("8888", "9999")]
    assert [f"{row['reported_ts']:%H:%M}" for row in rows] == ["09:58", "09:58"]


def test_live_twin_of_a_gbfs_station_is_kept() -> None:
    dead = pair("16107", last_reported=1654250280, is_installed=0, num_bikes_available=0)
    live = pair("16107")
    for twins in ([dead, live], [live, dead]):
        (row,) = clean_hour(HOUR, [raw(twins, feed="gbfs")]).table.to_pylist()
        assert (row["bikes"], row["is_installed"]) == (9, True)
