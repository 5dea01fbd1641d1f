"""The findings: when a check fails, and with which message."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from velib_assets.clean.hour_result import SnapshotCount
from velib_assets.clean.typed_snapshot import Drift
from velib_assets.defs import checks
from velib_assets.query.engine import KpiState, QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets_tests.samples import HOUR

KEY = "raw/source=velib/date=2022-06-04/hour=10/velib_20220604_100000.json.gz"


def counted(records: int, rows: int = 0, rejected: int = 0, duplicates: int = 0) -> SnapshotCount:
    return SnapshotCount(KEY, records, rows, rejected, duplicates)


def test_run_without_a_usable_snapshot_gives_the_reason() -> None:
    finding = checks.usable_snapshot(0, ["only 0 of 1,413 records carry a station code"])
    assert (finding.passed, "only 0 of 1,413" in finding.message) == (False, True)


def test_error_fails_whatever_is_stored() -> None:
    assert not checks.usable_snapshot(3, [], "HTTP 503 after 4 tries").passed


def test_partial_is_relative_to_the_median() -> None:
    assert not checks.partial_snapshot([counted(319)], [400, 400, 400]).passed
    assert checks.partial_snapshot([counted(320)], [400, 400, 400]).passed


def test_message_contains_file_and_count_of_a_partial_snapshot() -> None:
    finding = checks.partial_snapshot([counted(987)], [1413, 1414, 1412])
    assert finding.message == "velib_20220604_100000.json.gz has 987 records where at least 1,130 are usual"


def test_partial_snapshot_is_found_in_the_first_hour() -> None:
    assert not checks.partial_snapshot([counted(1450), counted(290)], []).passed


def test_fewer_records_than_announced_are_partial_in_the_first_hour() -> None:
    finding = checks.partial_snapshot([counted(100)], [], {KEY: 1467})
    assert (finding.passed, finding.facts["faults"]) == (False, 1)
    assert finding.message == ("velib_20220604_100000.json.gz has 100 records where the feed announced 1,467")
    assert not checks.partial_snapshot([counted(1466)], [1466] * 9, {KEY: 1467}).passed
    assert checks.partial_snapshot([counted(1467)], [], {KEY: 1467}).passed
    assert checks.partial_snapshot([counted(100)], [], {"another key": 1467}).passed


def test_station_register_gives_the_expected_number_without_a_past() -> None:
    finding = checks.partial_snapshot([counted(1000)], [], expected=1467)
    assert finding.message == (
        "velib_20220604_100000.json.gz has 1,000 records "
        "where the station register has 1,467 stations: at least 1,174 are expected"
    )
    assert checks.partial_snapshot([counted(1174)], [], expected=1467).passed
    assert checks.partial_snapshot([counted(5)], [], expected=0).passed


def test_feed_that_is_partial_for_a_day_stays_partial_by_the_register() -> None:
    """The median of the 24 hours before is as small as the snapshot."""
    assert not checks.partial_snapshot([counted(100)], [100] * 96, expected=1467).passed


def test_status_of_a_few_stations_of_many_that_are_described_is_partial() -> None:
    finding = checks.partial_snapshot([counted(40, 31, 9)], [40, 40, 40], expected=40, by_rows=True)
    assert finding.message.endswith(".json.gz has 31 rows where at least 32 are usual")
    assert checks.partial_snapshot([counted(40, 32, 8)], [40, 40, 40], expected=40, by_rows=True).passed
    assert not checks.partial_snapshot([counted(40, 40), counted(40, 8, 32)], [], by_rows=True).passed
    assert not checks.partial_snapshot([counted(31, 31)], [], expected=40, by_rows=True).passed


def test_message_contains_reasons_and_path_of_rejected_rows() -> None:
    reasons = {"bikes is negative": 2, "no station code": 1}
    finding = checks.rejected_rows(reasons, [counted(40, 37, 3)], "/lake/rejects.parquet")
    assert finding.message == (
        "3 of 40 records were rejected (bikes is negative: 2, no station code: 1); see /lake/rejects.parquet"
    )


def test_first_snapshot_is_never_partial() -> None:
    assert checks.partial_snapshot([counted(5)], []).passed


def test_conservation_fails_when_a_record_is_lost() -> None:
    assert checks.conservation([counted(42, 40, 1, 1)], 40).passed
    assert not checks.conservation([counted(42, 40, 1, 0)], 40).passed
    assert not checks.conservation([counted(42, 40, 1, 1)], 39).passed


def test_stale_share_above_the_limit_fails() -> None:
    assert checks.stale_stations(15, 100).passed
    assert not checks.stale_stations(16, 100).passed


def test_unreadable_times_are_not_called_stale() -> None:
    assert checks.stale_stations(100, 100, unreadable=100).passed
    assert not checks.stale_stations(110, 400, unreadable=50).passed
    finding = checks.readable_times(1485, '"hier"')
    assert (finding.passed, finding.facts["faults"]) == (False, 1485)
    assert finding.message == '1,485 reported times cannot be read: "hier"'
    assert checks.readable_times(0).passed


def test_drift_lists_each_kind() -> None:
    finding = checks.schema_drift(Drift(("ebike",), ("electric",), ("name: number where text is declared",)))
    assert finding.message == ("missing: ebike; new: electric; retyped: name: number where text is declared")


def test_known_drift_passes_and_says_since_when() -> None:
    preceding = {HOUR - timedelta(hours=n): Drift(new=("electric",)) for n in (5, 3)}
    finding = checks.schema_drift(Drift(new=("electric",)), preceding)
    assert finding.passed
    assert finding.message == "no difference is new; since 2022-06-04T05: electric (new)"


@pytest.mark.parametrize(
    "drift", [Drift(missing=("ebike",)), Drift(retyped=("ebike: text instead of number",))]
)
def test_missing_and_retyped_fields_fail_when_they_first_appear(drift: Drift) -> None:
    assert not checks.schema_drift(drift, {HOUR - timedelta(hours=1): Drift()}).passed
    assert checks.schema_drift(drift, {HOUR - timedelta(hours=1): drift}).passed


def test_further_drift_fails_again() -> None:
    preceding = {HOUR - timedelta(hours=1): Drift(new=("electric",))}
    finding = checks.schema_drift(Drift(new=("colour", "electric")), preceding)
    assert (finding.passed, finding.facts) == (False, {"faults": 1})
    assert finding.message == "new: colour; since 2022-06-04T09: electric (new)"


def test_field_that_is_null_everywhere_is_no_fault() -> None:
    finding = checks.schema_drift(Drift(empty=("station_opening_hours",)))
    assert (finding.passed, finding.facts) == (True, {"faults": 0})
    assert finding.message == "the fields are as declared; null everywhere: station_opening_hours"


def test_only_a_past_hour_can_be_incomplete() -> None:
    assert checks.complete_hour(1, 2).passed
    assert not checks.complete_hour(3, 4).passed
    assert checks.complete_hour(4, 4).passed


def test_view_with_other_columns_fails() -> None:
    view = VIEWS[0]
    names = [column.name for column in view.schema]
    states = [KpiState(False, pa.table({name: [] for name in order}), {}) for order in (names, names[::-1])]
    assert [checks.view_answers(view, state).passed for state in states] == [True, False]
    assert checks.view_answers(view, QueryError("boom")).message == "the query failed: boom"


def test_first_check_of_an_hourly_asset_reports_an_hour_that_was_not_written() -> None:
    first = [checks.specs_of(asset)[0].name for asset in ("raw_snapshot", "clean_stations", "source_velib")]
    assert first == ["usable_snapshot", "readable_raw", "table_schema"]
