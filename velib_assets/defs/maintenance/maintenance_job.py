"""The job `<network>_maintenance`, which deletes old runs from Dagster's storage, and its daily schedule.

`instance.delete_run` also deletes the newest materializations of partitions, and leaves check results, the
run's SQLite file and its logs. So the rows are deleted here, on SQLite and on PostgreSQL, from the tables as
the database describes them.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from sqlalchemy import (
    BindParameter,
    Connection,
    Delete,
    MetaData,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.exc import NoSuchTableError

from velib_assets.alerts.sinks import AlertSink
from velib_assets.defs.jobs import QUIET
from velib_assets.defs.own_runs import TAGS, own_runs
from velib_assets.defs.sensors.alert_sensor import runs_pending_alerts
from velib_assets.lake.listing import utc_now
from velib_assets.lake.network import KEY

DAILY = "20 3 * * *"
BATCH = 200
BUSY_SECONDS = 30
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_BACKFILL_IN_PROGRESS = {"REQUESTED", "CANCELING", "FAILING"}
_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
Connect = Callable[[], AbstractContextManager[Connection]]
Deletions = list[tuple[Connect, list[Delete]]]


def maintenance_schedule(
    keep_days: int, sinks: Sequence[AlertSink], others: Sequence[dg.OpDefinition] = ()
) -> dg.ScheduleDefinition:
    """Return `<network>_maintenance_schedule`, on by default: it starts `<network>_maintenance` once a day.

    The job deletes the runs that ended more than `keep_days` days ago, and runs the `others`.
    """

    @dg.op(out=dg.Out(dg.Nothing))
    def forget_old_runs(context: dg.OpExecutionContext) -> None:
        """Delete old runs in batches, so that no other process waits long for a lock."""
        try:
            deletions = prepare_deletions(context.instance)
        except (AttributeError, KeyError, NoSuchTableError) as difference:
            reason = f"{type(difference).__name__}: {difference}"
            context.log.warning("No runs are deleted: %s. Install the versions in constraints.txt.", reason)
            return
        run_ids = old_runs(context.instance, utc_now() - timedelta(days=keep_days), sinks)
        for start in range(0, len(run_ids), BATCH):
            forget(context.instance, deletions, run_ids[start : start + BATCH])
        compact(context.instance)
        context.log.info("Deleted %d runs that ended more than %d days ago", len(run_ids), keep_days)

    @dg.job(
        name=f"{KEY}_maintenance",
        tags=TAGS,
        executor_def=dg.in_process_executor,
        description=f"Deletes the runs that ended more than {keep_days} days ago (VELIB_KEEP_RUNS_DAYS) with "
        "their events, check results and logs. The newest materialization of each partition stays. With "
        "VELIB_KEEP_HOURS_DAYS it also retires old hours that history holds; else the lake is not touched.",
    )
    def maintenance() -> None:
        forget_old_runs()
        for op in others:
            op()

    return dg.ScheduleDefinition(
        name=f"{KEY}_maintenance_schedule",
        job=maintenance,
        cron_schedule=DAILY,
        execution_timezone="UTC",
        run_config=QUIET,
        description="Once a day: keeps Dagster's own storage small.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def old_runs(instance: dg.DagsterInstance, before: datetime, sinks: Sequence[AlertSink]) -> list[str]:
    """Return the ids of the network's runs that ended before a time (UTC), oldest first.

    Runs that the alert sensor has not reported yet, and runs of a backfill in progress, are left out.
    """
    ended = [
        run.run_id for run in own_runs(instance, dg.RunsFilter(statuses=_FINISHED, updated_before=before))
    ]
    ids = [b.backfill_id for b in instance.get_backfills() if b.status.value in _BACKFILL_IN_PROGRESS]
    in_backfills = instance.get_run_ids(dg.RunsFilter(tags={"dagster/backfill": ids})) if ids else []
    needed = runs_pending_alerts(instance, sinks).union(in_backfills)
    return [run_id for run_id in reversed(ended) if run_id not in needed]


def prepare_deletions(instance: dg.DagsterInstance) -> Deletions:
    """Return the statements that delete the runs `run_ids`, in order, per database.

    They keep each partition's newest materialization and each check's newest result. The runs themselves are
    deleted last, so an interrupted deletion can be repeated.

    Raises:
        AttributeError, KeyError, NoSuchTableError: A method, column or table of Dagster's storage is missing.
    """
    to_events: Connect = instance.event_log_storage.index_connection  # type: ignore[attr-defined]
    to_runs: Connect = instance.run_storage.connect  # type: ignore[attr-defined]
    events, tags, checks = _tables(to_events, "event_logs", "asset_event_tags", "asset_check_executions")
    run_ids: BindParameter[list[str]] = bindparam("run_ids", expanding=True)
    materialized = events.c["dagster_event_type"] == _MATERIALIZED
    newest_events = _newest(events, "asset_key", "partition").where(materialized)
    newest_checks = _newest(checks, "asset_key", "check_name")
    old_events = and_(events.c["run_id"].in_(run_ids), events.c["id"].not_in(newest_events))
    old_checks = and_(checks.c["run_id"].in_(run_ids), checks.c["id"].not_in(newest_checks))
    old_tags = tags.c["event_id"].in_(select(events.c["id"]).where(old_events))
    from_events = [
        delete(tags).where(old_tags),
        delete(events).where(old_events),
        delete(checks).where(old_checks),
    ]
    run_tables = _tables(to_runs, "run_tags", "runs")
    from_runs = [delete(table).where(table.c["run_id"].in_(run_ids)) for table in run_tables]
    return [(to_events, from_events), (to_runs, from_runs)]


def forget(instance: dg.DagsterInstance, deletions: Deletions, run_ids: Sequence[str]) -> None:
    """Delete the logs, files and rows of runs."""
    events = instance.event_log_storage
    for run_id in run_ids:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        if hasattr(events, "path_for_shard"):  # SQLite has a file per run, PostgreSQL has not
            path = events.path_for_shard(run_id)
            for ending in ("-wal", "-shm", ""):
                Path(path + ending).unlink(missing_ok=True)
    for connect, statements in deletions:
        with connect() as connection:
            for statement in statements:
                connection.execute(statement, {"run_ids": run_ids})


def _tables(connect: Connect, *names: str) -> list[Table]:
    with connect() as connection:
        return [Table(name, MetaData(), autoload_with=connection) for name in names]


def _newest(table: Table, *columns: str) -> Select[tuple[int]]:
    """Select the largest id per group of `columns`."""
    return select(func.max(table.c["id"])).group_by(*(table.c[column] for column in columns))


def compact(instance: dg.DagsterInstance) -> None:
    """Shrink SQLite files that are mostly empty. PostgreSQL does so itself."""
    for path in Path(instance.root_directory).glob("**/*.db"):
        if path.stem not in ("index", "runs", "schedules"):
            continue
        # OperationalError: the file is in use; its free pages are used again meanwhile.
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection,
        ):
            pages, free = (
                connection.execute(f"PRAGMA {n}").fetchone()[0] for n in ("page_count", "freelist_count")
            )
            if 2 * free > pages:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # other processes have the file open
