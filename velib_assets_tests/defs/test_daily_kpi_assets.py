"""The assets of the daily KPIs: what a run over days stores, marks, checks and alerts."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.defs import checks as findings
from velib_assets.defs import daily_kpi_assets
from velib_assets.defs.daily_plan import plan_days
from velib_assets.lake import network
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import daily_kpi_key, hours_of_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.lake.local_days import local_days_overlapping, utc_days_overlapped
from velib_assets.query.daily_file import read_daily_rows
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_store import DailyKpiResult, store_daily_kpis
from velib_assets.query.engine import QueryError
from velib_assets_tests.defs.daily_runs import checks, failed, run_days, written
from velib_assets_tests.history.days import DAY, add_late, fill_day

NAMES = [kpi.name for kpi in DAILY_KPIS]


@pytest.fixture
def store(lake: Path) -> FolderStore:
    return FolderStore(lake)


def green(instance: dg.DagsterInstance, name: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(name))


def test_day_is_stored_after_its_history_in_one_run(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, per_hour=4)
    result = run_days(lake, instance, DAY)
    assert result.success
    for name in NAMES:
        facts = written(result)[name, "2022-06-04"]
        path = lake / daily_kpi_key(name, DAY)
        assert (facts["file"], facts["bytes"]) == (str(path), path.stat().st_size)
        assert facts["dagster/table_name"] == f"velib_db_tf.{name}"
        assert checks(result)[name, "day_computed", "2022-06-04"].passed
    assert written(result)["kpi_daily_station", "2022-06-04"]["stations"] == 3
    assert written(result)["kpi_daily_network", "2022-06-04"]["coverage"] == pytest.approx(88 / 96)
    doubts = {"within_capacity", "equal_bike_types"}  # the helper changes `bikes` alone
    assert {check for _, check, _ in failed(result)} == doubts


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "Pacific/Kiritimati", "UTC"])
def test_local_days_are_stored_with_the_last_utc_day_that_they_overlap(
    zone: str, lake: Path, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """West of Greenwich a local day waits for the history of the next UTC day, whose run stores it."""
    monkeypatch.setattr(network, "DECLARED_ZONE", zone)
    for n in range(3):
        fill_day(store, DAY + n * ONE_DAY, per_hour=1)
    known = {local for n in range(3) for local in local_days_overlapping(DAY + n * ONE_DAY)}
    for n in range(3):
        day = DAY + n * ONE_DAY
        result = run_days(lake, instance, day)
        assert result.success
        assert "day_computed" not in {check for _, check, _ in failed(result)}
        ended = {str(local) for local in known if utc_days_overlapped(local)[-1] <= day}
        assert ended <= green(instance, "kpi_daily_network"), day
    whole = [
        local for local in known if {*utc_days_overlapped(local)} <= {DAY + n * ONE_DAY for n in range(3)}
    ]
    for local in whole:
        (row,) = read_daily_rows(store, "kpi_daily_network", local).to_pylist()
        assert row["slots_stored"] >= 20, local
    plan = plan_days(store, LocalCatalog(lake), [(DAY, DAY + 2 * ONE_DAY)], utc_now())
    assert (plan.history, plan.kpis) == ({}, [])


def test_range_marks_the_days_that_were_stored_and_no_other(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A local day without a snapshot stays white, and so does one whose history is still to be built."""
    for n in (0, 3):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    assert run_days(lake, instance, DAY, DAY + 2 * ONE_DAY).success
    assert all(green(instance, name) == {"2022-06-04"} for name in NAMES)


def test_rebuilt_day_recomputes_the_local_days_that_follow(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    for n in range(3):
        fill_day(store, DAY + n * ONE_DAY, per_hour=1)
    assert run_days(lake, instance, DAY, DAY + 2 * ONE_DAY).success
    late = hours_of_day(DAY)[23]
    add_late(store, late + timedelta(minutes=45))
    result = run_days(lake, instance, DAY)
    stored = {day for name, day in written(result) if name == "kpi_daily_network"}
    assert stored == {"2022-06-04", "2022-06-05", "2022-06-06"}


def test_only_the_selected_kpi_is_marked(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=2, per_hour=1)
    result = run_days(lake, instance, DAY, assets=["station_history", "kpi_daily_station"])
    assert result.success
    assert {name for name, _ in written(result) if name.startswith("kpi_")} == {"kpi_daily_station"}


def test_kpi_without_history_says_what_to_do(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=2, per_hour=1)
    result = run_days(lake, instance, DAY, assets=NAMES)
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "Materialize station_history for it" in str(event.step_failure_data.user_failure_data)


def test_failed_day_is_one_fault_and_does_not_stop_the_others(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The KPIs of a day fail together: all checks are red, and one of them is alerted."""
    for n in (0, 2):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)

    def store_other(day: date, *args: Any) -> list[DailyKpiResult]:
        if day == DAY:
            return [DailyKpiResult(name, DAY, error="the disk is full") for name in NAMES]
        return store_daily_kpis(day, *args)

    monkeypatch.setattr(daily_kpi_assets, "store_daily_kpis", store_other)
    result = run_days(lake, instance, DAY, DAY + 2 * ONE_DAY)
    assert result.success
    evaluations = [checks(result)[name, "day_computed", "2022-06-04"] for name in NAMES]
    assert [evaluation.passed for evaluation in evaluations] == [False] * 3
    assert sorted(str(evaluation.metadata["faults"].value) for evaluation in evaluations) == ["0", "0", "1"]
    assert all(green(instance, name) == {"2022-06-06"} for name in NAMES)


def test_views_that_cannot_be_defined_fail_the_check_of_each_day(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise QueryError("the catalog is gone")

    fill_day(store, hours=2, per_hour=1)
    monkeypatch.setattr(daily_kpi_assets, "prepare_daily_kpis", refuse)
    result = run_days(lake, instance, DAY)
    assert result.success
    assert {key for key in failed(result) if key[1] == "day_computed"} == {
        (name, "day_computed", day)
        for name in NAMES
        for day in ("2022-06-04", "2022-06-05")  # the local days that the UTC day overlaps
    }


def test_doubtful_station_is_a_fault_on_its_first_day_only() -> None:
    first = findings.frozen_stations(["15030", "16107"], [])
    second = findings.frozen_stations(["15030", "16107", "1001"], ["15030", "16107"])
    assert [first.facts["faults"], second.facts["faults"]] == [2, 1]
    assert second.message == (
        "3 stations without a change in 24 hours while the neighbours moved: 1001, 15030, 16107"
    )
    assert findings.frozen_stations([], ["15030"]).passed


def test_common_doubts_are_shown_and_never_alerted() -> None:
    for finding in (findings.within_capacity(["1001"]), findings.equal_bike_types(["1001"])):
        assert not finding.passed
        assert finding.facts["faults"] == 0


def test_data_without_any_report_time_makes_no_station_doubtful() -> None:
    """The checks of the hours report it: once per column, not once per station."""
    some, every = (findings.never_reported(["1001", "15030"], [], stations) for stations in (3, 2))
    assert (some.passed, some.facts["faults"]) == (False, 2)
    assert (every.passed, every.facts["faults"]) == (True, 0)
    assert "no report times" in every.message
    assert findings.never_reported([], [], 0).message == "no station without a report time"


@pytest.mark.parametrize(
    ("zone", "offsets"),
    [
        ("Europe/Paris", (-2, 0)),
        ("Europe/London", (-2, 0)),  # UTC in winter
        ("Atlantic/Azores", (-1, 1)),  # UTC in summer
        ("America/Los_Angeles", (-1, 1)),
        ("UTC", (-1, 0)),
    ],
)
def test_lineage_of_a_local_day_has_its_history_in_each_season(
    zone: str, offsets: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "DECLARED_ZONE", zone)
    mapping = daily_kpi_assets._history_of_a_day()
    assert (mapping.start_offset, mapping.end_offset) == offsets
