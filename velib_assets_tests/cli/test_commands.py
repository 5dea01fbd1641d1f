"""The `velib` command: what it prints, where, and its exit status."""

import json
import shutil
import sqlite3
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pyarrow.csv
import pytest
from click.testing import CliRunner, Result

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli.commands import main
from velib_assets.defs import raw_snapshot
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import hour_prefix, hour_text
from velib_assets.lake.store import Stored
from velib_assets.query.kpis import KPIS
from velib_assets.query.view_sql import standalone_sql
from velib_assets_tests.defs.test_graph import EXPORT, archive
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import HOUR, at, body, raw, record, records

HERE = "2022-06-04T10"
BOTH = f"velib backfill {HERE} {HERE} && velib backfill 2022-06-04T12 2022-06-04T12"
FROZEN = Path(__file__).parent.parent / "frozen_lake" / "lake"


class Terminal:
    """Runs `velib` with its own settings."""

    def __init__(self, folder: Path) -> None:
        self.lake = folder / "lake"
        self.env: dict[str, str | None] = {
            "VELIB_LAKE": str(self.lake),
            "DAGSTER_HOME": str(folder / "home"),
            "VELIB_SOURCE": "opendata",
            "VELIB_ARCHIVE": None,
            "VELIB_ALERTS": None,
            "VELIB_TARGET": None,
        }

    def velib(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command."""
        return CliRunner().invoke(main, list(arguments), env=self.env, input=stdin)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def recorded(terminal: Terminal, tmp_path: Path) -> Terminal:
    """A terminal with an archive of two hours: one good snapshot each, and a bad one in the second."""
    later = HOUR + timedelta(hours=2)
    folder = archive(
        tmp_path / "archive",
        {
            at(0): body(records()),
            later: body([*records(), record("9999", capacity=-1)]),
            later + timedelta(minutes=15): b"<html>",
        },
    )
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(folder)}
    return terminal


def test_version_is_that_of_the_installed_package(terminal: Terminal) -> None:
    result = terminal.velib("--version")
    assert (result.exit_code, result.stdout) == (0, f"velib {metadata.version('velib-insights')}\n")


def test_backfill_lists_hours_without_a_source_and_exits_with_1(recorded: Terminal) -> None:
    result = recorded.velib("backfill", HERE, "2022-06-04T12")
    assert result.exit_code == 1
    assert "2 hours clean, 80 rows, 1 rejected" in result.stderr
    assert "velib: skipped 2022-06-04T11: no source has a snapshot" in result.stderr
    assert "quarantine/source=velib" in result.stderr


def test_backfill_exits_with_0_if_every_hour_was_cleaned(recorded: Terminal) -> None:
    """A quarantined snapshot beside it is printed, and does not change the status."""
    result = recorded.velib("backfill", "2022-06-04T12", "2022-06-04T12")
    assert (result.exit_code, "1 quarantined: " in result.stderr) == (0, True)


def test_failed_hour_is_reported_with_its_reason(recorded: Terminal, tmp_path: Path) -> None:
    (tmp_path / "archive" / "20220604T110000Z.json").write_bytes(b"[]")
    result = recorded.velib("backfill", HERE, "2022-06-04T12")
    assert result.exit_code == 1
    assert (
        "velib: 2022-06-04T11 failed, no clean file was written: "
        "raw_snapshot: the response contains no stations" in result.stderr
    )
    assert "2 hours clean" in result.stderr


def test_hour_that_keeps_an_older_clean_file_does_not_count_as_cleaned(recorded: Terminal) -> None:
    """It is registered again, together with an hour that works."""
    assert recorded.velib("backfill", HERE, HERE).exit_code == 0
    (damaged,) = (recorded.lake / hour_prefix("raw", HOUR)).iterdir()
    damaged.write_bytes(b"not a snapshot")
    result = recorded.velib("backfill", HERE, "2022-06-04T12")
    assert result.exit_code == 1
    assert "1 hour clean, 40 rows" in result.stderr
    assert f"velib: {HERE} failed, its clean file is unchanged: clean_stations: " in result.stderr


def test_bad_raw_object_is_replaced_as_its_message_says(recorded: Terminal) -> None:
    assert recorded.velib("backfill", HERE, HERE).exit_code == 0
    (damaged,) = (recorded.lake / hour_prefix("raw", HOUR)).iterdir()
    damaged.write_bytes(b"not a snapshot")
    result = recorded.velib("backfill", HERE, HERE)
    command = f"velib discard {HERE} {HERE} --snapshot {damaged.relative_to(recorded.lake).as_posix()} "
    assert (
        f"To replace it, run `{command}--reason TEXT`, then `velib backfill {HERE} {HERE}`" in result.stderr
    )
    assert recorded.velib(*command.split()[1:], "--reason", "damaged").exit_code == 0
    result = recorded.velib("backfill", HERE, HERE)
    assert (result.exit_code, "1 hour clean, 40 rows" in result.stderr) == (0, True)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The raw of 11:00 cannot be listed. Nothing else makes a disk that refuses root."""
    listed, bad = FolderStore.list, hour_prefix("raw", HOUR + timedelta(hours=1))

    def refused(store: FolderStore, prefix: str) -> list[Stored]:
        if prefix == bad:
            raise PermissionError(13, "Permission denied", prefix)
        return listed(store, prefix)

    monkeypatch.setattr(FolderStore, "list", refused)


@pytest.mark.usefixtures("unreadable")
def test_hour_that_cannot_be_listed_stops_no_other(recorded: Terminal) -> None:
    (recorded.lake / hour_prefix("raw", HOUR + timedelta(hours=1))).mkdir(parents=True)
    result = recorded.velib("backfill", HERE, "2022-06-04T12")
    assert result.exit_code == 1
    assert "2 hours clean" in result.stderr
    assert "velib: 2022-06-04T11 failed, no clean file was written: raw_snapshot: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("unreadable")
def test_disk_error_is_one_line(recorded: Terminal) -> None:
    (recorded.lake / hour_prefix("raw", HOUR + timedelta(hours=1))).mkdir(parents=True)
    result = recorded.velib("status", "--from", HERE, "--to", "2022-06-04T11")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "Permission denied: 'raw/source=velib/date=2022-06-04/hour=11/'" in result.stderr


def test_query_prints_json_in_column_order(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    sql = "SELECT station_id, bikes, ingested_ts FROM source_velib ORDER BY station_id LIMIT 1"
    result = recorded.velib("query", sql, "--format", "json")
    assert list(json.loads(result.stdout)[0].items())[:2] == [("station_id", "1001"), ("bikes", 8)]


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("SELECT 1e-12 AS x", {"x": 1e-12}),
        ("SELECT DATE '2022-06-04' AS d", {"d": "2022-06-04"}),
        ("SELECT 1 AS a, 2 AS a", {"a": 1, "a_2": 2}),
        ("SELECT CAST(NULL AS integer) AS n", {"n": None}),
        ("SELECT ARRAY[1, 2] AS a", {"a": [1, 2]}),
        ("SELECT ARRAY[ARRAY['x'], NULL] AS a", {"a": [["x"], None]}),
        ("SELECT MAP(ARRAY['x'], ARRAY[1]) AS m", {"m": {"x": 1}}),
        ("SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS r", {"r": {"a": 1, "b": "x"}}),
    ],
)
def test_json_keeps_every_digit_and_column(terminal: Terminal, sql: str, row: object) -> None:
    assert json.loads(terminal.velib("query", sql, "--format", "json").stdout) == [row]


def test_query_prints_csv_and_tables(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    sql = "SELECT count(*) AS n FROM kpi_taux_remplissage"
    assert recorded.velib("query", sql, "--format", "csv").stdout == "n\n40\n"
    assert recorded.velib("query", sql).stdout.split() == ["n", "---", "40"]


def test_query_reads_pasted_sql_from_standard_input(recorded: Terminal) -> None:
    """A shell would need quotes around it, and changes the quotes inside."""
    recorded.velib("backfill", HERE, HERE)
    sql = standalone_sql(KPIS[-1])
    assert '"date"' in sql
    result = recorded.velib("query", "-", "--format", "csv", stdin=sql + ";\n")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 11)


TYPED = """
SELECT * FROM (VALUES
    (2, TIMESTAMP '2022-06-04 17:34:59', CAST(NULL AS boolean), 0.5e0, '=1', ''),
    (NULL, TIMESTAMP '2022-06-04 17:34:59.250', true, NULL, 'a,b', NULL),
    (-7, NULL, false, 1e-9, '-', 'x')
) t (n, at, yes, share, text, more)
"""


def test_csv_keeps_types(terminal: Terminal) -> None:
    """Pandas printed times without a zone; a reader took an integer column with nulls for floats."""
    assert terminal.velib("query", TYPED, "--format", "csv").stdout.splitlines() == [
        "n,at,yes,share,text,more",
        "2,2022-06-04T17:34:59Z,,0.5,'=1,",
        ',2022-06-04T17:34:59.250Z,true,,"a,b",',
        "-7,,false,1e-09,'-,x",
    ]


def test_csv_of_the_table_reads_back_with_its_types(recorded: Terminal, tmp_path: Path) -> None:
    recorded.velib("backfill", HERE, HERE)
    (tmp_path / "x.csv").write_text(
        recorded.velib("query", "SELECT * FROM source_velib", "--format", "csv").stdout, encoding="utf-8"
    )
    table = pyarrow.csv.read_csv(tmp_path / "x.csv")
    kinds = {
        name: str(table.schema.field(name).type) for name in ("ingested_ts", "bikes", "is_renting", "lat")
    }
    assert kinds == {
        "ingested_ts": "timestamp[s, tz=UTC]",
        "bikes": "int64",
        "is_renting": "bool",
        "lat": "double",
    }


def test_json_keeps_integers_beside_nulls(terminal: Terminal) -> None:
    text = terminal.velib("query", TYPED, "--format", "json").stdout
    assert [(row["n"], row["yes"]) for row in json.loads(text)] == [(2, None), (None, True), (-7, False)]
    assert '"n": 2,' in text


def test_condition_that_matches_no_partition_gets_a_hint(terminal: Terminal) -> None:
    """The status and the output stay: the query is valid."""
    terminal.lake.mkdir()
    result = terminal.velib("query", "SELECT name FROM kpi_shortage WHERE hour = '7'", "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert result.stderr.startswith("hint: hour is text of two digits: '07'\nThe lake ")


def test_nested_value_is_json_in_a_cell(terminal: Terminal) -> None:
    sql = "SELECT ARRAY['x', 'y'] AS a, 1 AS n"
    assert terminal.velib("query", sql, "--format", "csv").stdout == 'a,n\n"[""x"", ""y""]",1\n'
    assert terminal.velib("query", sql).stdout.splitlines()[2] == '["x", "y"]  1'


def test_single_column_is_not_cut(terminal: Terminal) -> None:
    result = terminal.velib("query", "SHOW CREATE VIEW kpi_shortage")
    assert "AND bikes = 0" in result.stdout


def test_description_of_a_table_is_not_cut(terminal: Terminal) -> None:
    result = terminal.velib("query", "DESCRIBE stations")
    assert "When the station was first seen so described" in result.stdout
    assert "DESCRIBE name" in terminal.velib("query", "--help").stdout


@pytest.mark.parametrize("sql", ["SELEC 1", "DROP TABLE source_velib", "SELECT nope FROM source_velib", ""])
def test_invalid_query_is_one_line_and_exits_with_2(terminal: Terminal, sql: str) -> None:
    result = terminal.velib("query", sql)
    assert result.exit_code == 2
    assert result.stderr.startswith("velib: ")
    assert result.stdout == ""


@pytest.mark.parametrize("table", ["source_velib", "kpi_shortage", "stations", "quarantine_velib"])
def test_query_of_a_missing_lake_is_no_empty_result(terminal: Terminal, table: str) -> None:
    result = terminal.velib("query", f"SELECT * FROM {table}")  # noqa: S608 - names of this test
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"velib: There is no lake at {terminal.lake}. Run `velib tick`")
    assert not terminal.lake.exists()


def test_query_of_an_empty_lake_has_no_rows_and_says_so(terminal: Terminal) -> None:
    terminal.lake.mkdir()
    result = terminal.velib("query", "SELECT * FROM kpi_shortage", "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert f"The lake {terminal.lake} has no snapshot yet. Run `velib tick`" in result.stderr


def test_query_without_clean_files_says_which_hours_it_lacks(recorded: Terminal) -> None:
    """A sum over the files that are left is no empty result, and yet not what the catalog promises."""
    recorded.velib("backfill", HERE, "2022-06-04T12")
    count = ("query", "SELECT count(*) AS n FROM source_velib", "--format", "csv")
    assert recorded.velib(*count).stderr == ""
    shutil.rmtree(recorded.lake / hour_prefix("clean", HOUR))
    assert "hint: 1 registered hour has no clean file" in recorded.velib(*count).stderr
    shutil.rmtree(recorded.lake / "clean")
    result = recorded.velib(*count)
    assert (result.exit_code, result.stdout) == (0, "n\n0\n")
    assert "hint: 2 registered hours have no clean file, and the result lacks" in result.stderr
    assert f"Run `{BOTH}`, or wait for" in result.stderr
    assert recorded.velib("query", "SELECT count(*) FROM quarantine_velib").stderr == ""


def test_query_of_a_restored_backup_says_that_no_hour_is_cleaned(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, "2022-06-04T12")
    for path in recorded.lake.iterdir():
        if path.name not in ("raw", "quarantine"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = recorded.velib("query", "SELECT count(*) AS n FROM kpi_shortage", "--format", "csv")
    assert (result.exit_code, result.stdout) == (0, "n\n0\n")
    assert f"but no hour is cleaned yet. Run `{BOTH}`" in result.stderr


def test_query_of_a_lost_register_says_why_it_is_empty(terminal: Terminal) -> None:
    shutil.copytree(FROZEN, terminal.lake)
    result = terminal.velib("query", "SELECT * FROM station_events", "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert "stations.parquet does not exist, so stations is empty; the sensor velib_healing" in result.stderr
    assert terminal.velib("query", "SELECT * FROM kpi_shortage WHERE date = '2000-01-01'").stderr == ""


def test_status_accounts_for_every_slot(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, "2022-06-04T12")
    result = recorded.velib("status", "--from", HERE, "--to", "2022-06-04T12", "--format", "json")
    states = [slot["state"] for slot in json.loads(result.stdout)]
    assert len(states) == 12
    assert (states.count("stored"), states.count("quarantined"), states.count("missed")) == (2, 1, 9)


def test_status_of_a_missing_lake_fails_and_says_what_to_do(terminal: Terminal) -> None:
    result = terminal.velib("status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Run `velib tick`" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("backfill", HERE, "2022-06-04T09"), "is after"),
        (("backfill", HERE, "2999-01-01T00"), "in the future"),
        (("backfill", "1999-01-01T00", HERE), "before the first partition"),
        (("backfill", "yesterday", HERE), "Invalid value for 'FROM': 'yesterday' is not an hour or a day"),
        (("status", "--from", "yesterday"), "or a day, YYYY-MM-DD"),
        (("backfill", HERE), "Missing argument"),
        (("status", "--from", HERE, "--to", "2022-06-04T09"), "is after"),
        (("query", "SELECT 1", "--format", "xml"), "xml"),
        (("teleport",), "No such command"),
    ],
)
def test_wrong_usage_exits_with_2_and_its_reason(
    terminal: Terminal, arguments: tuple[str, ...], message: str
) -> None:
    result = terminal.velib(*arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_status_accepts_days(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    result = recorded.velib("status", "--from", "2022-06-03", "--to", "2022-06-04", "--format", "json")
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 2 * 24 * 4)


def test_help_says_what_each_command_does(terminal: Terminal) -> None:
    overview = terminal.velib("--help").stdout
    assert "Quarantine raw snapshots and rebuild what was made from them.\n" in overview
    shown = terminal.velib("backfill", "--help").stdout
    assert "[OPTIONS] [FROM TO]\n" in shown
    assert all(name in shown for name in ("VELIB_ARCHIVE_COLUMNS", "VELIB_ARCHIVE_TIMEZONE"))


@pytest.mark.parametrize("command", [("tick",), ("backfill", HERE, HERE), ("query", "SELECT 1"), ("status",)])
def test_each_wrong_setting_is_a_line_and_exits_with_2(terminal: Terminal, command: tuple[str, ...]) -> None:
    terminal.env |= {"VELIB_TARGET": "moon", "VELIB_SOURCE": "rss"}
    result = terminal.velib(*command)
    assert result.exit_code == 2
    names = [line.split(":")[1].strip() for line in result.stderr.splitlines()]
    assert names == ["VELIB_SOURCE", "VELIB_TARGET"]


def test_archive_without_snapshots_is_a_wrong_setting(terminal: Terminal, tmp_path: Path) -> None:
    terminal.env |= {"VELIB_SOURCE": "archive", "VELIB_ARCHIVE": str(tmp_path)}
    result = terminal.velib("backfill", HERE, HERE)
    assert (result.exit_code, "VELIB_ARCHIVE" in result.stderr) == (2, True)


def test_archive_has_no_tick(recorded: Terminal) -> None:
    result = recorded.velib("tick")
    assert (result.exit_code, "has no current snapshot" in result.stderr) == (2, True)


def test_tick_prints_the_headlines(terminal: Terminal) -> None:
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(body=body(records())))
        terminal.env["VELIB_OPENDATA_URL"] = portal.url
        result = terminal.velib("tick")
    assert result.exit_code == 0, result.stderr
    assert "kpi_top10_2hour" in result.stdout


def test_tick_just_before_its_slot_ends_waits_for_the_next(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed would respond after the slot is over, and the tick would be refused as late."""
    clock = [at(14, 50), at(15)]
    waited: list[float] = []
    monkeypatch.setattr("velib_assets.cli.runs.utc_now", lambda: clock.pop(0))
    monkeypatch.setattr("velib_assets.cli.runs.sleep", waited.append)
    monkeypatch.setattr(raw_snapshot, "utc_now", lambda: at(15))
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(body=body(records())))
        terminal.env["VELIB_OPENDATA_URL"] = portal.url
        result = terminal.velib("tick")
    assert (result.exit_code, waited) == (0, [10.0])
    assert "waiting for the next one" in result.stderr
    assert [path.name for path in (terminal.lake / "raw").rglob("*.gz")] == ["velib_20220604_101500.json.gz"]


def test_failed_tick_tells_what_failed_and_where_the_bytes_are(terminal: Terminal) -> None:
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(body=b"<html>busy</html>"))
        terminal.env["VELIB_OPENDATA_URL"] = portal.url
        result = terminal.velib("tick")
    assert result.exit_code == 1
    assert "is not JSON" in result.stderr
    (body_file,) = (terminal.lake / "quarantine").rglob("*.body")
    assert str(body_file) in result.stderr
    assert "Traceback" not in result.output


def test_tick_of_which_most_records_are_no_rows_fails(terminal: Terminal) -> None:
    """The bytes are in quarantine, the slot is quarantined, and the KPIs do not freeze without a word."""
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(body=body(records(numbikesavailable="douze"))))
        terminal.env["VELIB_OPENDATA_URL"] = portal.url
        result = terminal.velib("tick")
    assert result.exit_code == 1
    assert "only 0 of 40 records become rows; at least half must" in result.stderr
    (reason,) = (terminal.lake / "quarantine").rglob("*.reason.json")
    assert json.loads(reason.read_text())["code"] == "mostly_rejected"
    slots = json.loads(terminal.velib("status", "--format", "json").stdout)
    assert "quarantined" in [slot["state"] for slot in slots]


def test_raw_of_which_most_records_are_no_rows_fails(terminal: Terminal) -> None:
    """Others wrote it, or an earlier version that stored it as usable."""
    stored = raw(records(numbikesavailable="douze"))
    FolderStore(terminal.lake).create(stored.key, stored.data)
    result = terminal.velib("backfill", HERE, HERE)
    assert result.exit_code == 1
    assert "only 0 of 40 records become rows; at least half must" in result.stderr
    assert not (terminal.lake / "clean").exists()
    slots = json.loads(terminal.velib("status", "--from", HERE, "--to", HERE, "--format", "json").stdout)
    assert [slot["state"] for slot in slots] == ["quarantined", "missed", "missed", "missed"]


def test_report_is_built_and_its_path_is_printed(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    result = recorded.velib("report")
    page = recorded.lake / "reports" / "velib_report.html"
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{page}\n", "")
    assert "Quai de l'Horloge" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("has_browser", [True, False])
def test_report_is_opened_if_there_is_a_browser(
    recorded: Terminal, has_browser: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return has_browser

    monkeypatch.setattr("webbrowser.open", browser)
    recorded.velib("backfill", HERE, HERE)
    result = recorded.velib("report", "--open")
    assert opened == [(recorded.lake / "reports" / "velib_report.html").as_uri()]
    assert (result.exit_code, "no browser could be opened" in result.stderr) == (0, not has_browser)


def test_report_of_a_missing_lake_writes_nothing_and_exits_with_1(terminal: Terminal) -> None:
    result = terminal.velib("report")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"There is no lake at {terminal.lake}" in result.stderr
    assert "Run `velib tick`" in result.stderr
    assert not terminal.lake.exists()


def test_report_of_a_lake_without_a_snapshot_tells_what_to_do(terminal: Terminal) -> None:
    (terminal.lake / hour_prefix("quarantine", HOUR)).mkdir(parents=True)
    result = terminal.velib("report")
    assert (result.exit_code, "Run `velib tick`" in result.stderr) == (0, True)


def test_report_of_raw_without_a_clean_hour_tells_what_to_do(recorded: Terminal) -> None:
    """Its snapshots are there: another one would not help."""
    recorded.velib("backfill", HERE, HERE)
    for name in ("clean", "catalog.sqlite", "reports"):
        path = recorded.lake / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = recorded.velib("report")
    assert (result.exit_code, "no snapshot yet" in result.stderr) == (0, False)
    assert f"no hour is cleaned yet. Run `velib backfill {HERE} {HERE}`" in result.stderr


@pytest.mark.parametrize("gone", [("clean", "catalog.sqlite"), ("raw", "clean", "catalog.sqlite"), ()])
def test_good_report_is_never_replaced_by_an_empty_one(recorded: Terminal, gone: tuple[str, ...]) -> None:
    """A disk that is not mounted, or a deleted folder, made the page and its data empty."""
    recorded.velib("backfill", HERE, HERE)
    page = recorded.lake / "reports" / "velib_report.html"
    files = {path: path.read_bytes() for path in (page, *(page.parent / "data").iterdir())}
    for name in gone:
        path = recorded.lake / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not gone:
        with sqlite3.connect(recorded.lake / "catalog.sqlite") as db:
            db.execute("DELETE FROM partitions")
    result = recorded.velib("report")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (f"{page} was not replaced: it shows the snapshot of 2022-06-04T10:00:00" in result.stderr) or (
        len(gone) == 3 and f"There is no lake at {recorded.lake}" in result.stderr
    )
    assert {path: path.read_bytes() for path in files} == files


def test_backfill_never_replaces_a_good_report_by_an_empty_one(
    recorded: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The views are read after the hours; by then the catalog may be gone."""
    recorded.velib("backfill", HERE, HERE)
    page = recorded.lake / "reports" / "velib_report.html"
    before = page.read_bytes()
    monkeypatch.setattr(LocalCatalog, "newest_hours", lambda *_: [])
    result = recorded.velib("backfill", HERE, HERE)
    assert (result.exit_code, f"velib_report: {page} was not replaced" in result.stderr) == (1, True)
    assert page.read_bytes() == before


def test_report_may_become_empty_after_a_discard(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    page = recorded.lake / "reports" / "velib_report.html"
    assert recorded.velib("discard", HERE, HERE, "--reason", "wrong").exit_code == 0
    assert b"Horloge" not in page.read_bytes()


def test_report_that_cannot_be_built_is_one_line_and_exits_with_1(recorded: Terminal) -> None:
    recorded.velib("backfill", HERE, HERE)
    for file in (recorded.lake / "clean").rglob("*.parquet"):
        file.write_bytes(b"no parquet")
    result = recorded.velib("report")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith("velib: ")
    assert result.stdout == ""


def test_unwritable_home_is_a_wrong_setting(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    terminal.env["DAGSTER_HOME"] = str(tmp_path / "file")
    result = terminal.velib("tick")
    assert (result.exit_code, "DAGSTER_HOME" in result.stderr) == (2, True)


def test_home_of_another_lake_is_a_wrong_setting(recorded: Terminal, tmp_path: Path) -> None:
    """Its hours would be shown as those of this lake. Nothing is read or written."""
    assert recorded.velib("backfill", HERE, HERE).exit_code == 0
    recorded.env["VELIB_LAKE"] = str(tmp_path / "other")
    for command in (["backfill", HERE, HERE], ["discard", HERE, HERE, "--reason", "wrong"]):
        result = recorded.velib(*command)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert all(path in result.stderr for path in (str(recorded.lake), str(tmp_path / "other"), "home"))
    assert not (tmp_path / "other").exists()


def test_lake_holds_its_own_home(recorded: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DAGSTER_HOME. It is no part of the lake's data, and survives what changes that."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    recorded.env["DAGSTER_HOME"] = None
    assert recorded.velib("backfill", HERE, HERE).exit_code == 0
    home = recorded.lake / ".dagster"
    assert (home / "history").is_dir()
    assert recorded.velib("report").exit_code == 0
    assert recorded.velib("query", "SELECT count(*) n FROM source_velib").exit_code == 0
    assert recorded.velib("status", "--from", HERE, "--to", HERE).exit_code == 0
    recorded.velib("discard", HERE, HERE, "--reason", "wrong")
    assert (home / "history").is_dir()
    (recorded.lake / "catalog.sqlite").unlink()
    assert recorded.velib("status", "--from", HERE, "--to", HERE).exit_code == 0


def test_archive_that_is_a_lake_is_read_without_its_home(
    recorded: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    recorded.env["DAGSTER_HOME"] = None
    assert recorded.velib("backfill", HERE, HERE).exit_code == 0
    (recorded.lake / ".dagster" / "20220604T150000Z.json").write_bytes(b"no snapshot")
    recorded.env |= {"VELIB_ARCHIVE": str(recorded.lake), "VELIB_LAKE": str(tmp_path / "second")}
    assert ".dagster" not in recorded.velib("backfill").stderr
    assert not (tmp_path / "second/quarantine").exists()


def test_unreachable_portal_is_an_error_without_a_traceback(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("velib_assets.cli.runs", "velib_assets.defs.raw_snapshot"):
        monkeypatch.setattr(f"{module}.utc_now", lambda: HOUR)
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(status=404, body=b"gone"))
        terminal.env["VELIB_OPENDATA_URL"] = portal.url
        result = terminal.velib("tick")
    assert result.exit_code == 1
    assert "404" in result.stderr
    assert "Traceback" not in result.output
    assert hour_text(HOUR) in result.stderr


@pytest.mark.parametrize(
    "command", [(), ("demo",), ("tick",), ("backfill",), ("query",), ("status",), ("report",)]
)
def test_every_command_has_help(terminal: Terminal, command: tuple[str, ...]) -> None:
    result = terminal.velib(*command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5


@pytest.mark.parametrize(
    "command",
    [
        ("query", "SELECT count(*) AS n FROM source_velib"),
        ("status",),
        ("report",),
        ("backfill", HERE, HERE),
        ("discard", HERE, HERE, "--reason", "it was wrong"),
    ],
)
def test_every_command_registers_a_lake_without_its_catalog(
    recorded: Terminal, command: tuple[str, ...]
) -> None:
    """The lake looked empty, and the next tick would have hidden all other hours."""
    recorded.velib("backfill", HERE, "2022-06-04T12")
    (recorded.lake / "catalog.sqlite").unlink()
    result = recorded.velib(*command)
    assert f"{recorded.lake / 'catalog.sqlite'} does not exist: 2 hours were registered" in result.stderr
    sql = "SELECT count(DISTINCT hour) AS n FROM source_velib"
    left = 1 if command[0] == "discard" else 2
    assert json.loads(recorded.velib("query", sql, "--format", "json").stdout) == [{"n": left}]
