"""The daily healing sensor: what is missing or outdated is built in one round, and nothing twice."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.registration import partition_of
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli.runs import run_discard
from velib_assets.defs import daily_kpi_assets
from velib_assets.defs.build import build_defs
from velib_assets.defs.sensors import daily_healing_sensor
from velib_assets.ingest.discard import discard_object, find_snapshots
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import (
    clean_key,
    daily_kpi_key,
    day_text,
    history_day_key,
    history_month_key,
    hours_of_day,
)
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY as ONE_DAY
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.resources import build_resources
from velib_assets.settings import Settings
from velib_assets_tests.defs.sensors import test_healing_sensor as hourly
from velib_assets_tests.history.days import DAY, add_late, fill_day, snapshot

JUNE = date(2022, 6, 1)
HISTORY = "station_history"
Requested = list[tuple[str | None, str, str, bool]]


@pytest.fixture
def settings(lake: Path) -> Settings:
    return Settings(lake=lake)


@pytest.fixture
def store(lake: Path) -> FolderStore:
    return FolderStore(lake)


def evaluate(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[list[dg.RunRequest], str | None]:
    """Evaluate the sensor once; return its requests and its cursor."""
    repository = build_defs(settings).get_repository_def()
    context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
    data = repository.get_sensor_def("velib_daily_healing").evaluate_tick(context)
    return list(data.run_requests or []), data.cursor


def requested(requests: list[dg.RunRequest]) -> Requested:
    """Return the job, the first and the last partition of each request, and whether it is for KPIs alone."""
    start, end = (f"dagster/asset_partition_range_{edge}" for edge in ("start", "end"))
    return [
        (
            request.job_name,
            request.partition_key or request.tags[start],
            request.partition_key or request.tags[end],
            bool(request.asset_selection),
        )
        for request in requests
    ]


def carry_out(settings: Settings, instance: dg.DagsterInstance, request: dg.RunRequest) -> bool:
    job = build_defs(settings).resolve_job_def(str(request.job_name))
    return job.execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        tags=request.tags,
        asset_selection=request.asset_selection,
        raise_on_error=False,
    ).success


def heal(settings: Settings, instance: dg.DagsterInstance) -> list[Requested]:
    """Evaluate the sensor and carry out what it requests until it requests nothing; return the requests."""
    made: list[Requested] = []
    cursor = None
    for _ in range(4):
        requests, cursor = evaluate(settings, instance, cursor)
        if not requests:
            return made
        made.append(requested(requests))
        assert all(carry_out(settings, instance, request) for request in requests)
    pytest.fail(f"the sensor still requests runs after 4 rounds: {made}")


def kpi_files(lake: Path, day: date) -> dict[str, bytes]:
    paths = {kpi.name: lake / daily_kpi_key(kpi.name, day) for kpi in DAILY_KPIS}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}


def test_missing_days_are_built_as_ranges_in_one_round(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Also a day of which only some hours exist; the month is compacted by the run of its last day."""
    days = [DAY, DAY + ONE_DAY, DAY + 3 * ONE_DAY]
    for day in days:
        fill_day(store, day, hours=2, per_hour=1)
    assert heal(settings, instance) == [
        [
            ("velib_daily", "2022-06-04", "2022-06-05", False),
            ("velib_daily", "2022-06-07", "2022-06-07", False),
        ]
    ]
    files = LocalCatalog(settings.lake).history()
    assert [file.period for file in files] == ["2022-06", *map(day_text, days)]
    assert all(len(kpi_files(settings.lake, day)) == len(DAILY_KPIS) for day in days)


def test_late_snapshot_reopens_its_day_its_month_and_the_daily_kpis(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """The hour is healed first, then the day; local days overlap two UTC days."""
    lake = settings.lake
    for n in range(3):
        fill_day(store, DAY + n * ONE_DAY, per_hour=1)
    heal(settings, instance)
    cursor = _settle_hours(settings, instance)
    history, month = (lake / history_day_key(DAY)).read_bytes(), (lake / history_month_key(JUNE)).read_bytes()
    before = {n: kpi_files(lake, DAY + n * ONE_DAY) for n in range(4)}

    snapshot(store, hours_of_day(DAY)[23] + timedelta(minutes=45), bikes=1)
    assert evaluate(settings, instance)[0] == []  # the hour comes first
    requests, _ = hourly.evaluate(settings, instance, cursor)
    assert hourly.spans(requests) == [("2022-06-04-23:00", "2022-06-04-23:00")]
    assert all(hourly.carry_out(settings, instance, request) for request in requests)
    assert heal(settings, instance) == [[("velib_daily", "2022-06-04", "2022-06-04", False)]]

    assert (lake / history_day_key(DAY)).read_bytes() != history
    assert (lake / history_month_key(JUNE)).read_bytes() != month
    after = {n: kpi_files(lake, DAY + n * ONE_DAY) for n in range(4)}
    # 23:45 UTC is in the local day of 5 June; that of 6 June compares stations with the day before.
    rewritten = {n for n in after if after[n] != before[n]}
    assert rewritten == {0, 1, 2}
    green = instance.fetch_materializations(dg.AssetKey("kpi_daily_network"), limit=3).records
    assert {record.partition_key for record in green} == {"2022-06-04", "2022-06-05", "2022-06-06"}


def test_local_day_without_snapshots_is_settled_by_one_run_that_succeeds(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The UTC day before overlaps it. An outage that goes on past midnight is no failure of a run."""
    fill_day(store, hours=2, per_hour=1)
    monkeypatch.setattr(daily_kpi_assets, "_beside", lambda *_: ([], []))  # it had not ended then
    only_kpis = ("velib_daily", "2022-06-05", "2022-06-05", True)
    assert heal(settings, instance) == [[("velib_daily", "2022-06-04", "2022-06-04", False)], [only_kpis]]


def _settle_hours(settings: Settings, instance: dg.DagsterInstance) -> str | None:
    """Let the hours be learned by the station register, so that healing finds them current."""
    requests, cursor = hourly.evaluate(settings, instance)
    assert all(hourly.carry_out(settings, instance, request) for request in requests)
    requests, cursor = hourly.evaluate(settings, instance, cursor)
    assert requests == []
    return cursor


def test_day_whose_snapshots_were_all_discarded_is_removed(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    lake, hours = settings.lake, hours_of_day(DAY)[:2]
    fill_day(store, hours=2, per_hour=1)
    fill_day(store, DAY + 2 * ONE_DAY, hours=2, per_hour=1)
    heal(settings, instance)
    for item in find_snapshots(store, hours[0], hours[-1]):
        discard_object(store, item, "wrong", utc_now())
    run_discard(build_defs(settings), instance, build_resources(settings), hours, "discarded")
    heal(settings, instance)
    assert not (lake / history_day_key(DAY)).exists()
    assert kpi_files(lake, DAY) == {}
    files = {file.period: file for file in LocalCatalog(lake).history()}
    assert [*files] == ["2022-06", "2022-06-06"]
    assert files["2022-06"].rows == files["2022-06-06"].rows
    (record,) = instance.fetch_observations(dg.AssetKey(HISTORY), limit=5).records
    assert record.partition_key == "2022-06-04"


def test_history_of_hours_that_were_only_cleared_away_stays(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """Nothing was discarded: the clean files may have been removed because the history holds them."""
    fill_day(store, hours=2, per_hour=1)
    heal(settings, instance)
    for hour in hours_of_day(DAY)[:2]:
        (settings.lake / clean_key(hour)).unlink()
    LocalCatalog(settings.lake).unregister(hours_of_day(DAY))
    assert heal(settings, instance) == []
    assert (settings.lake / history_day_key(DAY)).exists()


@pytest.mark.parametrize(
    ("key", "request_"),
    [
        (history_day_key(DAY), ("velib_daily", "2022-06-04", "2022-06-04", False)),
        (history_month_key(JUNE), ("velib_monthly", "2022-06", "2022-06", False)),
        (daily_kpi_key("kpi_daily_station", DAY), ("velib_daily", "2022-06-04", "2022-06-04", True)),
    ],
)
def test_lost_file_is_built_again(
    settings: Settings,
    store: FolderStore,
    instance: dg.DagsterInstance,
    key: str,
    request_: tuple[str, str, str, bool],
) -> None:
    fill_day(store, hours=2, per_hour=1)
    heal(settings, instance)
    path = settings.lake / key
    before = path.read_bytes()
    path.unlink()
    assert heal(settings, instance) == [[request_]]
    assert path.read_bytes() == before


@pytest.mark.parametrize("kpi", ["kpi_daily_station", "kpi_station_quality"])
def test_daily_kpi_that_is_damaged_at_the_same_size_is_stored_again_in_its_turn(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, kpi: str
) -> None:
    """One day is verified per round, so the second of two local days is found in the second round."""
    fill_day(store, hours=24, per_hour=1)  # its last hours are of the next day in Paris
    heal(settings, instance)
    path = settings.lake / daily_kpi_key(kpi, DAY + ONE_DAY)
    before = path.read_bytes()
    path.write_bytes(before[:200] + bytes([before[200] ^ 1]) + before[201:])
    requests, cursor = evaluate(settings, instance)
    assert requests == []
    requests, cursor = evaluate(settings, instance, cursor)
    assert requested(requests) == [("velib_daily", "2022-06-05", "2022-06-05", True)]
    assert carry_out(settings, instance, requests[0])
    assert path.read_bytes() == before
    for _ in range(3):  # starts over
        requests, cursor = evaluate(settings, instance, cursor)
        assert requests == []
    assert json.loads(cursor or "")["tries"] == {}


def test_day_is_left_to_its_schedule_for_four_hours(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_day(store, hours=2, per_hour=1)
    for hour, expected in ((3, []), (4, [("velib_daily", "2022-06-04", "2022-06-04", False)])):
        now = datetime(2022, 6, 5, hour, tzinfo=UTC)
        monkeypatch.setattr(daily_healing_sensor, "utc_now", lambda at=now: at)
        assert requested(evaluate(settings, instance)[0]) == expected


def test_days_before_the_first_hour_are_not_requested(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    for n in (0, 1):
        fill_day(store, DAY + n * ONE_DAY, hours=1, per_hour=1)
    later = Settings(lake=settings.lake, first_hour=datetime(2022, 6, 5, 10, tzinfo=UTC))
    assert requested(evaluate(later, instance)[0]) == [("velib_daily", "2022-06-05", "2022-06-05", False)]


def test_it_waits_for_runs_in_progress(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    fill_day(store, hours=1, per_hour=1)
    run = instance.create_run_for_job(
        build_defs(settings).resolve_job_def("velib_pipeline"), status=dg.DagsterRunStatus.STARTED
    )
    assert evaluate(settings, instance)[0] == []
    instance.report_run_failed(run)
    assert len(evaluate(settings, instance)[0]) == 1


def test_day_that_cannot_be_built_is_retried_ever_less_often_and_stops_no_other(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_day(store, hours=2, per_hour=1)
    fill_day(store, DAY + ONE_DAY, hours=2, per_hour=1)
    LocalCatalog(settings.lake).prepare()
    (settings.lake / clean_key(hours_of_day(DAY)[1])).write_bytes(b"damaged")
    start, cursor, tried = utc_now(), None, []
    for minute in range(0, 60, 2):
        now = start + timedelta(minutes=minute)
        monkeypatch.setattr(daily_healing_sensor, "utc_now", lambda at=now: at)
        requests, cursor = evaluate(settings, instance, cursor)
        assert all(carry_out(settings, instance, request) for request in requests)
        tried += [(minute, first, last) for _, first, last, _ in requested(requests)]
    assert tried[0] == (0, "2022-06-04", "2022-06-05")
    assert [minute for minute, *_ in tried[1:]] == [2, 8, 38]
    assert {(first, last) for _, first, last in tried[1:]} == {("2022-06-04", "2022-06-04")}
    assert instance.get_materialized_partitions(dg.AssetKey(HISTORY)) == {"2022-06-05"}


def test_day_that_cannot_be_built_holds_up_no_local_day_that_has_its_history(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A late snapshot is in a clean file that is damaged. The last history of its day is still there."""
    for n in range(3):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    heal(settings, instance)
    late = hours_of_day(DAY)[5]
    add_late(store, late)
    LocalCatalog(settings.lake).register([partition_of(store, late)])
    (settings.lake / clean_key(late)).write_bytes(b"damaged")
    local_days = [DAY + n * ONE_DAY for n in (0, 1, 2)]
    for day in local_days:
        (settings.lake / daily_kpi_key("kpi_daily_network", day)).unlink()
    requests, cursor = evaluate(settings, instance)
    assert requested(requests) == [("velib_daily", "2022-06-04", "2022-06-04", False)]
    assert all(carry_out(settings, instance, request) for request in requests)
    requests, _ = evaluate(settings, instance, cursor)
    assert requested(requests) == [("velib_daily", "2022-06-04", "2022-06-06", True)]
    assert all(carry_out(settings, instance, request) for request in requests)
    for day in local_days:
        assert (settings.lake / daily_kpi_key("kpi_daily_network", day)).exists()


def test_day_that_cannot_be_built_stops_no_other_month(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    july = date(2022, 7, 1)
    for day in (DAY, july):
        fill_day(store, day, hours=1, per_hour=1)
    heal(settings, instance)
    for key in (history_day_key(DAY), history_month_key(july)):
        (settings.lake / key).unlink()
    (settings.lake / clean_key(hours_of_day(DAY)[0])).write_bytes(b"damaged")
    requests, cursor = evaluate(settings, instance)
    assert requested(requests) == [("velib_daily", "2022-06-04", "2022-06-04", False)]
    assert all(carry_out(settings, instance, request) for request in requests)
    requests, _ = evaluate(settings, instance, cursor)
    assert requested(requests) == [("velib_monthly", "2022-07", "2022-07", False)]


def test_long_backlog_is_built_in_bounded_runs_the_newest_days_first(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    for n in range(50):
        fill_day(store, DAY - n * ONE_DAY, hours=1, per_hour=1)
    requests, cursor = evaluate(settings, instance)
    asked = requested(requests)
    days = [date.fromisoformat(last) - date.fromisoformat(first) for _, first, last, _ in asked]
    assert sum(days, timedelta()) + len(days) * ONE_DAY == daily_healing_sensor.MAX_DAYS * ONE_DAY
    assert max(last for _, _, last, _ in asked) == "2022-06-04"
    made = [asked]
    for _ in range(3):
        requests, cursor = evaluate(settings, instance, cursor)
        made.append(requested(requests))
    firsts = {first for asked in made for _, first, _, _ in asked}
    assert min(firsts) == day_text(DAY - 49 * ONE_DAY)


def test_check_of_current_days_reads_the_catalog_and_one_footer_per_day(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a year is cheap: no raw, clean or history file is opened. One day is verified in its turn."""
    for n in range(3):
        fill_day(store, DAY + n * ONE_DAY, hours=2, per_hour=1)
    heal(settings, instance)
    opened: list[str] = []
    for name in ("read", "open", "fetch"):
        original = getattr(FolderStore, name)

        def noted(self: FolderStore, key: str, original: object = original) -> object:
            opened.append(key)
            return original(self, key)  # type: ignore[operator]

        monkeypatch.setattr(FolderStore, name, noted)
    assert evaluate(settings, instance)[0] == []
    assert {key.split("/")[0] for key in opened} == {"kpi"}
    verified = {daily_kpi_key(kpi.name, DAY) for kpi in DAILY_KPIS}
    others = [key for key in opened if key not in verified]
    assert len(others) == len({*others}) == 3  # three UTC days overlap four local days
    assert verified < {*opened}


def test_months_are_forgotten_when_they_are_found_current_and_no_sooner(
    settings: Settings, store: FolderStore, instance: dg.DagsterInstance
) -> None:
    """A month that was built is tried at once when it is outdated again; a broken one only when due."""
    fill_day(store, hours=1, per_hour=1)
    heal(settings, instance)
    (settings.lake / history_month_key(JUNE)).unlink()
    requests, cursor = evaluate(settings, instance)
    assert "2022-06" in json.loads(cursor or "")["tries"]
    assert all(carry_out(settings, instance, request) for request in requests)
    _, cursor = evaluate(settings, instance, cursor)
    assert json.loads(cursor or "")["tries"] == {}
