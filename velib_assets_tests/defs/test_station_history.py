"""The assets of the history: what a run over days writes, marks, checks, compacts and removes."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.defs.build import build_defs
from velib_assets.defs.station_history import build_days
from velib_assets.history.currency import UNREGISTERED, outdated_days, outdated_months
from velib_assets.history.digests import is_month
from velib_assets.history.history_result import DayResult, MonthResult
from velib_assets.history.local_history_job import LocalHistoryJob
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, day_text, history_day_key, history_month_key, hours_of_day
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.settings import Settings
from velib_assets_tests.defs.daily_runs import checks, failed, run_days, written
from velib_assets_tests.history.days import DAY, add_late, fill_day


@pytest.fixture
def store(lake: Path) -> FolderStore:
    return FolderStore(lake)


@pytest.fixture
def catalog(lake: Path) -> LocalCatalog:
    return LocalCatalog(lake)


def build(
    lake: Path, instance: dg.DagsterInstance, first: date, last: date | None = None
) -> dg.ExecuteInProcessResult:
    """Run the history for a day, or for a range."""
    return run_days(lake, instance, first, last, ["station_history"])


class Damaging:
    """A history job after which each file is damaged."""

    def __init__(self, store: FolderStore) -> None:
        self._store, self.links = store, dict[str, str]()

    def run(self, days: Iterable[date]) -> Iterator[DayResult]:
        """Build days."""
        for result in LocalHistoryJob(self._store, 1).run(days):
            (self._store.root / history_day_key(result.day)).write_bytes(b"damaged")
            yield result

    def compact(self, months: Iterable[date]) -> Iterator[MonthResult]:
        """Build months."""
        return LocalHistoryJob(self._store, 1).compact(months)


def test_file_that_is_damaged_before_it_is_registered_fails_its_own_day(
    store: FolderStore, catalog: LocalCatalog
) -> None:
    days = [DAY, DAY + ONE_DAY]
    for day in days:
        fill_day(store, day, hours=1, per_hour=1)
    outcomes = [*build_days(store, catalog, Damaging(store), days)]
    assert [outcome.findings["readable_files"].passed for outcome in outcomes] == [False, False]
    assert all("is not a history file" in outcome.summary for outcome in outcomes)


def test_closed_day_is_written_registered_and_described(
    lake: Path, store: FolderStore, catalog: LocalCatalog, instance: dg.DagsterInstance
) -> None:
    fill_day(store, per_hour=4)
    result = build(lake, instance, DAY)
    assert result.success
    facts = written(result)["station_history", "2022-06-04"]
    assert (facts["hours"], facts["slots"], facts["dagster/row_count"]) == (24, 96, 24 * 4 * 3)
    path = lake / history_day_key(DAY)
    assert (facts["file"], facts["bytes"]) == (str(path), path.stat().st_size)
    assert facts["bytes_per_row"] == round(facts["bytes"] / 288, 2)
    assert facts["dagster/table_name"] == "velib_db_tf.velib_history"
    (file,) = [file for file in catalog.history() if not is_month(file)]
    assert (file.period, file.rows, file.digest) == ("2022-06-04", 288, facts["digest"])
    assert failed(result) == set()


def test_range_marks_the_days_that_were_written_and_no_other(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A day without a clean hour, and one with a damaged clean file, stay white; the rest is done."""
    for n in (0, 2, 3):
        fill_day(store, DAY + n * ONE_DAY, hours=2)
    damaged = clean_key(hours_of_day(DAY + 2 * ONE_DAY)[1])
    (lake / damaged).write_bytes(b"damaged")
    result = build(lake, instance, DAY, DAY + 3 * ONE_DAY)
    assert result.success
    green = instance.get_materialized_partitions(dg.AssetKey("station_history"))
    assert green == {"2022-06-04", "2022-06-07"}
    errors = {key for key in failed(result) if key[1] != "slot_coverage"}
    assert errors == {("station_history", "readable_files", "2022-06-06")}
    assert damaged in str(checks(result)["station_history", "readable_files", "2022-06-06"].description)


def test_day_without_hours_fails_and_says_so(lake: Path, instance: dg.DagsterInstance) -> None:
    result = build(lake, instance, DAY)
    assert not result.success
    (event,) = [e for e in result.all_events if e.is_step_failure]
    assert "2022-06-04 (UTC) has no clean file" in str(event.step_failure_data.user_failure_data)


def test_missing_slots_are_a_warning_that_is_not_alerted(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=23, per_hour=2)
    evaluation = checks(build(lake, instance, DAY))["station_history", "slot_coverage", "2022-06-04"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "46 of 96 slots are stored" in str(evaluation.description)
    assert evaluation.metadata["faults"].value == 0


def test_day_with_other_rows_than_its_hours_fails_its_check(
    lake: Path, store: FolderStore, catalog: LocalCatalog, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=2)
    part, other = catalog.partitions()
    catalog.register([part._replace(rows=part.rows + 5)])
    evaluation = checks(build(lake, instance, DAY))["station_history", "conserved_rows", "2022-06-04"]
    assert not evaluation.passed
    assert f"{part.rows + other.rows} rows, but its 2 hours have {part.rows + other.rows + 5}" in str(
        evaluation.description
    )


def test_last_day_of_a_month_compacts_it(
    lake: Path, store: FolderStore, catalog: LocalCatalog, instance: dg.DagsterInstance
) -> None:
    last = date(2022, 6, 30)
    fill_day(store, last - ONE_DAY, hours=1)
    fill_day(store, last, hours=1)
    assert ("station_history_months", "2022-06") not in written(build(lake, instance, last - ONE_DAY))
    result = build(lake, instance, last)
    facts = written(result)["station_history_months", "2022-06"]
    assert (facts["days"], facts["dagster/row_count"]) == (2, 12)
    assert (lake / history_month_key(date(2022, 6, 1))).stat().st_size == facts["bytes"]
    assert checks(result)["station_history_months", "conserved_rows", "2022-06"].passed
    assert instance.get_materialized_partitions(dg.AssetKey("station_history_months")) == {"2022-06"}
    assert [file.period for file in catalog.history() if is_month(file)] == ["2022-06"]


def test_late_hour_of_a_day_rebuilds_its_month(
    lake: Path, store: FolderStore, catalog: LocalCatalog, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=1)
    before = written(build(lake, instance, DAY))
    catalog.prepare()
    add_late(store, hours_of_day(DAY)[0] + timedelta(minutes=45))
    after = written(build(lake, instance, DAY))
    for key in (("station_history", "2022-06-04"), ("station_history_months", "2022-06")):
        assert after[key]["dagster/row_count"] == before[key]["dagster/row_count"] + 3
        assert after[key]["digest"] != before[key]["digest"]


def test_days_with_missing_hours_and_rebuilt_days_are_not_unsynced(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """The digest says what is current. Dagster compares times, and expects every hour and every day."""
    fill_day(store, hours=2, per_hour=1)
    assert run_days(lake, instance, DAY).success
    assert run_days(lake, instance, DAY).success
    graph = build_defs(Settings(lake=lake)).get_repository_def().asset_graph
    loading = LoadingContextForTest(instance)
    resolver = CachingStaleStatusResolver(instance, graph, loading)
    keys = {
        "station_history": "2022-06-04",
        "station_history_months": "2022-06",
        "kpi_daily_station": "2022-06-04",
    }
    for name, partition in keys.items():
        assert resolver.get_status(dg.AssetKey(name), partition) is StaleStatus.FRESH, name


def test_found_file_of_a_day_without_hours_is_registered_and_settles_its_month(
    lake: Path, store: FolderStore, catalog: LocalCatalog, instance: dg.DagsterInstance
) -> None:
    """The file of the month is built from the files that there are; nothing else would register this one."""
    after = DAY + ONE_DAY
    for day in (DAY, after):
        fill_day(store, day, hours=1, per_hour=1)
    assert build(lake, instance, DAY, after).success
    files = catalog.history()
    catalog.unregister([hours_of_day(DAY)[0]])
    (lake / clean_key(hours_of_day(DAY)[0])).unlink()
    catalog.unregister_history([day_text(DAY)])
    assert outdated_days(store, catalog, DAY, after) == {DAY: UNREGISTERED}
    assert [*outdated_months(store, catalog, DAY, after)] == [DAY.replace(day=1)]
    assert build(lake, instance, DAY).success
    assert catalog.history() == files
    assert outdated_days(store, catalog, DAY, after) == outdated_months(store, catalog, DAY, after) == {}


def test_found_file_that_is_damaged_is_said(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    key = history_day_key(DAY)
    store.create(key, b"damaged")
    result = build(lake, instance, DAY)
    assert f"{lake / key} is not a history file" in str(
        checks(result)["station_history", "readable_files", day_text(DAY)].description
    )
