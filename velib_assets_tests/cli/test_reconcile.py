"""`velib reconcile`: Dagster learns again what the lake holds."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.clean import local_clean_job
from velib_assets.cli.runs import open_instance
from velib_assets.defs.partitions import key_of
from velib_assets.defs.reconciliation import LAYERS
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import clean_key, hour_text, raw_key
from velib_assets.query.kpis import VIEWS
from velib_assets.settings import Settings
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.defs.test_graph import archive
from velib_assets_tests.samples import HOUR, at, body, records

FIRST, LAST = hour_text(HOUR), hour_text(HOUR + timedelta(hours=2))
HOURS = [HOUR, HOUR + timedelta(hours=2)]


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A lake with two hours, whose home is lost."""
    terminal = Terminal(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    folder = archive(tmp_path / "archive", {at(0): body(records()), HOURS[1]: body(records(39))})
    recorded: Mapping[str, str] = {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(folder)}
    terminal.env |= recorded
    assert terminal.velib("backfill").exit_code == 0
    shutil.rmtree(tmp_path / "home")
    return terminal


def facts(lake: Path, asset: str, hour: str) -> dict[str, object]:
    """Return the metadata of the newest materialization of an hour."""
    with open_instance(Settings(lake=lake)) as instance:
        wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[hour])
        (record,) = instance.fetch_materializations(wanted, limit=1).records
        assert record.asset_materialization
        return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def materialized(lake: Path) -> dict[str, set[str]]:
    """Return the materialized hours of each layer."""
    with open_instance(Settings(lake=lake)) as instance:
        return {asset: instance.get_materialized_partitions(dg.AssetKey(asset)) for asset in LAYERS}


def test_lost_home_knows_every_hour_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("an hour was cleaned again")

    monkeypatch.setattr(local_clean_job, "rebuild_hour", never)
    result = terminal.velib("reconcile")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("2 hours reported as materialized, 0 already known\n")
    assert materialized(terminal.lake) == {layer: {key_of(hour) for hour in HOURS} for layer in LAYERS}
    clean = facts(terminal.lake, "clean_stations", key_of(HOURS[1]))
    assert (clean["dagster/row_count"], clean["snapshots"], clean["newest_snapshot"]) == (
        39,
        1,
        HOURS[1].timestamp(),
    )
    assert facts(terminal.lake, "raw_snapshot", key_of(HOURS[0]))["snapshots"] == 1
    with open_instance(Settings(lake=terminal.lake)) as instance:
        names = [*(view.name for view in VIEWS), "velib_report"]
        assert all(instance.get_latest_materialization_event(dg.AssetKey(name)) for name in names)


def test_second_time_reports_nothing(terminal: Terminal) -> None:
    terminal.velib("reconcile")
    result = terminal.velib("reconcile")
    assert result.exit_code == 0
    assert result.stdout.startswith("0 hours reported as materialized, 2 already known\n")
    with open_instance(Settings(lake=terminal.lake)) as instance:
        assert len(instance.fetch_materializations(dg.AssetKey("clean_stations"), limit=9).records) == 2


def test_range_reports_its_hours_only(terminal: Terminal) -> None:
    assert terminal.velib("reconcile", FIRST, FIRST).stdout.startswith("1 hour reported")
    assert terminal.velib("reconcile").stdout.startswith("1 hour reported as materialized, 1 already known\n")


def test_hours_of_a_run_are_known(terminal: Terminal) -> None:
    """Their digest is that of the footer."""
    assert terminal.velib("backfill").exit_code == 0
    assert terminal.velib("reconcile").stdout.startswith(
        "0 hours reported as materialized, 2 already known\n"
    )


def test_days_of_a_run_are_known(terminal: Terminal) -> None:
    """Also in a new home: the closed month, and the local day that the last hour of the second day begins.

    The local day before that one has no snapshot.
    """
    hours = {at(0): body(records()), HOUR + timedelta(hours=37): body(records())}  # 23:00 on the next day
    terminal.env["VELIB_ARCHIVE"] = str(archive(terminal.lake.parent / "two days", hours))
    count = 2 + 1 + 3 * 2  # days, a month, and the three daily KPIs of two local days
    for _ in range(2):
        assert terminal.velib("backfill").exit_code == 0
        said = f"0 partitions of the daily layer reported as materialized, {count} already known\n"
        assert said in terminal.velib("reconcile").stdout
        shutil.rmtree(terminal.lake / ".." / "home")
    said = f"{count} partitions of the daily layer reported as materialized, 0 already known\n"
    assert said in terminal.velib("reconcile").stdout


def test_hour_that_others_cleaned_again_is_reported_again(terminal: Terminal) -> None:
    terminal.velib("reconcile")
    shutil.move(terminal.lake / ".." / "home", terminal.lake / ".." / "aside")
    late = archive(terminal.lake.parent / "late", {at(0): body(records()), at(30): body(records())})
    terminal.velib("backfill", FIRST, FIRST)
    terminal.env["VELIB_ARCHIVE"] = str(late)
    terminal.velib("backfill", FIRST, FIRST)
    shutil.rmtree(terminal.lake / ".." / "home")
    shutil.move(terminal.lake / ".." / "aside", terminal.lake / ".." / "home")
    assert terminal.velib("reconcile").stdout.startswith("1 hour reported as materialized, 1 already known\n")
    assert facts(terminal.lake, "clean_stations", key_of(HOURS[0]))["snapshots"] == 2


def test_partition_that_the_catalog_lacks_is_registered(terminal: Terminal) -> None:
    from velib_assets.catalog.sqlite_catalog import LocalCatalog

    catalog = LocalCatalog(terminal.lake)
    catalog.unregister([HOURS[0]])
    assert "1 partition registered" in terminal.velib("reconcile").stdout
    assert len(catalog.partitions(HOURS)) == 2


def test_damaged_clean_file_is_listed_and_not_reported(terminal: Terminal) -> None:
    (terminal.lake / clean_key(HOURS[0])).write_bytes(b"damaged")
    result = terminal.velib("reconcile")
    assert result.exit_code == 1
    assert clean_key(HOURS[0]) in result.stderr
    assert materialized(terminal.lake)["clean_stations"] == {key_of(HOURS[1])}


def test_hour_with_raw_alone_is_listed(terminal: Terminal) -> None:
    (terminal.lake / clean_key(HOURS[0])).unlink()
    result = terminal.velib("reconcile")
    assert f"not cleaned yet: {FIRST}" in result.stderr
    assert materialized(terminal.lake)["raw_snapshot"] == {key_of(hour) for hour in HOURS}
    assert materialized(terminal.lake)["clean_stations"] == {key_of(HOURS[1])}


def test_hour_without_usable_raw_is_not_said_to_be_cleaned(terminal: Terminal) -> None:
    """Nothing cleans it: `velib backfill` has put its snapshot into quarantine."""
    later = HOURS[1] + timedelta(hours=1)
    FolderStore(terminal.lake).create(raw_key(later), b"garbage")
    terminal.velib("backfill", hour_text(later), hour_text(later))
    result = terminal.velib("reconcile")
    assert (result.exit_code, result.stderr) == (0, "")


def test_empty_lake_is_an_error(tmp_path: Path) -> None:
    result = Terminal(tmp_path).velib("reconcile")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"There is no lake at {tmp_path / 'lake'}" in result.stderr
    assert FolderStore(tmp_path / "lake").folders("") == []


def test_range_without_hours_is_an_error(terminal: Terminal) -> None:
    result = terminal.velib("reconcile", "2020-01-01", "2020-01-02")
    assert (result.exit_code, "2020-01-02T23" in result.stderr) == (1, True)


def test_one_end_of_a_range_is_a_usage_error(terminal: Terminal) -> None:
    assert terminal.velib("reconcile", FIRST).exit_code == 2


def test_first_hour_after_the_last_is_a_usage_error(terminal: Terminal) -> None:
    result = terminal.velib("reconcile", LAST, FIRST)
    assert (result.exit_code, result.stderr) == (2, f"velib: FROM {LAST} is after TO {FIRST}\n")
