"""`velib publish`: what it prints and refuses, and its exit status. A refusal writes nothing."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.cli import publish_commands
from velib_assets.lake.keys import STATIONS_KEY, hour_of
from velib_assets.publish.published_tables import TABLES
from velib_assets_tests.cli.test_commands import Terminal
from velib_assets_tests.disks import full, left_over, read_only, small_disk
from velib_assets_tests.publish.history_lakes import add_daily_layer, recorded_lake
from velib_assets_tests.samples import records

FILES = {table.file for table in TABLES} | {
    "README.md", "LICENSE-ODbL.txt", "CITATION.cff", "datapackage.json", "croissant.json", "SHA256SUMS",
}  # fmt: skip
NOON = datetime(2022, 6, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of two snapshots on two days, and one without daily layer."""
    folder = tmp_path_factory.mktemp("recorded")
    recorded_lake(folder / "whole", {NOON: records(40), NOON + timedelta(days=1): records(40)})
    shutil.copytree(folder / "whole", folder / "bare")
    shutil.rmtree(folder / "bare" / "history")
    shutil.rmtree(folder / "bare" / "kpi")
    LocalCatalog(folder / "bare").unregister_history(
        [f.period for f in LocalCatalog(folder / "bare").history()]
    )
    return folder


@pytest.fixture
def terminal(tmp_path: Path, recorded: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    shutil.copytree(recorded / "whole", terminal.lake)
    return terminal


def check_refused(terminal: Terminal, result: Result, status: int, *words: str) -> None:
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert [word for word in words if word not in result.stderr] == [], result.stderr
    assert not (terminal.lake / "published").exists()
    assert left_over(terminal.lake) == []


def test_month_is_published_into_the_lake_and_its_address_is_printed(terminal: Terminal) -> None:
    result = terminal.velib("publish", "2022-06")
    folder = terminal.lake / "published" / "velib-2022-06"
    assert (result.exit_code, result.stdout) == (0, f"{folder}\n")
    assert result.stderr == "80 rows of 40 stations; 2 of 2,880 slots stored, 0 quarantined, 2,878 missed\n"
    assert {path.name for path in folder.iterdir()} == FILES
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert terminal.velib("publish", "2022-06").exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_lake_with_a_published_month_is_the_same_for_every_reader(terminal: Terminal) -> None:
    commands = (
        ("query", "SELECT count(*) AS n FROM source_velib", "--format", "json"),
        ("query", "SELECT count(*) AS n FROM velib_history", "--format", "json"),
        ("status", "--from", "2022-06-04", "--to", "2022-06-05"),
        ("verify",),
    )
    before = [terminal.velib(*command) for command in commands]
    assert terminal.velib("publish", "2022-06").exit_code == 0
    after = [terminal.velib(*command) for command in commands]
    assert [(r.exit_code, r.stdout) for r in after] == [(r.exit_code, r.stdout) for r in before]
    assert {r.exit_code for r in after} == {0}


def test_name_that_is_too_long_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / ("n" * 300)
    result = terminal.velib("publish", "2022-06", "--to", str(folder))
    check_refused(terminal, result, 1, f"velib: {folder} cannot be written: the name is too long (")


def test_target_is_taken(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = terminal.velib("publish", "2022-06", "--to", "open data/velib-2022-06")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path.resolve()}/open data/velib-2022-06\n")
    assert {path.name for path in (tmp_path / "open data/velib-2022-06").iterdir()} == FILES
    assert not (terminal.lake / "published").exists()


@pytest.mark.parametrize(
    ("month", "words"),
    [
        ("2022-13", "not a month. Use YYYY-MM"),
        ("2022-6", "not a month. Use YYYY-MM"),
        ("2022-06-04", "not a month. Use YYYY-MM"),
        ("0000-01", "not a month. Use YYYY-MM"),
        ("２０２２-06", "not a month. Use YYYY-MM"),
        ("", "not a month. Use YYYY-MM"),
        ("2022-06\n", "not a month. Use YYYY-MM"),
        ("june", "not a month. Use YYYY-MM"),
        ("9999-12", "is in the future"),
        ("2017-12", "is before the first hour, 2018-01-01T00: set VELIB_FIRST_HOUR"),
        ("0001-01", "is before the first hour"),
    ],
)
def test_month_that_cannot_be_is_a_usage_error(terminal: Terminal, month: str, words: str) -> None:
    check_refused(terminal, terminal.velib("publish", month), 2, words)


@pytest.mark.parametrize("month", ["2022-05", "2022-07", "2018-01"])
def test_month_without_rows_writes_nothing(terminal: Terminal, month: str) -> None:
    said = f"the lake has no rows of {month}: nothing to publish"
    check_refused(
        terminal, terminal.velib("publish", month), 1, said, f"`velib backfill {month}-01 {month}-31`"
    )


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2022-08-01T23:59:59", "no UTC day of 2022-08 has ended"),
        ("2022-08-02T00:00:00", "no rows of the days that have ended in 2022-08: "),
        ("2022-08-31T23:59:59", "no rows of the days that have ended in 2022-08: "),
    ],
)
def test_running_month_without_rows_writes_nothing(
    terminal: Terminal, moment: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today's rows do not count, and the message does not deny them."""
    monkeypatch.setattr(publish_commands, "utc_now", lambda: datetime.fromisoformat(f"{moment}+00:00"))
    check_refused(terminal, terminal.velib("publish", "2022-08"), 1, said)


def test_missing_lake_writes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    terminal.env["VELIB_LAKE"] = str(tmp_path / "none")
    result = terminal.velib("publish", "2022-06")
    check_refused(terminal, result, 1, f"There is no lake at {tmp_path / 'none'}")
    assert not (tmp_path / "none").exists()


def test_days_that_are_not_in_history_are_named(terminal: Terminal, recorded: Path) -> None:
    terminal.env["VELIB_LAKE"] = str(shutil.copytree(recorded / "bare", terminal.lake.with_name("bare")))
    result = terminal.velib("publish", "2022-06", "--to", str(terminal.lake.with_name("out")))
    said = "2022-06-04 and 2022-06-05 are not in history yet"
    commands = "velib backfill 2022-06-04T12 2022-06-04T12 && velib backfill 2022-06-05T12 2022-06-05T12"
    check_refused(terminal, result, 1, said, f"Run `{commands}`, then publish it again")
    assert not terminal.lake.with_name("out").exists()


def test_outdated_day_is_named(terminal: Terminal) -> None:
    """A snapshot came late. The day is published again once it was rebuilt."""
    late = hour_of(NOON) + timedelta(hours=1)
    other = terminal.lake.with_name("other")
    recorded_lake(other, {late: records(30)})
    shutil.copytree(other / "raw", terminal.lake / "raw", dirs_exist_ok=True)
    shutil.copytree(other / "clean", terminal.lake / "clean", dirs_exist_ok=True)
    LocalCatalog(terminal.lake).register(LocalCatalog(other).partitions())
    result = terminal.velib("publish", "2022-06")
    check_refused(
        terminal,
        result,
        1,
        "2022-06-04 is outdated in history",
        "`velib backfill 2022-06-04T12 2022-06-04T13`",
    )
    add_daily_layer(terminal.lake)
    assert "110 rows" in terminal.velib("publish", "2022-06").stderr


def test_day_without_daily_kpis_is_named(terminal: Terminal) -> None:
    (gone,) = (terminal.lake / "kpi").glob("*/kpi_daily_network/date=2022-06-05/rows.parquet")
    gone.unlink()
    result = terminal.velib("publish", "2022-06")
    check_refused(
        terminal, result, 1, "2022-06-05 is without current daily KPIs", "`velib backfill 2022-06-0"
    )


@pytest.mark.parametrize("kpi", ["kpi_daily_station", "kpi_station_quality", "kpi_daily_network"])
@pytest.mark.parametrize("position", [40, -120])
def test_day_whose_daily_kpis_are_damaged_is_named(terminal: Terminal, kpi: str, position: int) -> None:
    """Pyarrow decodes some damaged bytes, and gives other numbers."""
    (path,) = (terminal.lake / "kpi").glob(f"*/{kpi}/date=2022-06-05/rows.parquet")
    data = path.read_bytes()
    path.write_bytes(
        data[:position] + bytes(byte ^ 255 for byte in data[position:][:8]) + data[position:][8:]
    )
    said, command = (
        "daily KPIs",
        "Run `velib backfill 2022-06-04T12 2022-06-04T12 && velib backfill 2022-06-05T12",
    )
    check_refused(terminal, terminal.velib("publish", "2022-06"), 1, "2022-06-05 is ", said, command)
    assert f"velib: daily KPIs: {path}: it" in terminal.velib("verify").stderr
    add_daily_layer(terminal.lake)
    assert terminal.velib("publish", "2022-06").exit_code == 0


@pytest.mark.parametrize("data", [None, b"", b"PAR1", bytes(2000)])
def test_missing_or_damaged_register_is_named(terminal: Terminal, data: bytes | None) -> None:
    path = terminal.lake / STATIONS_KEY
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    said = f"{path} is {'missing' if data is None else 'damaged'}. Run `velib verify`"
    check_refused(terminal, terminal.velib("publish", "2022-06"), 1, said)


def test_register_with_other_numbers_is_named(terminal: Terminal) -> None:
    """Its bytes can be decoded, and are not those that its hash is of."""
    path = terminal.lake / STATIONS_KEY
    data = path.read_bytes()
    path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    check_refused(terminal, terminal.velib("publish", "2022-06"), 1, f"{path} is damaged. Run `velib verify`")


def test_damaged_history_is_named(terminal: Terminal) -> None:
    (day,) = (terminal.lake / "history").rglob("date=2022-06-05.parquet")
    day.write_bytes(day.read_bytes()[:-1] + b"?")
    check_refused(terminal, terminal.velib("publish", "2022-06"), 1, str(day), "`velib verify`")


def test_day_whose_history_is_gone_is_named(terminal: Terminal) -> None:
    (day,) = (terminal.lake / "history").rglob("date=2022-06-05.parquet")
    day.unlink()
    said = "2022-06-05 is outdated in history"
    check_refused(
        terminal,
        terminal.velib("publish", "2022-06"),
        1,
        said,
        "`velib backfill 2022-06-05T12 2022-06-05T12`",
    )


def test_lake_on_a_read_only_disk_is_published_elsewhere(terminal: Terminal, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=8000) as disk:
        terminal.env["VELIB_LAKE"] = str(shutil.copytree(terminal.lake, disk / "lake"))
        with read_only(disk):
            result = terminal.velib("publish", "2022-06", "--to", str(tmp_path / "out"))
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_snapshot_without_rows_is_reported(terminal: Terminal) -> None:
    other = terminal.lake.with_name("other")
    recorded_lake(other, {NOON + timedelta(hours=2): records(30)})
    shutil.copytree(other / "raw", terminal.lake / "raw", dirs_exist_ok=True)
    result = terminal.velib("publish", "2022-06")
    assert result.exit_code == 0
    assert (
        "1 stored slot without rows, the first at 2022-06-04T14:00:00Z: run `velib backfill" in result.stderr
    )


@pytest.mark.parametrize(
    "inside", ["raw", "raw/source=velib/date=2022-06-04/hour=12", "clean/x", ".dagster/x", ""]
)
def test_target_inside_the_lake_is_refused(terminal: Terminal, inside: str) -> None:
    before = sorted(path for path in terminal.lake.rglob("*"))
    result = terminal.velib("publish", "2022-06", "--to", str(terminal.lake / inside))
    check_refused(terminal, result, 2, "velib: --to: ", "outside the lake")
    assert sorted(path for path in terminal.lake.rglob("*")) == before


def test_file_in_place_of_the_target_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = terminal.velib("publish", "2022-06", "--to", str(tmp_path / "file"))
    check_refused(terminal, result, 1, f"{tmp_path / 'file'} is a file")
    result = terminal.velib("publish", "2022-06", "--to", str(tmp_path / "file" / "below"))
    check_refused(terminal, result, 1, "a file is in the place of a folder")
    assert (tmp_path / "file").read_text() == "mine"


def test_foreign_folder_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    result = terminal.velib("publish", "2022-06", "--to", str(tmp_path / "mine"))
    check_refused(
        terminal, result, 1, f"{tmp_path / 'mine'} is not an earlier edition of velib-2022-06", "notes.txt"
    )


def test_full_disk_is_one_message(terminal: Terminal, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=300) as disk, full(disk):
        result = terminal.velib("publish", "2022-06", "--to", str(disk / "out"))
        check_refused(terminal, result, 1, f"{disk / 'out'} cannot be written: ")
        assert [path.name for path in disk.iterdir() if path.name != "filler"] == []


def test_unreachable_bucket_is_one_message(terminal: Terminal) -> None:
    terminal.env |= {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",  # pragma: allowlist secret
        "AWS_MAX_ATTEMPTS": "1",
    }
    result = terminal.velib("publish", "2022-06", "--to", "s3://bucket/open-data")
    check_refused(terminal, result, 1, "127.0.0.1:9")
