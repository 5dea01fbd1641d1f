"""What `make dev` passes on: the lake as it was written, the schedule, and the source of the demo's lake."""

import os
import subprocess
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT

RECORDER = """#!/bin/sh
case "$*" in
  *dagster_home*) echo "$VELIB_LAKE/.dagster" ;;
  *) printf '%s\\n' "$VELIB_LAKE" "$VELIB_SCHEDULE" "$VELIB_SOURCE" "$DAGSTER_HOME" ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder whose `python` prints the settings that it gets."""
    python = tmp_path / "python"
    python.write_text(RECORDER, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def make_dev(programs: Path, *variables: str, **environ: str) -> list[str]:
    """Run `make dev`, and return lake, schedule, source and home."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VELIB_")}
    done = subprocess.run(
        ["make", "-s", "-o", "setup", "dev", f"BIN={programs}", *variables],
        cwd=CHECKOUT,
        env=inherited | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


LAKES = ["/srv/my lake", 'it\'s "quoted"', "a;b", "~/lake", "lake(1)"]


@pytest.mark.parametrize("lake", LAKES)
def test_lake_is_passed_as_written(programs: Path, lake: str) -> None:
    expected = [lake, "off", "", f"{lake}/.dagster"]
    assert make_dev(programs, f"LAKE={lake}") == expected
    assert make_dev(programs, VELIB_LAKE=lake) == expected


def test_lake_and_schedule_of_the_command_line_count(programs: Path) -> None:
    lake, schedule, _, _ = make_dev(
        programs, "LAKE=one", "SCHEDULE=on", VELIB_LAKE="two", VELIB_SCHEDULE="off"
    )
    assert (lake, schedule) == ("one", "on")
    assert make_dev(programs)[0] == "lake"


@pytest.mark.parametrize("lake", ["lake-demo", "lake-demo/", "/srv/my lakes/lake-demo"])
def test_lake_of_the_demo_is_simulated(programs: Path, lake: str) -> None:
    assert make_dev(programs, f"LAKE={lake}", VELIB_SOURCE="opendata")[2] == "simulator"


@pytest.mark.parametrize("lake", ["lake", "lake-demo copy/lake", "/srv/lake-demo/other", "my-lake-demo"])
def test_other_lakes_have_the_source_of_the_setting(programs: Path, lake: str) -> None:
    assert make_dev(programs, f"LAKE={lake}", VELIB_SOURCE="gbfs")[2] == "gbfs"
