"""What each fault does to a good response, and which responses it affects."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets.simulator.faults import FAULTS, Fault, parse_faults, select_fault
from velib_assets.simulator.simulator import Simulator

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
GOOD = Simulator(stations=300).fetch(AT).bodies["body"]
COUNT = 300
Records = list[dict[str, Any]]

UNUSABLE = {
    "empty": "empty",
    "html": "not_json",
    "truncated": "not_json",
    "invalid_utf8": "not_utf8",
    "not_a_list": "not_a_list",
    "no_results": "not_a_list",
    "no_identity": "no_identity",
    "renamed_field": "missing_field",
    "mostly_rejected": "mostly_rejected",
}


def counts_of(records: Records) -> list[object]:
    return [record["numbikesavailable"] for record in records]


def audited(body: bytes) -> Records:
    """The records of a response that ingest stores."""
    records = decode(FeedResponse("simulator", {"body": body})).records
    audit(records, "simulator")
    return records


USABLE: dict[str, Callable[[Records], bool]] = {
    "partial": lambda records: len(records) == COUNT // 5,
    "first_page": lambda records: len(records) == COUNT // 5,
    "duplicates": lambda records: (
        len(records) == COUNT * 11 // 10 and len({r["stationcode"] for r in records}) == COUNT
    ),
    "differing_duplicates": lambda records: (
        [r["stationcode"] for r in records[: COUNT // 10]]
        == [r["stationcode"] for r in records[COUNT // 10 :: 10]]
        and {r["is_installed"] for r in records[: COUNT // 10]} == {"NON"}
    ),
    "null_counts": lambda records: counts_of(records).count(None) == COUNT // 10,
    "negative_counts": lambda records: (
        sum(r["numbikesavailable"] < 0 and r["ebike"] < 0 for r in records) == COUNT // 10
    ),
    "textual_counts": lambda records: counts_of(records).count("douze") == COUNT // 10,
    "textual_dates": lambda records: (
        sum(not r["duedate"].startswith("2026-") for r in records) == COUNT // 10
    ),
    "missing_dates": lambda records: (
        [sum("duedate" not in r for r in records), sum(r.get("duedate", 0) is None for r in records)]
        == [COUNT // 20, COUNT // 20]
    ),
    "no_descriptions": lambda records: all(
        r["stationcode"] and r["name"] is None and r["coordonnees_geo"] is None for r in records
    ),
    "counts_as_text": lambda records: (
        all(str(value).isdigit() for value in counts_of(records))
        and all(isinstance(value, str) for value in counts_of(records))
    ),
    "coordinates_text": lambda records: all(str(r["coordonnees_geo"]).startswith("48.") for r in records),
    "coordinates_list": lambda records: all(isinstance(r["coordonnees_geo"], list) for r in records),
    "huge_name": lambda records: len(records[0]["name"].encode()) >= 2_000_000,
    "future": lambda records: (
        sum(datetime.fromisoformat(r["duedate"]) > AT + timedelta(minutes=10) for r in records) > COUNT // 2
    ),
    "frozen": lambda records: all(
        (r["numbikesavailable"], r["duedate"][14:19]) == (r["capacity"] // 2, "00:00") for r in records
    ),
    "stale": lambda records: all(
        AT - datetime.fromisoformat(r["duedate"]) > timedelta(hours=3) for r in records
    ),
}


def test_each_fault_is_tested() -> None:
    """A new fault needs a line in UNUSABLE or USABLE."""
    assert sorted([*UNUSABLE, *USABLE]) == sorted(FAULTS)


@pytest.mark.parametrize(("name", "code"), UNUSABLE.items())
def test_fault_of_the_whole_response_makes_it_unusable(name: str, code: str) -> None:
    """Decoding or the audit refuses the response, with this code."""
    with pytest.raises(UnusableError) as caught:
        audited(FAULTS[name](GOOD))
    assert caught.value.code == code


@pytest.mark.parametrize("name", USABLE)
def test_fault_of_records_leaves_the_response_usable(name: str) -> None:
    """The clean step and the checks handle the bad records; the good ones must not be lost with them."""
    records = audited(FAULTS[name](GOOD))
    assert USABLE[name](records)
    assert not USABLE[name](json.loads(GOOD))


def test_no_identity_keeps_counts_and_the_number_of_rows() -> None:
    """Three real snapshots had this fault, which a row count does not detect."""
    broken, good = json.loads(FAULTS["no_identity"](GOOD)), json.loads(GOOD)
    assert counts_of(broken) == counts_of(good)
    assert {r["nom_arrondissement_communes"] for r in broken} == {None}


def test_frozen_feed_repeats_itself_within_an_hour() -> None:
    later = Simulator(stations=300).fetch(AT + timedelta(minutes=30)).bodies["body"]
    assert FAULTS["frozen"](GOOD) == FAULTS["frozen"](later)
    assert later != GOOD


def test_first_page_announces_all_stations() -> None:
    """A client that reads one page of the portal's `/records` gets 100 of 1,467 stations."""
    page = json.loads(FAULTS["first_page"](GOOD))
    assert (page["total_count"], len(page["results"])) == (COUNT, COUNT // 5)


def test_three_forms_of_a_fault_are_parsed() -> None:
    """Blanks are ignored."""
    assert parse_faults(" empty, html=0.02 ,partial@2026-11-23T10:29,") == (
        Fault("empty"),
        Fault("html", 0.02),
        Fault("partial", slot=AT),
    )


def test_empty_setting_has_no_fault() -> None:
    assert parse_faults("") == ()


@pytest.mark.parametrize(
    "spec",
    ["nonsense", "html=2", "html=-1", "html=", "html=1e999", "html@today", "html@2026-13-01T00:00"],
)
def test_wrong_fault_is_reported_with_all_fault_names(spec: str) -> None:
    """The message is one line with the wrong part."""
    with pytest.raises(ValueError, match="no_identity") as caught:
        parse_faults(f"empty,{spec}")
    assert spec in str(caught.value)
    assert "\n" not in str(caught.value)


def test_share_affects_about_that_many_snapshots() -> None:
    """They are spread over time."""
    faults = parse_faults("html=0.2")
    slots = [AT + timedelta(minutes=15 * n) for n in range(1000)]
    hits = [select_fault(faults, 1, slot) is not None for slot in slots]
    assert 150 < sum(hits) < 250


def test_share_always_affects_the_same_snapshots() -> None:
    """A retried tick and a restored hour have the same fault; another seed has other ones."""
    faults = parse_faults("html=0.5")
    slots = [AT + timedelta(minutes=15 * n) for n in range(64)]
    hits = [[select_fault(faults, seed, slot) is not None for slot in slots] for seed in (1, 1, 2)]
    assert hits[0] == hits[1] != hits[2]


def test_slot_is_affected_at_every_second() -> None:
    """Its neighbours are not."""
    faults = parse_faults("html@2026-11-23T10:15")
    times = [AT - timedelta(seconds=1), AT, AT + timedelta(seconds=899), AT + timedelta(minutes=15)]
    assert [select_fault(faults, 1, at) is not None for at in times] == [False, True, True, False]


def test_first_fault_of_the_setting_wins() -> None:
    """Two faults at once would be hard to recognise."""
    assert select_fault(parse_faults("empty,html"), 1, AT) is FAULTS["empty"]
