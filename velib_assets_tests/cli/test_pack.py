"""`velib pack` on a lake: its output and exit status, and that every command reads the packed day."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from velib_assets.cli import pack_commands
from velib_assets.lake.keys import HOUR as AN_HOUR
from velib_assets.lake.keys import clean_key, raw_key
from velib_assets.lake.listing import utc_now
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.simulated_lake import simulated_lake

DAY = "2022-06-04"
START = datetime(2022, 6, 4, tzinfo=UTC)
PACK = "raw/source=velib/date=2022-06-04/velib_20220604.zip"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A lake with six hours of a day and two of the next."""
    terminal = Terminal(tmp_path)
    simulated_lake(terminal.lake, START + 18 * AN_HOUR, 8)
    return terminal


def raw_files(terminal: Terminal) -> list[str]:
    return sorted(path.name for path in terminal.lake.glob("raw/**/velib_*"))


def test_days_become_one_file_each_and_can_be_unpacked(terminal: Terminal) -> None:
    before = raw_files(terminal)
    result = terminal.velib("pack", DAY, "2022-06-05")
    size = sum(path.stat().st_size for path in terminal.lake.glob("raw/**/*.zip")) / 1e6
    said = f"2 days packed: 32 snapshots in 2 files, before in 32; {size:.1f} MB\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, said, "")
    assert raw_files(terminal) == ["velib_20220604.zip", "velib_20220605.zip"]
    result = terminal.velib("pack", "--undo", DAY, DAY)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 day unpacked: 24 snapshots in 24 files, before in 1; ")
    assert terminal.velib("pack", "--undo").exit_code == 0
    assert raw_files(terminal) == before


@pytest.mark.parametrize("now", [START, START + timedelta(hours=23, minutes=59, seconds=59)], ids=str)
def test_without_days_those_older_than_a_week_are_packed(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_commands, "utc_now", lambda: now)
    terminal = Terminal(tmp_path)
    for days in (7, 8, 9):
        simulated_lake(terminal.lake, START - timedelta(days=days), 1)
    result = terminal.velib("pack")
    assert (result.exit_code, result.stdout[:54]) == (
        0,
        "2 days packed: 8 snapshots in 2 files, before in 8; 0.",
    )
    assert len(raw_files(terminal)) == 2 + 4


def test_with_nothing_old_enough_it_says_so(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    simulated_lake(terminal.lake, utc_now().replace(minute=0, second=0) - 30 * AN_HOUR, 1)
    result = terminal.velib("pack")
    assert (result.exit_code, result.stdout) == (
        0,
        "No day of raw ended more than 7 days ago: nothing to pack\n",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([DAY, "2999-01-01"], 2, "has not ended"),
        (["2022-06-04T10", DAY], 2, "is not a day. Use YYYY-MM-DD"),
        ([DAY], 2, "Missing argument 'TO'"),
        (["2022-06-05", DAY], 2, "FROM 2022-06-05 is after TO 2022-06-04"),
        (
            ["2022-07-01", "2022-07-02"],
            1,
            "raw has no snapshot from 2022-07-01 to 2022-07-02: nothing to pack",
        ),
        (["--undo", "2022-07-01", "2022-07-02"], 1, "nothing to unpack"),
    ],
)
def test_what_cannot_be_packed_is_refused(
    terminal: Terminal, arguments: list[str], status: int, message: str
) -> None:
    before = raw_files(terminal)
    result = terminal.velib("pack", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert raw_files(terminal) == before


def test_today_is_refused(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for now in (START, START + timedelta(hours=23, minutes=59, seconds=59)):
        monkeypatch.setattr(pack_commands, "utc_now", lambda now=now: now)
        result = terminal.velib("pack", DAY, DAY)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{DAY} has not ended: it is {now:%Y-%m-%dT%H:%M} (UTC)" in result.stderr


def test_a_bucket_and_an_empty_lake_are_refused(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    result = terminal.velib("pack")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no lake" in result.stderr
    terminal.env |= {"VELIB_TARGET": "aws", "VELIB_BUCKET": "some-bucket"}
    result = terminal.velib("pack")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "In a bucket no role may delete raw" in result.stderr


def test_every_command_reads_the_packed_day(terminal: Terminal) -> None:
    """And says the same as before; the bytes of clean files do not change."""
    questions = [
        ("status", "--from", DAY + "T18", "--to", "2022-06-05T01", "--format", "json"),
        ("query", "SELECT count(*) FROM source_velib", "--format", "csv"),
        ("verify",),
        ("cost", "--format", "json"),
    ]
    before = [terminal.velib(*question) for question in questions]
    clean = {path: path.read_bytes() for path in terminal.lake.glob("clean/**/*.parquet")}
    assert terminal.velib("pack", DAY, "2022-06-05").exit_code == 0
    for question, was in zip(questions, before, strict=True):
        now = terminal.velib(*question)
        assert (now.exit_code, now.stdout, now.stderr) == (0, was.stdout, was.stderr), question
    assert '"stored"' in before[0].stdout
    (terminal.lake / clean_key(START + 20 * AN_HOUR)).unlink()
    assert "backfill" in terminal.velib("verify").stderr
    assert terminal.velib("backfill", DAY + "T18", "2022-06-05T01").exit_code == 0
    assert {path: path.read_bytes() for path in terminal.lake.glob("clean/**/*.parquet")} == clean
    assert terminal.velib("reconcile").exit_code == 0
    assert terminal.velib("report").exit_code == 0


def test_a_packed_snapshot_is_discarded_alone(terminal: Terminal) -> None:
    key = raw_key(START + 20 * AN_HOUR)
    data = (terminal.lake / key).read_bytes()
    assert terminal.velib("pack", DAY, DAY).exit_code == 0
    result = terminal.velib("discard", DAY, DAY, "--snapshot", key, "--reason", "wrong")
    assert result.exit_code == 0, result.stderr
    assert [path.read_bytes() for path in terminal.lake.glob("quarantine/**/*.gz")] == [data]
    status = terminal.velib("status", "--from", DAY + "T18", "--to", DAY + "T23", "--format", "json")
    states = [slot["state"] for slot in json.loads(status.stdout)]
    assert states == ["stored"] * 8 + ["quarantined"] + ["stored"] * 15
    assert raw_files(terminal)[0] == "velib_20220604.zip"
    assert terminal.velib("verify").exit_code == 0


def test_a_damaged_pack_is_named_and_stops_no_other_day(terminal: Terminal) -> None:
    assert terminal.velib("pack", DAY, DAY).exit_code == 0
    pack = terminal.lake / PACK
    pack.write_bytes(pack.read_bytes()[:-50])
    result = terminal.velib("pack", DAY, "2022-06-05")
    assert result.exit_code == 1
    assert result.stdout.startswith("1 day packed: 8 snapshots in 1 file")
    assert f"the pack {pack} is damaged" in result.stderr
    assert "Replace it from a backup" in result.stderr
    clean = {path: path.read_bytes() for path in terminal.lake.glob("clean/**/*.parquet")}
    result = terminal.velib("verify")
    assert (result.exit_code, result.stderr.count(str(pack))) == (1, 1)
    assert "1 object damaged or missing" in result.stderr
    result = terminal.velib("backfill", DAY + "T20", "2022-06-05T00")
    assert result.exit_code == 1
    assert f"the pack {pack} is damaged" in result.stderr
    assert {path: path.read_bytes() for path in terminal.lake.glob("clean/**/*.parquet")} == clean


def test_a_damaged_snapshot_in_a_pack_is_named_and_can_be_discarded(terminal: Terminal) -> None:
    key = raw_key(START + 20 * AN_HOUR)
    data = (terminal.lake / key).read_bytes()
    assert terminal.velib("pack", DAY, DAY).exit_code == 0
    pack = terminal.lake / PACK
    content = pack.read_bytes()
    place = content.index(data) + len(data) // 2
    pack.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    result = terminal.velib("verify")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"raw: {pack}: the bytes of {key} have changed. Replace the pack from a backup" in result.stderr
    assert "1 object damaged or missing" in result.stderr
    assert terminal.velib("discard", DAY, DAY, "--snapshot", key, "--reason", "damaged").exit_code == 0
    assert terminal.velib("verify").exit_code == 0
    assert [slot["hour"] for slot in discarded(terminal)] == ["20"]


def discarded(terminal: Terminal) -> list[dict[str, str]]:
    """The rows of quarantine_velib."""
    text = terminal.velib("query", "SELECT hour FROM quarantine_velib", "--format", "json").stdout
    rows: list[dict[str, str]] = json.loads(text)
    return rows
