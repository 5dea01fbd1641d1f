"""The daily layer of `velib backfill` and `velib discard`: which days are built, and what is printed."""

import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.retirement import retire_before
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import history_day_key, history_month_key, parse_day
from velib_assets_tests.cli.test_backfill import put, rows
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.samples import body, records
from velib_assets_tests.waiting import wait_for_room

FIRST, SECOND = "2022-06-04", "2022-06-05"
WHY = ("--reason", "the counts are wrong")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose archive has three hours of two days."""
    folder = tmp_path / "archive"
    put(
        folder,
        "20220604T100000Z.json",
        "20220604T230000Z.json",
        "20220605T000000Z.json",
        data=body(records()),
    )
    terminal = Terminal(tmp_path)
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(folder)}
    return terminal


def days(terminal: Terminal) -> list[tuple[object, object]]:
    """Return the days of the table `velib_history`, with their rows."""
    sql = 'SELECT "date", count(*) AS n FROM velib_history GROUP BY 1 ORDER BY 1'
    return [(row["date"], row["n"]) for row in rows(terminal, sql)]


def test_days_of_a_backfill_are_built_after_its_hours(terminal: Terminal) -> None:
    result = terminal.velib("backfill")
    assert result.exit_code == 0, result.stderr
    lines = result.stderr.splitlines()
    assert next(line for line in lines if line.startswith("[  1/2]")).startswith(
        f"[  1/2] {FIRST}  80 rows of 2 hours"
    )
    assert next(line for line in lines if line.startswith("2022-06  ")).startswith(
        "2022-06  120 rows of 2 days"
    )
    assert "2 days in the history, 120 rows" in result.stderr
    assert days(terminal) == [(FIRST, 80), (SECOND, 40)]
    with dg.DagsterInstance.from_config(str(terminal.env["DAGSTER_HOME"])) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("station_history")) == {FIRST, SECOND}


def test_day_that_is_not_over_is_not_built(terminal: Terminal, tmp_path: Path) -> None:
    now = wait_for_room(timedelta(days=1), timedelta(minutes=2))
    put(tmp_path / "archive", f"{now:%Y%m%dT%H%M%SZ}.json")
    result = terminal.velib("backfill", f"{now:%Y-%m-%dT%H}", f"{now:%Y-%m-%dT%H}")
    assert result.exit_code == 0, result.stderr
    assert "in the history" not in result.stderr
    assert not (terminal.lake / "history").exists()


def test_failed_day_is_named_with_its_reason_and_the_command_that_repeats_it(terminal: Terminal) -> None:
    blocked = terminal.lake / history_day_key(parse_day(FIRST))
    (blocked / "in the way").mkdir(parents=True)
    result = terminal.velib("backfill")
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith(f"velib: {FIRST} ")]
    assert "station_history" in line
    assert f"Run `velib backfill {FIRST} {FIRST}`" in line
    assert "3 hours clean" in result.stderr
    assert days(terminal) == [(SECOND, 40)]
    (blocked / "in the way").rmdir()
    blocked.rmdir()
    again = terminal.velib("backfill", f"{FIRST}T10", f"{FIRST}T10")
    assert again.exit_code == 0, again.stderr
    assert days(terminal) == [(FIRST, 80), (SECOND, 40)]


def test_discarded_hour_leaves_its_day(terminal: Terminal) -> None:
    assert terminal.velib("backfill").exit_code == 0
    result = terminal.velib("discard", f"{FIRST}T23", f"{FIRST}T23", *WHY)
    assert result.exit_code == 0, result.stderr
    assert days(terminal) == [(FIRST, 40), (SECOND, 40)]


def test_day_of_which_all_is_discarded_leaves_the_history_and_its_month(terminal: Terminal) -> None:
    assert terminal.velib("backfill").exit_code == 0
    result = terminal.velib("discard", FIRST, FIRST, *WHY)
    assert result.exit_code == 0, result.stderr
    assert f"removed from the history: {FIRST}" in result.stderr
    assert days(terminal) == [(SECOND, 40)]
    assert not (terminal.lake / history_day_key(parse_day(FIRST))).exists()
    month = terminal.lake / history_month_key(parse_day(FIRST))
    assert month.exists()
    assert terminal.velib("discard", SECOND, SECOND, *WHY).exit_code == 0
    assert days(terminal) == []
    assert not month.exists()


@pytest.fixture
def retired(terminal: Terminal) -> Terminal:
    """A terminal whose hours of the first day are retired."""
    assert terminal.velib("backfill").exit_code == 0
    before = terminal.velib("status", "--format", "json").stdout
    store, catalog = FolderStore(terminal.lake), LocalCatalog(terminal.lake)
    (outcome,) = retire_before(store, catalog, parse_day(SECOND))
    assert outcome.hours == 2
    assert terminal.velib("status", "--format", "json").stdout == before != ""
    return terminal


def hours(terminal: Terminal) -> list[object]:
    """Return the hours of the table `source_velib`."""
    found = rows(terminal, 'SELECT DISTINCT "date", "hour" FROM source_velib ORDER BY 1, 2')
    return [f"{row['date']}T{row['hour']}" for row in found]


def test_retired_hours_are_in_the_history_alone_and_nothing_misses_them(retired: Terminal) -> None:
    assert hours(retired) == [f"{SECOND}T00"]
    assert days(retired) == [(FIRST, 80), (SECOND, 40)]
    assert retired.velib("verify").exit_code == 0
    reconciled = retired.velib("reconcile")
    assert reconciled.exit_code == 0, reconciled.stderr
    assert "not cleaned yet" not in reconciled.stderr


def test_backfill_of_a_retired_hour_cleans_all_hours_of_its_day(retired: Terminal) -> None:
    result = retired.velib("backfill", f"{FIRST}T10", f"{FIRST}T10")
    assert result.exit_code == 0, result.stderr
    assert f"2 hours of retired days are cleaned again: {FIRST}T10, {FIRST}T23" in result.stderr
    assert hours(retired) == [f"{FIRST}T10", f"{FIRST}T23", f"{SECOND}T00"]
    assert days(retired) == [(FIRST, 80), (SECOND, 40)]


def test_discard_of_a_retired_hour_keeps_the_others(retired: Terminal) -> None:
    result = retired.velib("discard", f"{FIRST}T10", f"{FIRST}T10", *WHY)
    assert result.exit_code == 0, result.stderr
    assert hours(retired) == [f"{FIRST}T23", f"{SECOND}T00"]
    assert days(retired) == [(FIRST, 40), (SECOND, 40)]
    assert retired.velib("verify").exit_code == 0


def test_lost_home_learns_the_days_from_the_lake(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.velib("backfill").exit_code == 0
    terminal.env["DAGSTER_HOME"] = str(tmp_path / "new home")
    catalog = LocalCatalog(terminal.lake)
    before = catalog.history()
    catalog.unregister_history([FIRST])
    days = terminal.lake / "kpi/source=velib/kpi_daily_network"
    shutil.copytree(days / f"date={FIRST}", days / f"date={FIRST} (copy)")  # is left alone
    result = terminal.velib("reconcile")
    assert result.exit_code == 0, result.stderr
    assert "of the daily layer reported as materialized, 0 already known" in result.stdout
    assert "1 history file registered, which the catalog lacked" in result.stdout
    assert [file.period for file in catalog.history()] == [file.period for file in before]
    with dg.DagsterInstance.from_config(str(terminal.env["DAGSTER_HOME"])) as instance:
        known = {
            name: instance.get_materialized_partitions(dg.AssetKey(name))
            for name in ("station_history", "station_history_months", "kpi_daily_network")
        }
    assert known["station_history"] == {FIRST, SECOND}
    assert known["station_history_months"] == {"2022-06"}
    assert FIRST in known["kpi_daily_network"]
    again = terminal.velib("reconcile")
    assert "0 partitions of the daily layer reported as materialized" in again.stdout
