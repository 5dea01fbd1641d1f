"""The schedule of the daily layer: which days a tick requests."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.defs.build import build_defs
from velib_assets.defs.daily_plan import MAX_RANGES, DailyPlan, day_requests, newest_ranges, plan_days
from velib_assets.defs.jobs import QUIET
from velib_assets.history.day import rebuild_day
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import day_text, history_day_key, hours_of_day
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.settings import Settings
from velib_assets_tests.defs.daily_runs import run_days
from velib_assets_tests.history.days import DAY, add_late, fill_day

START, END = (f"dagster/asset_partition_range_{edge}" for edge in ("start", "end"))


@pytest.fixture
def store(lake: Path) -> FolderStore:
    return FolderStore(lake)


def tick(settings: Settings, at: datetime) -> tuple[list[dg.RunRequest], str]:
    """Evaluate the schedule at a time; return its requests, and why there are none."""
    repository = build_defs(settings).get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    data = repository.get_schedule_def("velib_daily_schedule").evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message or ""


def days(requests: list[dg.RunRequest]) -> list[tuple[str, str]]:
    return [
        (request.partition_key or request.tags[START], request.partition_key or request.tags[END])
        for request in requests
    ]


def at_three(day: int) -> datetime:
    return datetime(2022, 6, day, 3, tzinfo=UTC)


def test_tick_requests_yesterday(lake: Path, store: FolderStore) -> None:
    """And nothing of today, which is not over."""
    for n in (0, 1):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    requests, _ = tick(Settings(lake=lake), at_three(5))
    assert days(requests) == [("2022-06-04", "2022-06-04")]
    (request,) = requests
    assert request.run_config == QUIET
    assert (
        request.run_key == tick(Settings(lake=lake), at_three(5))[0][0].run_key
    )  # a doubled tick is one run


def test_tick_after_a_stop_requests_the_days_of_the_stop_as_ranges(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Days that are current are not built again, and days without hours are not requested."""
    for n in (0, 1, 2, 4, 5):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    assert run_days(lake, instance, DAY).success
    requests, _ = tick(Settings(lake=lake), at_three(10))
    assert days(requests) == [("2022-06-05", "2022-06-06"), ("2022-06-08", "2022-06-09")]


def test_tick_requests_a_day_that_changed(
    lake: Path, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=2, per_hour=1)
    fill_day(store, DAY + ONE_DAY, hours=2, per_hour=1)
    assert run_days(lake, instance, DAY, DAY + ONE_DAY).success
    requests, reason = tick(Settings(lake=lake), at_three(6))
    assert (requests, reason) == ([], "every day up to 2022-06-05 is current")
    late = hours_of_day(DAY)[5]
    add_late(store, late)
    register(lake, late)
    assert days(tick(Settings(lake=lake), at_three(6))[0]) == [("2022-06-04", "2022-06-04")]


def register(lake: Path, hour: datetime) -> None:
    """Register an hour, as the hourly graph does after cleaning it."""
    LocalCatalog(lake).register([partition_of(FolderStore(lake), hour)])


def test_tick_without_a_lake_requests_nothing(lake: Path) -> None:
    assert tick(Settings(lake=lake), at_three(5))[0] == []
    assert not lake.exists()


def test_days_before_the_first_hour_are_not_requested(lake: Path, store: FolderStore) -> None:
    for n in (0, 1):
        fill_day(store, DAY + n * ONE_DAY, hours=1, per_hour=1)
    settings = Settings(lake=lake, first_hour=datetime(2022, 6, 5, 10, tzinfo=UTC))
    assert days(tick(settings, at_three(8))[0]) == [("2022-06-05", "2022-06-05")]


@pytest.mark.parametrize(("value", "status"), [("on", "RUNNING"), ("off", "STOPPED")])
def test_both_schedules_follow_the_setting(lake: Path, value: str, status: str) -> None:
    settings = Settings.from_env({"VELIB_LAKE": str(lake), "VELIB_SCHEDULE": value})
    repository = build_defs(settings).get_repository_def()
    for name in ("velib_pipeline_schedule", "velib_daily_schedule"):
        assert repository.get_schedule_def(name).default_status is dg.DefaultScheduleStatus[status]


def test_days_with_gaps_are_requested_the_newest_first() -> None:
    """So that many broken days of the past do not hold up yesterday."""
    every_other_day = [DAY + 2 * n * ONE_DAY for n in range(MAX_RANGES + 3)]
    plan = newest_ranges(DailyPlan(dict.fromkeys(every_other_day, "digest"), [DAY - 7 * ONE_DAY]))
    assert list(plan.history) == every_other_day[-MAX_RANGES:]
    assert plan.kpis == []
    assert len(list(day_requests(plan, "name"))) == MAX_RANGES


def test_catalog_is_asked_as_often_for_many_days_as_for_few(
    store: FolderStore, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Glue, a request per outdated local day is throttled after a change of the SQL."""
    catalog, asked = LocalCatalog(lake), list[str]()
    for name in ("history", "partitions"):

        def counted(
            *args: object, original: object = getattr(LocalCatalog, name), name: str = name
        ) -> object:
            asked.append(name)
            return original(*args)  # type: ignore[operator]

        monkeypatch.setattr(LocalCatalog, name, counted)
    calls = []
    for count in (3, 40):
        days = [DAY + n * ONE_DAY for n in range(count)]
        catalog.register_history(HistoryFile(day_text(day), history_day_key(day), 1, 1, "d") for day in days)
        asked.clear()
        plan = plan_days(store, catalog, [(days[0], days[-1])], at_three(5) + 100 * ONE_DAY)
        assert plan.kpis == days
        calls.append(sorted(asked))
    assert calls[0] == calls[1]
    assert len(calls[0]) <= 5


def test_reason_is_said_why_local_days_wait(lake: Path, store: FolderStore) -> None:
    """The day before the first hour has rows, is not built, and overlaps the first local day."""
    for n in (0, 1):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    catalog = LocalCatalog(lake)
    catalog.prepare()
    catalog.register_history([rebuild_day(store, DAY + ONE_DAY).file()])
    plan = plan_days(store, catalog, [(DAY + ONE_DAY, DAY + ONE_DAY)], at_three(8))
    assert (plan.history, plan.kpis, plan.waiting) == ({}, [], {DAY + ONE_DAY: [DAY]})
    _, reason = tick(Settings(lake=lake, first_hour=datetime(2022, 6, 5, tzinfo=UTC)), at_three(6))
    assert reason.startswith(
        "1 local day waits for history, the first 2022-06-05 for that of 2022-06-04 (UTC)"
    )
