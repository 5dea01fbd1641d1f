"""The maintenance job: what it deletes, what stays, and what it waits for."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from sqlalchemy import Table, func, select, text

from velib_assets.defs.build import build_defs
from velib_assets.defs.checks import CHECKS
from velib_assets.defs.maintenance import maintenance_job
from velib_assets.defs.partitions import key_of
from velib_assets.lake.listing import utc_now
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.settings import Settings
from velib_assets_tests.defs.sensors.test_alert_sensor import RecordingSink, evaluate
from velib_assets_tests.defs.test_graph import from_archive, green, run
from velib_assets_tests.samples import HOUR, body, records

RECORDED = {HOUR: body(records()), HOUR + timedelta(hours=1): body(records())}
REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("velib"), "__repository__")
DAILY = {"station_history", "station_history_months", *(kpi.name for kpi in DAILY_KPIS)}  # in no hour's run
HOURLY_CHECKS = [check for check in CHECKS if check.asset not in DAILY]
ASSETS = len({check.asset for check in HOURLY_CHECKS})  # each has one at least
CHECK = dg.AssetCheckKey(dg.AssetKey("clean_stations"), "conservation")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that moves the job's clock by days."""

    def later(days: int) -> None:
        now = utc_now() + timedelta(days=days)
        monkeypatch.setattr(maintenance_job, "utc_now", lambda: now)

    return later


@pytest.fixture
def archive(tmp_path: Path) -> Settings:
    return from_archive(tmp_path, RECORDED)


def maintain(settings: Settings, instance: dg.DagsterInstance) -> set[str]:
    """Run the job; return the ids of the remaining runs, without its own."""
    done = build_defs(settings).resolve_job_def("velib_maintenance").execute_in_process(instance=instance)
    return {run.run_id for run in instance.get_runs()} - {done.run_id}


def files_of(instance: dg.DagsterInstance, run_id: str) -> list[Path]:
    return [path for path in Path(instance.root_directory).rglob("*") if run_id in path.name]


def rows(instance: dg.DagsterInstance, table: Table, run_id: str) -> int:
    """Count the rows of a run in a table of Dagster's."""
    query = select(func.count()).select_from(table).where(table.c.run_id == run_id)
    events, storage = instance.event_log_storage, instance.run_storage
    assert isinstance(events, SqlEventLogStorage)
    assert isinstance(storage, SqlRunStorage)
    connect = storage.connect if table in (RunsTable, RunTagsTable) else events.index_connection
    with connect() as connection:
        count: int = connection.execute(query).scalar_one()
        return count


def sensor_at(
    instance: dg.DagsterInstance,
    cursor: str | None,
    status: InstigatorStatus = InstigatorStatus.RUNNING,
    name: str = "velib_alerts",
) -> None:
    """Save the cursor of an alert sensor, as the daemon does after a round."""
    origin = RemoteInstigatorOrigin(REPOSITORY, name)
    data = SensorInstigatorData(last_tick_timestamp=utc_now().timestamp(), cursor=cursor)
    state = InstigatorState(origin, InstigatorType.SENSOR, status, data)
    existing = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    (instance.update_instigator_state if existing else instance.add_instigator_state)(state)


def test_old_run_is_deleted_and_its_hour_stays_materialized(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    old = run(archive, instance, HOUR).run_id
    later(29)
    assert maintain(archive, instance) == {old}
    later(31)
    assert maintain(archive, instance) == set()
    assert files_of(instance, old) == []
    assert [green(instance, asset) for asset in ("raw_snapshot", "clean_stations")] == [{key_of(HOUR)}] * 2
    event = instance.get_latest_materialization_event(dg.AssetKey("clean_stations"))
    assert event
    assert event.run_id == old
    assert instance.get_latest_materialization_event(dg.AssetKey("kpi_shortage"))
    assert [rows(instance, table, old) for table in (RunsTable, RunTagsTable)] == [0, 0]
    assert rows(instance, SqlEventLogStorageTable, old) == ASSETS


def test_only_the_newest_materialization_of_an_hour_stays(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    runs = [run(archive, instance, HOUR).run_id for _ in range(3)]
    later(31)
    maintain(archive, instance)
    assert [rows(instance, SqlEventLogStorageTable, run_id) for run_id in runs] == [0, 0, ASSETS]
    assert [rows(instance, AssetCheckExecutionsTable, run_id) for run_id in runs] == [
        0,
        0,
        len(HOURLY_CHECKS),
    ]


def test_newest_result_of_each_check_stays(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    first, second = (run(archive, instance, HOUR + timedelta(hours=n)).run_id for n in (0, 1))
    later(31)
    maintain(archive, instance)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(CHECK, limit=10)
    assert record.run_id == second
    assert rows(instance, AssetCheckExecutionsTable, first) == 0


def test_run_stays_until_its_alert_is_sent(
    archive: Settings,
    instance: dg.DagsterInstance,
    later: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink = RecordingSink()
    monkeypatch.setattr("velib_assets.defs.build.sinks_of", lambda _: [sink])
    failed = run(archive, instance, HOUR + timedelta(hours=5)).run_id
    sink.down_after = 0
    cursor = evaluate(instance, None, sink)
    sensor_at(instance, cursor, InstigatorStatus.RUNNING)
    later(31)
    assert maintain(archive, instance) == {failed}
    sink.down_after = None
    sensor_at(instance, evaluate(instance, cursor, sink), InstigatorStatus.RUNNING)
    assert maintain(archive, instance) == set()
    assert len(sink.alerts) == 1


def test_alerts_are_not_waited_for_while_the_sensor_is_off(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    run(archive, instance, HOUR)
    sensor_at(instance, '{"since": 0}', InstigatorStatus.STOPPED)
    later(31)
    assert maintain(archive, instance) == set()


def test_runs_of_a_backfill_in_progress_stay(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    kept = run(archive, instance, HOUR, tags={"dagster/backfill": "going"}).run_id
    run(archive, instance, HOUR, tags={"dagster/backfill": "done"})
    for name, status in (("going", BulkActionStatus.REQUESTED), ("done", BulkActionStatus.COMPLETED_FAILED)):
        instance.add_backfill(
            PartitionBackfill(name, status, from_failure=False, tags={}, backfill_timestamp=0.0)
        )
    later(31)
    assert maintain(archive, instance) == {kept}


def test_nothing_is_deleted_where_dagsters_tables_differ(
    archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]
) -> None:
    old = run(archive, instance, HOUR).run_id
    rename = text("ALTER TABLE asset_check_executions RENAME COLUMN check_name TO name_of_check")
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        connection.execute(rename)
    later(31)
    job = build_defs(archive).resolve_job_def("velib_maintenance")
    done = job.execute_in_process(instance=instance)
    assert done.success
    assert {run.run_id for run in instance.get_runs()} == {old, done.run_id}
    warnings = [entry for entry in instance.all_logs(done.run_id) if entry.level == logging.WARNING]
    assert ["No runs are deleted" in entry.user_message for entry in warnings] == [True]
