"""The pooled SQLite storage: the same history as Dagster's default, and a fallback where Dagster differs."""

import inspect
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import dagster as dg
import pytest
import sqlalchemy as db
import yaml
from dagster._core.storage import sqlite_storage
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy.pool.base import _ConnectionFairy

from velib_assets.defs import pooled_storage
from velib_assets_tests.defs.instances import instance_in, small_job
from velib_assets_tests.waiting import wait_for

WAIT_SECONDS = 20


def messages(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """Read the events of each run."""
    runs = [run.run_id for run in instance.get_runs()]
    return {run: [entry.message for entry in instance.all_logs(run)] for run in runs}


def run_on(instance: dg.DagsterInstance) -> None:
    assert small_job.execute_in_process(instance=instance).success


def is_pooled(instance: dg.DagsterInstance) -> bool:
    connect = instance.event_log_storage._connect  # type: ignore[attr-defined]
    return isinstance(getattr(connect, "__self__", None), pooled_storage.PooledEvents)


def test_shipped_dagster_yaml_uses_the_pooled_storage(tmp_path: Path) -> None:
    with instance_in(tmp_path) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as again:
        assert is_pooled(instance)
        assert is_pooled(again)


def test_history_is_in_the_instances_folder_whatever_dagster_home_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "other"))
    with (
        instance_in(tmp_path / "home") as instance,
        dg.DagsterInstance.from_ref(instance.get_ref()) as again,
    ):
        run_on(instance)
        assert messages(again) == messages(instance) != {}
    assert not (tmp_path / "other").exists()


def test_home_can_switch_to_the_default_storage_and_back(tmp_path: Path) -> None:
    with instance_in(tmp_path) as instance:
        run_on(instance)
        before = messages(instance)
    settings = yaml.safe_load((tmp_path / "dagster.yaml").read_text())
    del settings["instance_class"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not is_pooled(instance)
        assert messages(instance) == before
        run_on(instance)
        after = messages(instance)
    with instance_in(tmp_path) as instance:
        assert messages(instance) == after
        assert len(after) == 2


def test_watcher_of_a_run_gets_each_event_as_it_is_written(tmp_path: Path) -> None:
    """The UI watches through an instance of its own while the run's instance stays open."""
    seen: list[str] = []
    with instance_in(tmp_path) as watching, instance_in(tmp_path) as writing:
        run = writing.create_run_for_job(small_job)
        writing.report_engine_event("first", run)
        watching.watch_event_logs(run.run_id, None, lambda entry, _: seen.append(entry.message))
        for word in ("second", "third"):
            writing.report_engine_event(word, run)
            assert wait_for(partial(seen.__contains__, word), WAIT_SECONDS)


def test_reading_does_not_touch_the_files(tmp_path: Path) -> None:
    """Otherwise a watcher's own reading would wake it again."""
    with instance_in(tmp_path) as instance:
        run_on(instance)
        (run,) = instance.get_runs()
        path = Path(instance.event_log_storage.path_for_shard(run.run_id))  # type: ignore[attr-defined]
        before = path.stat().st_mtime_ns
        assert messages(instance)[run.run_id]
        assert path.stat().st_mtime_ns == before


def test_index_and_last_run_stay_open_until_the_instance_closes(tmp_path: Path) -> None:
    with instance_in(tmp_path) as instance:
        first, second = instance.create_run_for_job(small_job), instance.create_run_for_job(small_job)
        for run in (first, second):
            instance.report_engine_event("begun", run)
        assert open_files(tmp_path) == {"index.db", f"{second.run_id}.db"}
    assert open_files(tmp_path) == set()


def open_files(folder: Path) -> set[str]:
    """List the SQLite files below a folder that this process has open."""
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = descriptor.readlink()
        except FileNotFoundError:  # the descriptor that lists the folder
            continue
        if path.is_relative_to(folder) and path.suffix == ".db":
            held.add(path.name)
    return held


# Each name that pooled_storage uses, and how a later version of Dagster or SQLAlchemy might change it.

Break = Callable[[pytest.MonkeyPatch], None]


def rewritten(module: ModuleType, kind: str, pattern: str, replacement: str) -> Break:
    """Make Dagster use a storage class from a copy of its module in which the source is changed."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        source, count = re.subn(pattern, replacement, inspect.getsource(module))
        assert count, f"{module.__name__} does not contain {pattern}"
        copy = ModuleType(f"{module.__name__}_changed")
        copy.__file__, copy.__package__ = module.__file__, module.__package__
        patch.setitem(sys.modules, copy.__name__, copy)
        exec(compile(source, str(module.__file__), "exec"), copy.__dict__)  # noqa: S102
        patch.setattr(sqlite_storage, kind, getattr(copy, kind))

    return apply


def in_events(pattern: str, replacement: str) -> Break:
    return rewritten(sqlite_event_log, "SqliteEventLogStorage", pattern, replacement)


def without_instance_ref(patch: pytest.MonkeyPatch) -> None:
    """Import pooled_storage where Dagster has no InstanceRef."""
    with pytest.MonkeyPatch.context() as missing:
        missing.setitem(sys.modules, "dagster._core.instance.ref", ModuleType("ref"))
        source = inspect.getsource(pooled_storage)
        copy = ModuleType(pooled_storage.__name__)
        patch.setitem(sys.modules, copy.__name__, copy)
        exec(compile(source, str(pooled_storage.__file__), "exec"), copy.__dict__)  # noqa: S102


def without_change_count(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(_ConnectionFairy, "driver_connection")


def without(name: str) -> Break:
    """Make pooled_storage see a SQLAlchemy that lacks a name."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        names = {key: value for key, value in vars(db).items() if key != name}
        patch.setattr(pooled_storage, "db", SimpleNamespace(**names))

    return apply


def with_other_pool_options(patch: pytest.MonkeyPatch) -> None:
    """Make pooled_storage see a SQLAlchemy whose engines have no such pool."""

    def create_engine(url: str, *, pool_size: int, connect_args: dict[str, int]) -> db.Engine:
        raise NotImplementedError

    patch.setattr(pooled_storage, "db", SimpleNamespace(**vars(db) | {"create_engine": create_engine}))


BREAKS: dict[str, Break] = {
    "InstanceRef": without_instance_ref,
    "events._connect": in_events(r"\b_connect\b", "_open"),
    "events._connect(shard)": in_events(
        r"def _connect\(self, shard: str\)", "def _connect(self, shard, x=0)"
    ),
    "events._initdb": in_events(r"\b_initdb\b", "_create"),
    "events._db_lock": in_events(r"\b_db_lock\b", "_lock"),
    "events._initialized_dbs": in_events(r"\b_initialized_dbs\b", "_created"),
    "events.conn_string_for_shard": in_events(r"\bconn_string_for_shard\b", "url_of"),
    "events.path_for_shard": in_events(r"\bpath_for_shard\b", "path_of"),
    "events.has_table": in_events(r"def has_table\(self, table_name: str\)", "def has_table(self, name)"),
    "events.dispose": in_events(r"def dispose\(self\)", "def dispose(self, wait=True)"),
    "the index's name": in_events('INDEX_SHARD_NAME = "index"', 'INDEX_SHARD_NAME = "all"'),
    "sqlalchemy.create_engine": without("create_engine"),
    "sqlalchemy.create_engine(max_overflow)": with_other_pool_options,
    "sqlalchemy.inspect": without("inspect"),
    "sqlalchemy's driver_connection": without_change_count,
}


@pytest.mark.parametrize("change", BREAKS)
def test_where_dagster_differs_its_own_connections_are_used_with_one_warning(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pooled_storage._warn_once.cache_clear()
    BREAKS[change](monkeypatch)
    with instance_in(tmp_path) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as again:
        run_on(instance)
        (events,) = messages(again).values()
        assert "a line" in events
    warnings = [record for record in caplog.records if record.name == "velib.storage"]
    assert len(warnings) == 1
    assert "connections are not kept open" in warnings[0].getMessage()


def test_no_warning_with_the_pinned_versions(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with instance_in(tmp_path) as instance:
        run_on(instance)
    assert [record for record in caplog.records if record.name == "velib.storage"] == []


def test_events_of_a_block_are_stored_together(tmp_path: Path) -> None:
    """Other processes see none before the end of the block, and all of them afterwards."""
    asset = dg.AssetKey("reported")
    with instance_in(tmp_path) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        assert isinstance(instance, pooled_storage.PooledInstance)
        with instance.one_transaction():
            for hour in ("one", "two"):
                instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=hour))
            assert other.get_materialized_partitions(asset) == set()
        assert other.get_materialized_partitions(asset) == {"one", "two"}
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition="three"))
        assert len(other.get_materialized_partitions(asset)) == 3


def test_block_that_fails_stores_nothing(tmp_path: Path) -> None:
    asset = dg.AssetKey("reported")
    with instance_in(tmp_path) as instance:
        assert isinstance(instance, pooled_storage.PooledInstance)

        def interrupted() -> None:
            with instance.one_transaction():
                instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition="one"))
                raise RuntimeError("interrupted")

        with pytest.raises(RuntimeError):
            interrupted()
        assert instance.get_materialized_partitions(asset) == set()
