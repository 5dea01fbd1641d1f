"""`velib day`: the numbers of a day, and why a day has none."""

import csv
import io
import json
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli import day_commands
from velib_assets.cli.commands import main
from velib_assets.insights.day_data import INSIGHT_COLUMNS
from velib_assets.insights.day_insights import NAMES
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.lake.local_days import DAY
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.cli.test_station_command import CONTROL, check_refused
from velib_assets_tests.insights.small_network import HOSTILE, store_day, write_network
from velib_assets_tests.report.stored_days import network_day, station_day

SATURDAY = date(2024, 11, 30)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Return a terminal with the lake of all tests, which only read it."""
    terminal = Terminal(tmp_path_factory.mktemp("network"))
    write_network(terminal.lake)
    return terminal


def numbers(result: Result) -> dict[str, list[str]]:
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert tuple(rows[0]) == INSIGHT_COLUMNS
    return {row["insight"]: [row["value"], row["usual"]] for row in rows}


def test_day_has_its_numbers_and_worst_stations(network: Terminal) -> None:
    result = network.velib("day", "2022-06-04")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Saturday 2022-06-04 in Europe/Paris"
    assert lines[1] == "from 2022-06-03T22:00:00Z to 2022-06-04T22:00:00Z"
    assert max(map(len, lines)) <= 80
    assert [line.split()[:2] for line in lines if "Gare de Lyon" in line] == [["1", "1002"], ["2", "1001"]]
    assert "  2022-06-04T08:00:00Z renamed from Vieux Moulin to Moulin: 1006 Moulin" in lines
    assert "  2022-06-04T20:00:00Z closed: 1006 Moulin" in lines


def test_csv_and_json_have_stable_columns(network: Terminal) -> None:
    values = numbers(network.velib("day", "2022-06-04", "--format", "csv"))
    assert tuple(values) == NAMES
    assert values["stations"] == ["6.0", ""]
    content = json.loads(network.velib("day", "2022-06-04", "--format", "json").stdout)
    assert (content["date"], content["start"]) == ("2022-06-04", "2022-06-03T22:00:00Z")
    assert [one["insight"] for one in content["insights"]] == list(NAMES)
    assert [row["station_id"] for row in content["worst_stations"]] == ["1002", "1001"]
    assert [event["event"] for event in content["events"]] == ["renamed", "closed"]


@pytest.mark.parametrize("command", [("day", "2022-06-04"), ("report",)])
@pytest.mark.parametrize("damaged", [True, False])
def test_damaged_numbers_of_a_day_are_named(
    network: Terminal, tmp_path: Path, command: tuple[str, ...], damaged: bool
) -> None:
    """A byte is changed that leaves the file readable, or the file is removed."""
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    path = terminal.lake / daily_kpi_key("kpi_daily_station", date(2022, 6, 4))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"parquet-cpp") + 3] ^= 1
    path.write_bytes(data) if damaged else path.unlink()
    result = terminal.velib(*command)
    problem = "its bytes are not those that were stored (another SHA-256)" if damaged else "it does not exist"
    assert result.exit_code == 1
    assert f"velib: daily KPIs: {path}: {problem}. Run `velib backfill 2022-06-0" in result.stderr


def test_report_names_a_day_that_it_lacks(network: Terminal, tmp_path: Path) -> None:
    """As `velib station` does: its numbers may be built at the next run of the schedule."""
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    (terminal.lake / daily_kpi_key("kpi_daily_network", date(2022, 6, 5))).unlink()
    result = terminal.velib("report")
    assert result.exit_code == 0
    assert "1 local day with snapshots is not built: 2022-06-05. Run `velib backfill" in result.stderr


def test_usual_is_the_mean_of_complete_days_of_the_same_weekday(terminal_of_days: Terminal) -> None:
    result = terminal_of_days.velib("day", str(SATURDAY), "--format", "csv")
    assert result.exit_code == 0, result.output
    values = numbers(result)
    assert [round(float(value), 6) for value in values["avg_fill_rate"]] == [0.4, 0.3]
    assert [round(float(value), 6) for value in values["short_share"]] == [0.025, 0.05]
    assert values["arrivals_at_least"] == ["1000.0", "500.0"]
    content = json.loads(terminal_of_days.velib("day", str(SATURDAY), "--format", "json").stdout)
    assert content["compared"] == ["2024-11-02", "2024-11-23"]


def test_movements_of_a_partly_known_day_are_not_compared(terminal_of_days: Terminal) -> None:
    day = SATURDAY - 14 * DAY
    result = terminal_of_days.velib("day", str(day), "--format", "csv")
    assert numbers(result)["arrivals_at_least"] == ["1000.0", ""]
    assert f"less than 80 % of {day} is known" in result.stderr


@pytest.fixture
def terminal_of_days(network: Terminal, tmp_path: Path) -> Terminal:
    """Return a terminal with five Saturdays, of which one is partly known and one missing."""
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    store_day(
        terminal.lake, SATURDAY, network_day(), [station_day("1", short=10, rank=1, minutes_covered=1440.0)]
    )
    for weeks, changes in (
        (1, {"avg_fill_rate": 0.2, "minutes_short": 7200.0, "arrivals_at_least": 400}),
        (2, {"minutes_covered": 72_000.0, "avg_fill_rate": 0.9}),
        (4, {"minutes_short": 7200.0, "arrivals_at_least": 600}),
    ):
        store_day(terminal.lake, SATURDAY - 7 * weeks * DAY, network_day(**changes))
    return terminal


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2022-06-03", "2022-06-03 is before the data: the lake's first day is 2022-06-04 (Europe/Paris)"),
        ("1970-01-01", "is before the data"),
        ("2022-06-07", "2022-06-07 is after the data: the lake's last day is 2022-06-06 (Europe/Paris)"),
    ],
)
def test_day_outside_the_data_is_explained(network: Terminal, day: str, words: str) -> None:
    check_refused(network.velib("day", day), 1, words)


@pytest.mark.parametrize("moment", ["2022-07-31T22:00:00", "2022-08-01T21:59:59"])
def test_running_day_is_explained(network: Terminal, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first to the last second of the day in Paris."""
    monkeypatch.setattr(day_commands, "utc_now", lambda: datetime.fromisoformat(f"{moment}+00:00"))
    said = ("2022-08-01 (Europe/Paris) has not ended", "03:00 UTC")
    check_refused(network.velib("day", "2022-08-01"), 1, *said)
    check_refused(network.velib("day", "2022-08-02"), 2, "is in the future: it is 2022-08-01 in Europe/Paris")


@pytest.mark.parametrize(
    "text",
    ["", "today", "2022-6-4", "2022-02-30", "0001-01-01", "2022-06-04T10", "２０２２-06-04", "' OR 1=1 --",
     "9" * 10_000, "2022-06-04\n", "2022-06-04\x1b[31m"],
)  # fmt: skip
def test_text_that_is_no_day_is_a_usage_error(network: Terminal, text: str) -> None:
    result = network.velib("day", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_days_that_are_not_built_say_what_builds_them(network: Terminal, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    shutil.rmtree(terminal.lake / "kpi")
    check_refused(
        terminal.velib("day", "2022-06-05"),
        1,
        "2022-06-05 (Europe/Paris) has snapshots, but its numbers are not built",
        "Run `velib backfill 2022-06-04 2022-06-05`",
    )


def test_outdated_day_says_so(network: Terminal, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    shutil.copytree(network.lake, terminal.lake)
    catalog = LocalCatalog(terminal.lake)
    catalog.register_history([file._replace(digest="0" * 64) for file in catalog.history()])
    result = terminal.velib("day", "2022-06-04")
    assert result.exit_code == 0
    assert "2022-06-04 was built from data that has since changed. Run `velib backfill" in result.stderr


def test_text_of_the_feed_acts_on_no_terminal(terminal_of_days: Terminal) -> None:
    hostile = station_day("1\x1b[31m", short=10, rank=1, name=HOSTILE, minutes_covered=1440.0)
    store_day(terminal_of_days.lake, SATURDAY, network_day(), [hostile])
    for form in ("table", "csv", "json"):
        result = terminal_of_days.velib("day", str(SATURDAY), "--format", form)
        assert result.exit_code == 0, result.output
        assert CONTROL.findall(result.output.replace("\n", "")) == []


def test_output_without_unicode_is_printed(network: Terminal) -> None:
    result = CliRunner(charset="ascii").invoke(main, ["day", "2022-06-04"], env=network.env)
    assert result.exit_code == 0, result.output
    assert "Ch?lon" in result.stdout


def test_missing_lake_exits_with_1(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    check_refused(terminal.velib("day", "2022-06-04"), 1, f"There is no lake at {terminal.lake}")
