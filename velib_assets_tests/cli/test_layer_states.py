"""What the summary says of an hour that failed is true in each position of the failure."""

import json
import shutil
import sqlite3
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog import sqlite_catalog
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.rebuild import footer_of
from velib_assets.cli.layer_states import layer_states
from velib_assets.defs.partitions import key_of
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import STATIONS_KEY, clean_key, hour_prefix
from velib_assets_tests.cli.test_commands import HERE, Terminal
from velib_assets_tests.defs.test_graph import archive
from velib_assets_tests.samples import HOUR, at, body, records

FAILED = f"velib: {HERE} failed, "


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with one snapshot, through all layers."""
    folder = tmp_path_factory.mktemp("built")
    terminal = Terminal(folder)
    recorded = archive(folder / "archive", {at(0): body(records())})
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(recorded)}
    assert terminal.velib("backfill", HERE, HERE).exit_code == 0
    return terminal.lake


@pytest.fixture
def terminal(built: Path, tmp_path: Path) -> Terminal:
    """A terminal whose archive has one snapshot more than its lake."""
    terminal = Terminal(tmp_path)
    shutil.copytree(built, terminal.lake)
    recorded = archive(tmp_path / "archive", {at(0): body(records()), at(15): body(records())})
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(recorded)}
    return terminal


def backfill(terminal: Terminal) -> str:
    result = terminal.velib("backfill", HERE, HERE)
    assert (result.exit_code, "Traceback" in result.output) == (1, False), result.output
    return result.stderr


def snapshots(terminal: Terminal) -> int:
    footer = footer_of(FolderStore(terminal.lake), HOUR)
    return len(footer.snapshots) if footer else 0


def test_registration_fails_in_a_locked_catalog(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary said that the clean file was as before, although it was rewritten."""
    monkeypatch.setattr(sqlite_catalog, "BUSY_SECONDS", 0.2)
    with sqlite3.connect(terminal.lake / "catalog.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = backfill(terminal)
        other.execute("ROLLBACK")
    assert snapshots(terminal) == 2
    assert f"{FAILED}its clean file was written, but the catalog cannot be read: source_velib: " in said
    assert "was locked by another process" in said
    assert "The clean file is complete, only its registration failed" in said


def test_registration_fails_while_the_catalog_is_read(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader's lock lets others read, and keeps them from writing."""
    monkeypatch.setattr(sqlite_catalog, "BUSY_SECONDS", 0.2)
    with sqlite3.connect(terminal.lake / "catalog.sqlite", isolation_level=None) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM partitions").fetchall()
        said = backfill(terminal)
        other.execute("ROLLBACK")
    assert snapshots(terminal) == 2
    phrase = (
        "its clean file was written, and queries read it, but the catalog has the counts of the file before"
    )
    assert f"{FAILED}{phrase}: source_velib: {terminal.lake}/catalog.sqlite was locked" in said
    sql = "SELECT count(*) AS n FROM source_velib"
    assert json.loads(terminal.velib("query", sql, "--format", "json").stdout) == [{"n": 80}]


def test_alert_says_which_layer_failed(terminal: Terminal) -> None:
    (terminal.lake / "catalog.sqlite-journal").mkdir()
    (terminal.lake / "catalog.sqlite-journal" / "x").touch()
    backfill(terminal)
    with dg.DagsterInstance.from_config(str(terminal.env["DAGSTER_HOME"])) as instance:
        key = dg.AssetCheckKey(dg.AssetKey("source_velib"), "table_schema")
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        evaluation = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
    assert evaluation.partition == key_of(HOUR)
    assert "catalog.sqlite" in str(evaluation.description)
    assert str(evaluation.description).endswith("only its registration failed; healing repeats it")


def test_folder_in_the_place_of_the_clean_file(terminal: Terminal) -> None:
    path = terminal.lake / clean_key(HOUR)
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    said = backfill(terminal)
    assert f"{FAILED}no clean file was written: clean_stations: " in said
    assert f"{path} cannot be written: a folder is in its place" in said


def test_raw_that_cannot_be_stored(terminal: Terminal) -> None:
    """A file is in the place of the folder of the hour; the hour before had a clean file."""
    folder = terminal.lake / hour_prefix("raw", HOUR).rstrip("/")
    folder.rename(folder.with_name("moved"))
    folder.touch()
    said = backfill(terminal)
    assert f"{FAILED}its clean file is unchanged: raw_snapshot: " in said
    assert "a file is in the place of a folder" in said
    assert snapshots(terminal) == 1


def test_register_and_report_that_cannot_be_written_are_named(terminal: Terminal) -> None:
    for key in (STATIONS_KEY, "reports/velib_report.html"):
        (terminal.lake / key).unlink()
        (terminal.lake / key).mkdir()
        (terminal.lake / key / "x").touch()
    said = backfill(terminal)
    assert FAILED not in said
    assert "1 hour clean, 80 rows" in said
    assert "velib_report.html cannot be written: a folder is in its place" in said
    assert "stations wrote nothing" in said


def test_snapshot_that_was_stored_and_not_cleaned_is_counted(terminal: Terminal) -> None:
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    store.create(hour_prefix("raw", HOUR) + "velib_20220604_103000.json.gz", b"x")
    said = layer_states(store, catalog, HOUR, set(), ("raw_snapshot", "clean_stations", "source_velib"))
    assert said == "raw has 1 snapshot not cleaned yet, its clean file is unchanged"


def test_snapshot_in_quarantine_does_not_count_as_not_cleaned(terminal: Terminal) -> None:
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    store.create(hour_prefix("raw", HOUR) + "velib_20220604_103000.json.gz", b"x")
    assert [result.error for result in LocalCleanJob(store).run([HOUR])] == [""]
    said = layer_states(store, catalog, HOUR, set(), ("raw_snapshot", "clean_stations", "source_velib"))
    assert said.startswith("its clean file is up to date, and queries read it")


def test_hour_that_is_not_registered(terminal: Terminal) -> None:
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    layers = ("clean_stations", "source_velib")
    assert layer_states(store, catalog, HOUR, set(), layers) == (
        "its clean file is up to date, and it is registered"
    )
    catalog.unregister([HOUR])
    assert layer_states(store, catalog, HOUR, {"clean_stations"}, layers) == (
        "its clean file was written, but it is not registered, so queries do not see it"
    )


def test_interrupted_discard_says_what_is_done_and_what_is_not(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clean file is gone and the partition is not; running the command again completes it."""
    monkeypatch.setattr(sqlite_catalog, "BUSY_SECONDS", 0.2)
    command = ("discard", HERE, HERE, "--reason", "wrong")
    with sqlite3.connect(terminal.lake / "catalog.sqlite", isolation_level=None) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM partitions").fetchall()
        result = terminal.velib(*command)
        other.execute("ROLLBACK")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert "moved to " in result.stderr
    assert "catalog.sqlite was locked by another process" in result.stderr
    assert "The snapshots are in quarantine, but not all that was made from them" in result.stderr
    assert terminal.velib(*command).exit_code == 0
    assert LocalCatalog(terminal.lake).partitions() == []
