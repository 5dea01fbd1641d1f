"""Lakes whose paths have letters that mean something to DuckDB, or that the locale cannot decode."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.kpi_lake import engine_over, row, rows_of

COUNT = "SELECT count(*) FROM source_velib"
ASCII = {"PYTHONUTF8": "0", "LC_ALL": "C"}  # Python then decodes neither paths nor arguments as UTF-8


@pytest.mark.parametrize(
    ("name", "other"),
    [("st*ar", "staar"), ("st?ar", "staar"), ("st[ar]", "sta"), ("st[ar", "sta")],
)
def test_lake_named_like_a_pattern_is_read_and_no_other_one(name: str, other: str, tmp_path: Path) -> None:
    """DuckDB takes the path of a file for a pattern."""
    engine_over(tmp_path / other, [row("a", 0, 20), row("b", 0, 20)])
    engine = engine_over(tmp_path / name, [row("a", 0, 20)])
    assert rows_of(engine, COUNT) == [(1,)]


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b', "a%20b", "a\nb", "a{b,c}", "a=b", "#é;"])
def test_lake_of_any_other_name_is_read(name: str, tmp_path: Path) -> None:
    engine = engine_over(tmp_path / name, [row("a", 0, 20)])
    assert rows_of(engine, COUNT) == [(1,)]


def velib_in_ascii(lake: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run `velib` where the locale has ASCII only."""
    env = {**os.environ, **ASCII, "VELIB_LAKE": str(lake), "TMPDIR": str(lake.parent)}
    command = [sys.executable, "-m", "velib_assets.cli.commands", *arguments]
    return subprocess.run(command, env=env, cwd=CHECKOUT, capture_output=True, check=False)


def test_query_in_an_ascii_locale_reads_a_lake_with_an_accent(tmp_path: Path) -> None:
    engine_over(tmp_path / "là" / "lé", [row("a", 0, 20, name="Hôtel"), row("b", 0, 20)])
    sql = "SELECT name FROM source_velib WHERE name = 'Hôtel'"
    done = velib_in_ascii(tmp_path / "là" / "lé", "query", sql, "--format", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b'"name"') == 1


def test_report_in_an_ascii_locale_prints_the_path_of_its_page(tmp_path: Path) -> None:
    engine_over(tmp_path / "lé", [row("a", 0, 20)])
    done = velib_in_ascii(tmp_path / "lé", "report")
    assert (done.returncode, done.stderr) == (0, b"")
    assert Path(os.fsdecode(done.stdout.rstrip(b"\n"))).is_file()
