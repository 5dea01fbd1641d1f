"""Dagster's history in files that stay open: the same rows, seen by others at once, and closed in time."""

from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import yaml

from velib_assets.defs.pooled_storage import PooledEvents, PooledSqliteStorage
from velib_assets_tests.defs.launching.instances import created, ours
from velib_assets_tests.defs.launching.some_jobs import well
from velib_assets_tests.waiting import wait_for

WAIT_SECONDS = 20


def messages(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """What each run's events say."""
    runs = [run.run_id for run in instance.get_runs()]
    return {run: [entry.message for entry in instance.all_logs(run)] for run in runs}


def run_on(instance: dg.DagsterInstance) -> None:
    assert well.execute_in_process(instance=instance).success


def test_it_is_what_the_repository_s_settings_name(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        assert isinstance(instance.get_ref().storage, PooledSqliteStorage)
        assert isinstance(instance.event_log_storage, PooledEvents)


def test_the_history_is_in_the_folder_asked_for_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "other"))
    with ours(tmp_path / "home") as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as again:
        run_on(instance)
        assert messages(again) == messages(instance) != {}
    assert not (tmp_path / "other").exists()


def test_a_home_may_change_to_the_default_storage_and_back(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        run_on(instance)
        before = messages(instance)
    settings = yaml.safe_load((tmp_path / "dagster.yaml").read_text())
    del settings["instance_class"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not isinstance(instance.event_log_storage, PooledEvents)
        assert messages(instance) == before
        run_on(instance)
        after = messages(instance)
    with ours(tmp_path) as instance:
        assert messages(instance) == after
        assert len(after) == 2


def test_who_watches_a_run_sees_each_event_as_it_comes(tmp_path: Path) -> None:
    """As the UI does, by another instance; the one that writes stays open."""
    seen: list[str] = []
    with ours(tmp_path) as watching, ours(tmp_path) as writing:
        run = created(writing, well)
        writing.report_engine_event("first", run)
        watching.watch_event_logs(run.run_id, None, lambda entry, _: seen.append(entry.message))
        for word in ("second", "third"):
            writing.report_engine_event(word, run)
            assert wait_for(partial(seen.__contains__, word), WAIT_SECONDS)


def test_looking_changes_no_file(tmp_path: Path) -> None:
    """Else a watcher's own look would wake it again."""
    with ours(tmp_path) as instance:
        run_on(instance)
        (run,) = instance.get_runs()
        path = Path(instance.event_log_storage.path_for_shard(run.run_id))  # type: ignore[attr-defined]
        before = path.stat().st_mtime_ns
        assert messages(instance)[run.run_id]
        assert path.stat().st_mtime_ns == before


def test_open_stay_the_index_the_runs_and_one_run(tmp_path: Path) -> None:
    with ours(tmp_path) as instance:
        first, second = created(instance, well), created(instance, well)
        for run in (first, second):
            instance.report_engine_event("begun", run)
        assert open_below(tmp_path) == {"index.db", "runs.db", f"{second.run_id}.db"}
    assert open_below(tmp_path) == set()


def open_below(folder: Path) -> set[str]:
    """The SQLite files below a folder that this process holds open."""
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = descriptor.readlink()
        except FileNotFoundError:  # the one that lists them
            continue
        if path.is_relative_to(folder) and path.suffix == ".db":
            held.add(path.name)
    return held
