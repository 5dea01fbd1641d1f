"""Joining the two GBFS files: by station_id, and by stationCode where that fails."""

from __future__ import annotations

from typing import Any

import pytest

from velib_assets.ingest.gbfs_join import join_gbfs


def described(station_id: object, code: object = None, name: str = "") -> dict[str, Any]:
    return {"station_id": station_id, "stationCode": code, "name": name or f"name of {code}"}


def reported(station_id: object, code: object = None, bikes: int = 1) -> dict[str, Any]:
    return {"station_id": station_id, "stationCode": code, "bikes": bikes}


def names(information: list[Any], status: list[Any]) -> list[tuple[str | None, object]]:
    """Return (name, code in the status) of each joined record."""
    joined = join_gbfs(information, status)
    return [
        (
            pair["information"] and pair["information"]["name"],
            pair["status"] and pair["status"]["stationCode"],
        )
        for pair in joined
    ]


A, B = ("name of A", "A"), ("name of B", "B")


def test_number_and_text_are_one_id() -> None:
    assert names([described(7, "A"), described("8", "B")], [reported("8", "B"), reported("7", "A")]) == [A, B]


def test_feed_without_codes_is_joined_by_id() -> None:
    joined = join_gbfs([described(1, name="x"), described(2, name="y")], [reported(2), reported(1, bikes=9)])
    assert [(p["information"]["name"], p["status"]["bikes"]) for p in joined] == [("x", 9), ("y", 1)]


@pytest.mark.parametrize("gone", [None, "missing"])
@pytest.mark.parametrize("part", [0, 1])
def test_entry_without_an_id_is_joined_by_its_code(part: int, gone: str | None) -> None:
    parts = [described(1, "A"), described(2, "B")], [reported(1, "A"), reported(2, "B")]
    parts[part][1]["station_id"] = None
    if gone == "missing":
        del parts[part][1]["station_id"]
    assert names(*parts) == [A, B]


def test_descriptions_that_share_an_id_are_joined_by_their_codes() -> None:
    """Reported of Vélib'. Joined by id, A would be described twice and B not at all."""
    assert names([described(1, "A"), described(1, "B")], [reported(1, "A"), reported(2, "B")]) == [A, B]


def test_states_that_share_an_id_are_joined_by_their_codes() -> None:
    assert names([described(1, "A"), described(2, "B")], [reported(1, "A"), reported(1, "B")]) == [A, B]


def test_both_files_may_share_the_id() -> None:
    assert names([described(1, "A"), described(1, "B")], [reported(1, "B"), reported(1, "A")]) == [A, B]


def test_ids_of_another_numbering_are_ignored_if_the_codes_agree() -> None:
    assert names([described(1, "A"), described(2, "B")], [reported(2, "A"), reported(1, "B")]) == [A, B]


def test_code_may_be_missing_in_one_file() -> None:
    assert names([described(1, "A"), described(2, "B")], [reported(1), reported(2)]) == [
        ("name of A", None),
        ("name of B", None),
    ]


def test_code_may_be_a_number_in_one_file() -> None:
    assert names([described(1, "1001"), described(1, "1002")], [reported(1, 1002), reported(1, 1001)]) == [
        ("name of 1001", 1001),
        ("name of 1002", 1002),
    ]


def test_state_of_a_shared_id_without_a_code_stays_alone() -> None:
    """It could be of either station."""
    assert names([described(1, "A"), described(1, "B")], [reported(1)]) == [
        ("name of A", None),
        ("name of B", None),
        (None, None),
    ]


def test_entries_without_a_partner_stay_alone() -> None:
    assert names([described(1, "A"), described(1, "B")], [reported(1, "A"), reported(3, "C")]) == [
        A,
        ("name of B", None),
        (None, "C"),
    ]


def test_entries_without_any_key_stay_alone() -> None:
    odd: list[Any] = [7, "x", None, {}]
    joined = join_gbfs(odd, odd)
    assert joined == [{"information": value, "status": None} for value in odd] + [
        {"information": None, "status": value} for value in odd
    ]


def test_codes_in_two_spellings_are_joined_by_id() -> None:
    """No entry of one file has a code of the other, so the codes say nothing."""
    assert names([described(1, "0A"), described(2, "0B")], [reported(1, "A"), reported(2, "B")]) == [
        ("name of 0A", "A"),
        ("name of 0B", "B"),
    ]


def test_other_code_under_the_same_id_is_not_joined() -> None:
    states = [reported(1, "A"), reported(2, "X")]
    assert names([described(1, "A"), described(2, "B")], states) == [
        ("name of A", "A"),
        ("name of B", None),
        (None, "X"),
    ]


def test_duplicated_station_stays_duplicated() -> None:
    states = [reported(1, "A", 5), reported(1, "A", 0)]
    joined = join_gbfs([described(1, "A")], states)
    assert [(p["information"]["name"], p["status"]["bikes"]) for p in joined] == [
        ("name of A", 5),
        ("name of A", 0),
    ]
