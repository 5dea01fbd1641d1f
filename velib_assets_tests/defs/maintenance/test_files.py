"""What the maintenance job does to the files of the SQLite storage. PostgreSQL has none."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg

from velib_assets.settings import Settings
from velib_assets_tests.defs.instances import instance_in
from velib_assets_tests.defs.maintenance.test_maintenance import archive, files_of, later, maintain  # noqa: F401
from velib_assets_tests.defs.test_graph import run
from velib_assets_tests.samples import HOUR


def test_file_of_a_run_is_deleted(
    archive: Settings,  # noqa: F811 - a fixture
    instance: dg.DagsterInstance,
    later: Callable[[int], None],  # noqa: F811 - likewise
) -> None:
    old = run(archive, instance, HOUR).run_id
    assert f"{old}.db" in [path.name for path in files_of(instance, old)]
    later(31)
    maintain(archive, instance)
    assert files_of(instance, old) == []


def test_mostly_empty_file_is_compacted(
    archive: Settings,  # noqa: F811 - a fixture
    instance: dg.DagsterInstance,
    later: Callable[[int], None],  # noqa: F811 - likewise
) -> None:
    check_compaction(archive, instance, later)


def test_open_file_is_compacted(
    archive: Settings,  # noqa: F811 - a fixture
    tmp_path: Path,
    later: Callable[[int], None],  # noqa: F811 - likewise
) -> None:
    """The daemon and the webserver of `make dev` keep it open."""
    with instance_in(tmp_path) as daemon, instance_in(tmp_path) as instance:
        assert daemon.event_log_storage.get_materialized_partitions(dg.AssetKey("raw_snapshot")) == set()
        check_compaction(archive, instance, later)


def check_compaction(archive: Settings, instance: dg.DagsterInstance, later: Callable[[int], None]) -> None:  # noqa: F811
    for _ in range(4):
        run(archive, instance, HOUR)
    index = Path(instance.root_directory) / "history" / "runs" / "index.db"
    later(31)
    before = index.stat().st_size
    maintain(archive, instance)
    assert index.stat().st_size < before / 2
