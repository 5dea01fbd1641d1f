"""Findings: when something is wrong, and in what words."""

from __future__ import annotations

from velib_assets.defs import findings

KEY = "raw/source=velib/date=2022-06-04/hour=10/velib_20220604_100000.json.gz"


def test_a_run_that_brought_nothing_usable_says_why() -> None:
    found = findings.usable_snapshot(0, ["only 0 of 1,413 records carry a station code"])
    assert (found.passed, "only 0 of 1,413" in found.message) == (False, True)


def test_trouble_outweighs_what_was_stored_before() -> None:
    assert not findings.usable_snapshot(3, [], "HTTP 503 after 4 tries").passed


def test_partial_compares_with_the_median_not_with_a_constant() -> None:
    assert not findings.partial_snapshot([(KEY, 319)], [400, 400, 400]).passed
    assert findings.partial_snapshot([(KEY, 320)], [400, 400, 400]).passed


def test_a_partial_snapshot_is_named_with_its_count() -> None:
    found = findings.partial_snapshot([(KEY, 987)], [1413, 1414, 1412])
    assert found.message == "velib_20220604_100000.json.gz has 987 records where at least 1,130 are usual"


def test_a_partial_snapshot_is_seen_within_a_first_hour_too() -> None:
    assert not findings.partial_snapshot([(KEY, 1450), (KEY, 290)], []).passed


def test_rejected_rows_are_told_with_their_reasons_and_their_place() -> None:
    found = findings.rejected_rows(
        {"bikes is negative": 2, "no station code": 1}, 40, "/lake/rejects.parquet"
    )
    assert found.message == (
        "3 of 40 records were rejected (bikes is negative: 2, no station code: 1); see /lake/rejects.parquet"
    )


def test_the_first_snapshot_ever_has_nothing_to_compare_with() -> None:
    assert findings.partial_snapshot([(KEY, 5)], []).passed


def test_conservation_holds_only_when_every_record_is_accounted_for() -> None:
    assert findings.conservation([(KEY, 42, 40, 1, 1)], 40).passed
    assert not findings.conservation([(KEY, 42, 40, 1, 0)], 40).passed
    assert not findings.conservation([(KEY, 42, 40, 1, 1)], 39).passed


def test_stale_share_over_the_limit_warns() -> None:
    assert findings.stale_stations(15, 100).passed
    assert not findings.stale_stations(16, 100).passed


def test_drift_names_each_kind() -> None:
    found = findings.schema_drift(["ebike"], ["electric"], ["name: number where text is declared"])
    assert found.message == ("missing: ebike; new: electric; retyped: name: number where text is declared")


def test_only_a_closed_hour_can_be_incomplete() -> None:
    assert findings.complete_hour(1, 2).passed
    assert not findings.complete_hour(3, 4).passed
    assert findings.complete_hour(4, 4).passed


def test_a_view_with_other_columns_does_not_pass() -> None:
    assert not findings.view_answers(["a", "b"], ["b", "a"]).passed
    assert findings.view_answers(["a"], None, "boom").message == "the query failed: boom"
