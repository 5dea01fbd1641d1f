"""What `velib` suggests: commands that run as printed, and nothing that is set already."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from velib_assets.cli import suggestions
from velib_assets.cli.backfill_plan import plan_archive
from velib_assets.cli.commands import main
from velib_assets.lake.keys import SOURCE
from velib_assets.settings import CHECKOUT, Settings
from velib_assets_tests.simulated_lake import simulated_lake

HOUR = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a lake, `lake-demo`; it is the current folder and that of the default lakes."""
    simulated_lake(tmp_path / "lake-demo", HOUR, 1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suggestions, "WORKPLACE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["velib"])
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--format", "json"),
        ("query", "SELECT * FROM kpi_shortage"),
        ("report",),
        ("verify",),
    ],
)
@pytest.mark.parametrize("relative", [False, True])
def test_missing_lake_names_its_whole_path_and_the_lake_that_exists(
    here: Path, command: tuple[str, ...], *, relative: bool
) -> None:
    """A relative path may be meant for another folder, so that the folder is named as well."""
    lake = "lake" if relative else str(here / "lake")
    result = CliRunner().invoke(main, command, env={"VELIB_LAKE": lake, "VELIB_SOURCE": None})
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"There is no lake at {here / 'lake'}. Run `velib tick` to take one." in result.stderr
    assert "Snapshots are in lake-demo: set VELIB_LAKE=lake-demo to read them." in result.stderr


def test_suggested_lake_has_rows(here: Path) -> None:
    (word,) = [word for word in suggestions.empty_lake(Settings(here / "lake")).split() if "=" in word]
    name, _, value = word.partition("=")
    result = CliRunner().invoke(
        main, ["query", "SELECT * FROM source_velib", "--format", "csv"], env={name: value}
    )
    assert (len(result.stdout.splitlines()), result.stderr) == (1 + 4 * 60, "")


def test_folder_with_a_space_can_be_pasted(here: Path) -> None:
    (here / "lake-demo").rename(here / "my lake")
    assert "set VELIB_LAKE='my lake' to read them" in suggestions.empty_lake(Settings(here / "lake"))
    (command,) = [
        line for line in suggestions.after_demo(None, here / "my lake").splitlines() if "query" in line
    ]
    assert shlex.split(command)[:3] == ["VELIB_LAKE=my lake", "velib", "query"]


def test_lake_with_snapshots_gets_no_suggestion(here: Path) -> None:
    for command in (["status"], ["query", "SELECT * FROM kpi_shortage WHERE bikes < 0"]):
        assert CliRunner().invoke(main, command, env={"VELIB_LAKE": str(here / "lake-demo")}).stderr == ""


def test_empty_lake_of_an_archive_is_filled_by_a_backfill(here: Path) -> None:
    """`velib tick` is refused there."""
    text = suggestions.empty_lake(Settings(here / "lake", source="archive", archive=str(here)))
    assert "velib backfill" in text
    assert "tick" not in text


def test_settings_for_an_archive_leave_out_what_is_set(here: Path) -> None:
    both, only_source, present = (
        suggestions.from_archive(settings)
        for settings in (
            Settings(here),
            Settings(here, archive=str(here)),
            Settings(here, source="archive", archive=str(here)),
        )
    )
    assert both.endswith("VELIB_SOURCE=archive and VELIB_ARCHIVE=<folder>")
    assert only_source.endswith("VELIB_SOURCE=archive")
    assert "VELIB_SOURCE" not in present
    assert str(here) in present


def test_backfill_without_hours_leaves_out_the_archive_that_is_set(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        plan_archive(Settings(here, archive=str(here)))
    assert capsys.readouterr().err.endswith("set VELIB_SOURCE=archive\n")


def test_commands_after_the_demo_run_as_printed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `make demo`, where the shell does not find `velib`."""
    velib = here / ".venv" / "bin" / "velib"
    velib.parent.mkdir(parents=True)
    velib.touch()
    monkeypatch.setattr(sys, "argv", [str(velib)])
    lines = [
        shlex.split(line)
        for line in suggestions.after_demo(Settings(here / "lake"), here / "lake-demo").splitlines()[1:]
    ]
    assert [words[0] for words in lines if "make" in words] == ["make"]
    commands = [words for words in lines if "make" not in words]
    assert {tuple(words[:2]) for words in commands} == {("VELIB_LAKE=lake-demo", ".venv/bin/velib")}
    for setting, _, *arguments in commands:
        result = CliRunner().invoke(
            main, [word for word in arguments if word != "--open"], env=dict([setting.split("=")])
        )
        assert (result.exit_code, result.stdout != "") == (0, True)


def test_commands_after_the_demo_leave_out_the_lake_that_is_set(here: Path) -> None:
    assert "VELIB_LAKE" not in suggestions.after_demo(Settings(here / "lake-demo"), here / "lake-demo")


def test_commands_after_the_demo_name_other_folders_in_full(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    text = suggestions.after_demo(None, here / "lake-demo")
    assert f"VELIB_LAKE={here / 'lake-demo'} velib report" in text
    assert f"make -C {CHECKOUT} dev LAKE=lake-demo" in text


def test_commands_after_the_demo_of_another_network_share_its_settings(here: Path) -> None:
    """Every command of another network needs them, and so does `make dev`."""
    lines = suggestions.after_demo(None, here / "lake-demo", "3.0").splitlines()
    settings = "VELIB_SOURCE=simulator VELIB_SIMULATOR_GBFS=3.0 VELIB_LAKE=lake-demo"
    assert lines[1] == f"  export VELIB_NETWORK={SOURCE} {settings}"
    assert not any("VELIB_" in line for line in lines[2:])
    assert len(lines) == 5
