"""`velib backfill`: what it plans, and what it says about the files of an archive."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.samples import body, record, records

EXPORT = body(records())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def terminal(tmp_path: Path, folder: Path) -> Terminal:
    """A terminal whose source is an archive."""
    terminal = Terminal(tmp_path)
    terminal.env |= {
        "VELIB_SOURCE": "archive",
        "VELIB_ARCHIVE": str(folder),
        "VELIB_ARCHIVE_TIMEZONE": None,
        "VELIB_ARCHIVE_COLUMNS": None,
        "VELIB_FIRST_HOUR": None,
    }
    return terminal


def put(folder: Path, *names: str, data: bytes = EXPORT) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def rows(terminal: Terminal, sql: str) -> list[dict[str, object]]:
    result = terminal.velib("query", sql, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def test_without_from_and_to_all_of_the_archive_is_loaded(terminal: Terminal, folder: Path) -> None:
    """Also years before 2022, and several stretches."""
    put(folder, "20180704T100000Z.json", "2022/06/04/1000.json", "20220605T113000Z.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, "3 hours clean, 120 rows" in result.stderr) == (0, True), result.stderr
    assert rows(terminal, 'SELECT DISTINCT "date" FROM source_velib ORDER BY 1') == [
        {"date": "2018-07-04"},
        {"date": "2022-06-04"},
        {"date": "2022-06-05"},
    ]


def test_descriptions_of_a_later_stretch_reach_an_earlier_one(terminal: Terminal, folder: Path) -> None:
    fields = ("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes")
    lost: dict[str, Any] = dict.fromkeys(fields)
    put(folder, "20220604T100000Z.json", data=body(records(**lost)))
    put(folder, "20220604T120000Z.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, "2 hours clean, 80 rows" in result.stderr) == (0, True), result.stderr
    assert "none yet" not in result.stderr
    assert rows(terminal, "SELECT count(name) AS named, count(*) AS n FROM source_velib") == [
        {"named": 80, "n": 80}
    ]


def test_days_mean_their_first_and_their_last_hour(terminal: Terminal, folder: Path) -> None:
    put(folder, *(f"2022060{day}T{hour}0000Z.json" for day in (3, 4, 5) for hour in ("00", "23")))
    result = terminal.velib("backfill", "2022-06-04", "2022-06-04")
    assert result.exit_code == 1  # the hours between them have no source
    assert "2 hours clean, 80 rows" in result.stderr
    assert "velib: skipped 2022-06-04T01 to 2022-06-04T22: no source" in result.stderr


def test_a_day_and_an_hour_can_be_combined(terminal: Terminal, folder: Path) -> None:
    put(folder, "20220604T000000Z.json", "20220604T010000Z.json")
    result = terminal.velib("backfill", "2022-06-04", "2022-06-04T01")
    assert (result.exit_code, "2 hours clean" in result.stderr) == (0, True)


@pytest.mark.parametrize("day", ["2022-02-30", "2022-6-4", "04-06-2022"])
def test_other_days_are_a_usage_error(terminal: Terminal, day: str) -> None:
    result = terminal.velib("backfill", day, day)
    assert (result.exit_code, "is not an hour" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("source", "said"), [("opendata", "has no past"), ("gbfs", "has no past"), ("simulator", "for any time")]
)
def test_other_sources_need_from_and_to(terminal: Terminal, source: str, said: str) -> None:
    terminal.env["VELIB_SOURCE"] = source
    result = terminal.velib("backfill")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"velib: VELIB_SOURCE: {source} " in result.stderr
    assert said in result.stderr
    assert "Write FROM and TO" in result.stderr
    assert not terminal.lake.exists()


def test_from_alone_is_a_usage_error(terminal: Terminal) -> None:
    result = terminal.velib("backfill", "2022-06-04")
    assert (result.exit_code, "Missing argument 'TO'" in result.stderr) == (2, True)


def test_files_that_are_not_recognised_are_counted_and_two_are_named(
    terminal: Terminal, folder: Path
) -> None:
    put(folder, "20220604T100000Z.json", "a.json", "b.json", "c.json")
    result = terminal.velib("backfill")
    assert result.exit_code == 0
    assert "archive: 3 files are not recognised (for example a.json, b.json): neither" in result.stderr


def test_ambiguous_hour_is_refused_by_name_and_exits_with_1(terminal: Terminal, folder: Path) -> None:
    terminal.env["VELIB_ARCHIVE_TIMEZONE"] = "Europe/Paris"
    put(folder, "velib_data_20241027_013000.json", "velib_data_20241027_023000.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, "1 hour clean, 40 rows" in result.stderr) == (1, True)
    message = "velib_data_20241027_023000.json: 2024-10-27 02:30:00 occurs twice in Europe/Paris"
    assert f"velib: not loaded: {message}" in result.stderr
    assert rows(terminal, 'SELECT DISTINCT "date", hour FROM source_velib') == [
        {"date": "2024-10-26", "hour": "23"}
    ]


def test_columns_that_no_file_has_are_said_once(terminal: Terminal, folder: Path) -> None:
    terminal.env["VELIB_ARCHIVE_COLUMNS"] = "station_id=code,bikes=nb_velos,docks=nb_bornes,name=titre"
    table = b"code,nb_velos,nb_bornes,titre\n1001,3,7,Ici\n"
    put(folder, "20220604T100000Z.csv", "20220604T110000Z.csv", "20220605T110000Z.csv", data=table)
    result = terminal.velib("backfill")
    assert (result.exit_code, result.stderr.count("not in the files: ")) == (0, 1)
    assert (
        "is_installed, capacity, mechanical, ebikes, is_renting, is_returning, reported_ts" in result.stderr
    )
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert [line for line in warnings if "slots have no snapshot" not in line] == [
        line for line in warnings if "not in the files: " in line
    ]
    assert rows(terminal, "SELECT DISTINCT station_id, name, bikes, docks, capacity FROM source_velib") == [
        {"station_id": "1001", "name": "Ici", "bikes": 3, "docks": 7, "capacity": None}
    ]


def test_a_column_that_the_files_have_but_leave_empty_is_still_reported(
    terminal: Terminal, folder: Path
) -> None:
    terminal.env["VELIB_ARCHIVE_COLUMNS"] = "station_id=code,bikes=nb_velos,docks=nb_bornes,name=titre"
    table = b"code,nb_velos,nb_bornes,titre\n1001,3,7,\n"
    put(folder, "20220604T100000Z.csv", data=table)
    result = terminal.velib("backfill")
    assert "warning: clean_stations: 1 row lacks a name, position or capacity" in result.stderr
    assert "warning: clean_stations: missing: name: " in result.stderr


def test_wrong_settings_of_the_archive_are_reported_together(terminal: Terminal) -> None:
    terminal.env |= {
        "VELIB_ARCHIVE_TIMEZONE": "Paris",
        "VELIB_ARCHIVE_COLUMNS": "code=station_id",
        "VELIB_FIRST_HOUR": "2018",
    }
    result = terminal.velib("backfill")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "VELIB_ARCHIVE_TIMEZONE",
        "VELIB_ARCHIVE_COLUMNS",
        "VELIB_FIRST_HOUR",
    ]
    assert "write UTC or a name such as Europe/Paris" in lines[0]
    assert "write one of station_id, name, is_installed" in lines[1]


def test_hours_before_the_first_partition_are_refused_with_the_setting(
    terminal: Terminal, folder: Path
) -> None:
    put(folder, "20170704T100000Z.json", "20220604T100000Z.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, "1 hour clean" in result.stderr) == (1, True)
    assert (
        "velib: not loaded: 2017-07-04T10: before the first partition, 2018-01-01T00. "
        "Set VELIB_FIRST_HOUR=2017-07-04T10" in result.stderr
    )
    terminal.env["VELIB_FIRST_HOUR"] = "2017-07-04T10"
    result = terminal.velib("backfill", "2017-07-04T10", "2017-07-04T10")
    assert (result.exit_code, "1 hour clean, 40 rows" in result.stderr) == (0, True)


def test_other_records_than_raw_are_said_with_the_command_that_replaces_them(
    terminal: Terminal, folder: Path
) -> None:
    put(folder, "20220604T100000Z.json")
    assert terminal.velib("backfill").exit_code == 0
    put(folder, "20220604T100000Z.json", data=body([*records(), record("9999")]))
    result = terminal.velib("backfill")
    assert (result.exit_code, "1 hour clean, 40 rows" in result.stderr) == (0, True)
    assert (
        "warning: raw_snapshot: the archive has other records than raw for 2022-06-04T10:00:00Z"
        in result.stderr
    )
    assert "velib discard 2022-06-04T10 2022-06-04T10 --snapshot raw/source=velib/" in result.stderr


def test_files_of_the_future_are_not_loaded(terminal: Terminal, folder: Path) -> None:
    put(folder, "20220604T100000Z.json", "29990604T100000Z.json")
    put(folder, "20990604T100000Z.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, "1 hour clean" in result.stderr) == (1, True)
    assert "velib: not loaded: 2099-06-04T10: in the future" in result.stderr


def test_archive_without_a_snapshot_is_a_wrong_setting(terminal: Terminal, folder: Path) -> None:
    put(folder, "notes.json")
    result = terminal.velib("backfill")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "velib: VELIB_ARCHIVE: " in result.stderr
    assert "notes.json" in result.stderr


def test_lake_is_rebuilt_from_the_folders_that_are_backed_up(terminal: Terminal, folder: Path) -> None:
    """Those that docs/operating.md names, without any source that has a past."""
    put(folder, "20220604T100000Z.json", "20220604T113000Z.json")
    put(folder, "20220604T114500Z.json", data=b"<html>")
    terminal.velib("backfill")
    text = (CHECKOUT / "docs" / "operating.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^rsync -a (.*) backup-host:/backup/velib/$", text, re.MULTILINE)
    backup = terminal.lake.with_name("restored")
    for name in (Path(word).name for word in command.split()):
        shutil.copytree(terminal.lake / name, backup / name)
    sql = (
        'SELECT "hour", count(*) AS n, sum(bikes) AS bikes FROM source_velib GROUP BY "hour" ORDER BY "hour"'
    )
    before = rows(terminal, sql)
    terminal.env |= {
        "VELIB_LAKE": str(backup),
        "VELIB_SOURCE": "opendata",
        "DAGSTER_HOME": str(folder / "home"),
    }
    result = terminal.velib("backfill", "2022-06-04T10", "2022-06-04T11")
    assert result.exit_code == 0, result.stderr
    assert (rows(terminal, sql), len(before)) == (before, 2)
