"""The package as a wheel in a new environment, with its pins and nothing else, runs the pipeline.

No test tool is in that environment, and no checkout: lakes and runs are in the current folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.guarantees.dependencies import canonical, installed, pinned

pytestmark = pytest.mark.timeout(900)  # pip downloads the packages
MOST_MEGABYTES = 850  # README.md says 0.8 GB

Velib = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new environment with the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    source = folder / "source"
    source.mkdir()
    shutil.copytree(CHECKOUT / "velib_assets", source / "velib_assets")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--constraint", CHECKOUT / "constraints.txt", wheel], check=True)
    return folder / "venv"


@pytest.fixture(scope="module")
def velib(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Velib:
    """Return a function that runs a program of the environment in an empty folder."""
    folder = tmp_path_factory.mktemp("here")

    def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), **settings}
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_environment_holds_what_the_pipeline_needs_and_no_more(environment: Path) -> None:
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "check"], check=True, capture_output=True)
    listed = subprocess.run([*pip, "list", "--format", "json"], check=True, capture_output=True, text=True)
    versions = {canonical(part["name"]): part["version"] for part in json.loads(listed.stdout)}
    names = versions.keys() - {"pip", "setuptools", "velib-insights"}
    assert names == installed(extras=()).keys()
    assert {name: versions[name] for name in names}.items() <= pinned().items()


def test_environment_has_the_documented_size(environment: Path) -> None:
    output = subprocess.run(["du", "-sm", environment], check=True, capture_output=True, text=True).stdout
    assert 0.8 * MOST_MEGABYTES < int(output.split()[0]) < MOST_MEGABYTES


def test_version_is_that_of_the_project(velib: Velib) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert velib("velib", "--version").stdout == f"velib {project['version']}\n"


def test_definitions_load_as_the_server_loads_them(velib: Velib) -> None:
    velib("dagster", "definitions", "validate", "-m", "velib_assets.definitions")


def test_demo_tick_query_and_report_run(velib: Velib) -> None:
    text = velib("velib", "demo").stdout
    suggested = text.partition("Next:\n")[2].splitlines()
    assert [line.split()[:3] for line in suggested] == [
        ["VELIB_LAKE=lake-demo", "velib", "report"],
        ["VELIB_LAKE=lake-demo", "velib", "query"],
    ]
    tick = velib("velib", "tick", VELIB_SOURCE="simulator")
    assert "1 hour clean, 1,450 rows" in tick.stderr
    for lake, rows in (("lake-demo", "139200"), ("lake", "1450")):
        sql = "SELECT count(*) AS n FROM source_velib"
        assert velib("velib", "query", sql, "--format", "csv", VELIB_LAKE=lake).stdout == f"n\n{rows}\n"
        page = Path(velib("velib", "report", VELIB_LAKE=lake).stdout.strip())
        assert page.stat().st_size > 1_000_000
        assert page.parts[-3:-1] == (lake, "reports")
