"""`velib station`: the card, the list of matches, what it explains, and its exit status."""

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli.commands import main
from velib_assets.insights.station_days import DAY_COLUMNS, MATCH_COLUMNS
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.insights.small_network import QUOTED, write_network

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Return a terminal with the lake of all tests, which only read it."""
    terminal = Terminal(tmp_path_factory.mktemp("network"))
    write_network(terminal.lake)
    return terminal


@pytest.fixture
def bare(network: Terminal, tmp_path: Path) -> Terminal:
    """Return a terminal with the same lake without its daily layer."""
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    shutil.rmtree(terminal.lake / "history")
    shutil.rmtree(terminal.lake / "kpi")
    catalog = LocalCatalog(terminal.lake)
    catalog.unregister_history([file.period for file in catalog.history()])
    return terminal


def card(terminal: Terminal, *arguments: str) -> Any:
    result = terminal.velib("station", *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def lines_of(terminal: Terminal, *arguments: str) -> list[str]:
    result = terminal.velib("station", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def between(line: str) -> str:
    return line.split("|")[1]


def check_refused(result: Result, status: int, *words: str) -> None:
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert [word for word in words if word not in result.stderr] == [], result.stderr
    assert len(result.stderr) < 2000


def test_card_shows_state_hours_and_days(network: Terminal) -> None:
    lines = lines_of(network, "1001", "--days", "5")
    assert lines[0] == "1001  Gare de Lyon - Châlon"
    assert "Newest snapshot, 2022-06-06T06:00:00Z" in lines
    assert "  in operation" in lines
    assert "  bikes 10 (10 mechanical, 0 electric), free docks 10, fill rate 50%" in lines
    assert "Days 2022-06-02 to 2022-06-06, Europe/Paris: 3 of 5 known" in lines
    assert "  short on 1 day, 2 h 00 in all" in lines
    assert "  never saturated" in lines
    assert "  1 day known for less than 80% of the time" in lines
    assert "  2022-06-04: short 2 h 00, saturated 0 min of 24 h 00 known" in lines


def test_hours_without_snapshot_are_a_gap_and_not_zero(network: Terminal) -> None:
    line = next(line for line in lines_of(network, "1001") if line.startswith("  fill rate |"))
    assert between(line) == " " + 11 * "▅" + 6 * " " + 30 * "▅"


def test_days_without_data_are_a_gap(network: Terminal) -> None:
    lines = lines_of(network, "1001", "--days", "3")
    assert between(next(line for line in lines if line.startswith("  short  "))) == 16 * "█" + 32 * "▁"
    lines = lines_of(network, "1001", "--days", "6")
    assert between([line for line in lines if line.startswith("  fill rate |")][1]).startswith(24 * " " + "▅")


def test_json_has_the_numbers(network: Terminal) -> None:
    content = card(network, "1001", "--days", "5")
    assert (content["station_id"], content["name"], content["capacity"]) == (
        "1001",
        "Gare de Lyon - Châlon",
        20,
    )
    assert content["now"]["ts"] == content["newest_ts"] == "2022-06-06T06:00:00Z"
    assert content["now"]["state"] == "ok"
    assert len(content["last_24_hours"]) == 42
    assert (content["first_day"], content["last_day"]) == ("2022-06-02", "2022-06-06")
    assert [(day["date"], day["minutes_short"]) for day in content["days"]] == [
        ("2022-06-04", 120.0),
        ("2022-06-05", 0.0),
        ("2022-06-06", 0.0),
    ]
    assert content["totals"]["days_known"] == 3
    hours = {(hour["is_weekend"], hour["hour"]): hour for hour in content["typical_day"]}
    assert hours[True, 12]["mean_bikes"] == 5  # 10:00 UTC: short on one of two days
    assert hours[True, 12]["short_share"] == 0.5
    assert hours[True, 11]["mean_bikes"] == 10
    assert (False, 9) not in hours


def test_csv_has_a_row_per_stored_day(network: Terminal) -> None:
    result = network.velib("station", QUOTED, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert tuple(rows[0]) == DAY_COLUMNS
    assert [row["date"] for row in rows] == ["2022-06-04", "2022-06-05", "2022-06-06"]
    assert {row["station_id"] for row in rows} == {QUOTED}
    assert rows[1]["slots_stored"] == "42"


@pytest.mark.parametrize("text", ["gare de lyon", "GARE", "Lyon gare", "are yon"])
def test_several_matches_are_listed(network: Terminal, text: str) -> None:
    result = network.velib("station", text)
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[2:]] == ["1001", "1002"]
    assert "2 stations match: write the code of one" in result.stderr
    matches = card(network, text)["matches"]
    assert tuple(matches[0]) == MATCH_COLUMNS
    rows = list(csv.reader(io.StringIO(network.velib("station", text, "--format", "csv").stdout)))
    assert (tuple(rows[0]), len(rows)) == (MATCH_COLUMNS, 3)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hopital", "1003"),
        ("chalon", "1001"),
        ("d'italie", QUOTED),
        ("oeuvre", "1004"),
        ("vieux moulin", "1006"),
    ],
)
def test_one_match_shows_its_card(network: Terminal, text: str, code: str) -> None:
    assert card(network, text)["station_id"] == code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1002", "saturated: in operation, without a free dock"),
        ("1003", "stale: it has not reported for over 3 hours"),
        ("1003", "last report: 2022-06-03T22:00:00Z"),
        ("1004", "closed: not in service"),
        ("1006", "gone: no snapshot has had the station since 2022-06-04T20:00:00Z"),
        ("1006", "formerly Vieux Moulin"),
        ("1006", "2022-06-04T08:00:00Z renamed from Vieux Moulin to Moulin"),
        ("1006", "2022-06-04T20:00:00Z closed"),
    ],
)
def test_what_became_of_a_station_is_said(network: Terminal, code: str, words: str) -> None:
    assert words in "\n".join(lines_of(network, code))


def test_counts_of_a_stale_or_closed_station_are_gaps(network: Terminal) -> None:
    for code in ("1003", "1004", "1006"):
        lines = lines_of(network, code)
        start = next(n for n, line in enumerate(lines) if line.startswith("Last 24 hours"))
        assert lines[start + 1] == "  nothing known"


def test_old_lake_is_not_taken_for_the_present(network: Terminal) -> None:
    result = network.velib("station", "1001")
    assert "days old: 2022-06-06T06:00:00Z is not the present" in result.stderr
    assert "is not the present" in card(network, "1001")["notes"][0]


@pytest.mark.parametrize("width", ["20", "40", "60", "79", "80", "200"])
@pytest.mark.parametrize("text", ["1001", "1004", "gare"])
def test_no_line_is_wider_than_the_terminal(network: Terminal, width: str, text: str) -> None:
    network.env["COLUMNS"] = width
    lines = lines_of(network, text)
    del network.env["COLUMNS"]
    most = 80 if text == "gare" else min(80, max(40, int(width)))
    assert max(map(len, lines)) <= most


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_text_of_the_feed_acts_on_no_terminal(network: Terminal, form: str) -> None:
    for text in ("1004", "oeuvre", "itale"):
        result = network.velib("station", text, "--format", form)
        assert CONTROL.findall(result.stdout.replace("\n", "")) == []
        assert CONTROL.findall(result.stderr.replace("\n", "")) == []


@pytest.mark.parametrize("charset", ["ascii", "latin-1"])
def test_output_without_unicode_gets_ascii_bars(network: Terminal, charset: str) -> None:
    result = CliRunner(charset=charset).invoke(main, ["station", "1001"], env=network.env)
    assert result.exit_code == 0, result.output
    line = next(line for line in result.stdout.splitlines() if line.startswith("  fill rate |"))
    assert between(line) == " " + 11 * "=" + 6 * " " + 30 * "="


@pytest.mark.parametrize(
    "text",
    [
        "nowhere at all",
        "x" * 100_000,
        "1001'; DROP TABLE stations; --",
        "' OR '1'='1",
        "gare\x1b[31m du nord",
        "日本",
    ],
)
def test_unknown_station_exits_with_1(network: Terminal, text: str) -> None:
    result = network.velib("station", text)
    check_refused(result, 1, "no station has the code")
    assert CONTROL.findall(result.stderr.replace("\n", "")) == []


def test_similar_stations_are_named(network: Terminal) -> None:
    check_refused(network.velib("station", "itale"), 1, "Similar ones:", "1'5  Place d'Italie")
    check_refused(network.velib("station", "1007"), 1, "Similar ones:", "1001  Gare de Lyon")


@pytest.mark.parametrize("text", ["", " ", "'", "--", "%", "\n", "*"])
def test_text_without_letters_is_a_usage_error(network: Terminal, text: str) -> None:
    check_refused(network.velib("station", "--", text), 2, "write a station's code or a part of its name")


@pytest.mark.parametrize("days", ["0", "-1", "10000", "1.5", "all", ""])
def test_wrong_days_are_a_usage_error(network: Terminal, days: str) -> None:
    check_refused(network.velib("station", "1001", "--days", days), 2, "--days")


@pytest.mark.parametrize("days", ["1", "3650"])
def test_least_and_most_days_are_shown(network: Terminal, days: str) -> None:
    assert card(network, "1001", "--days", days)["last_day"] == "2022-06-06"


def test_missing_daily_layer_is_explained_and_the_rest_shown(bare: Terminal) -> None:
    result = bare.velib("station", "1001")
    assert result.exit_code == 0
    assert "in operation" in result.stdout
    assert "Last 24 hours" in result.stdout
    assert "2 local days with snapshots are not built: 2022-06-04 to 2022-06-05" in result.stderr
    assert "Run `velib backfill 2022-06-03 2022-06-05`" in result.stderr
    result = bare.velib("station", "1001", "--format", "csv")
    assert (result.exit_code, result.stdout) == (1, ",".join(DAY_COLUMNS) + "\n")
    assert "there is no stored day to print" in result.stderr


def test_missing_history_is_explained(bare: Terminal, network: Terminal) -> None:
    shutil.copytree(network.lake / "kpi", bare.lake / "kpi")
    result = bare.velib("station", "1001")
    assert (result.exit_code, "Typical day" in result.stdout) == (0, False)
    assert "velib_history has none of these days, so there is no typical day" in result.stderr


def test_missing_register_is_explained(bare: Terminal) -> None:
    shutil.rmtree(bare.lake / "stations")
    result = bare.velib("station", "1001")
    assert result.exit_code == 0
    assert "there is no station register" in result.stderr
    check_refused(bare.velib("station", "1006"), 1, "no station has the code")


def test_missing_and_empty_lakes_exit_with_1(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    check_refused(terminal.velib("station", "1001"), 1, f"There is no lake at {terminal.lake}", "tick`")
    (terminal.lake / "raw" / "source=velib").mkdir(parents=True)
    check_refused(terminal.velib("station", "1001"), 1, "velib: ", str(terminal.lake))
