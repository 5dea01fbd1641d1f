"""The pipeline and its tests are installed apart: what each needs, and when make installs it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from velib_assets.settings import CHECKOUT
from velib_assets_tests.guarantees.dependencies import canonical, installed

PACKAGE = CHECKOUT / "velib_assets"
PROVIDED = {"pyspark"}  # by Glue's Spark
RUNTIME = installed(extras=())


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level packages that a module imports, also within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_package_imports_only_what_the_pipeline_installs() -> None:
    providers = metadata.packages_distributions()
    used = {name for path in PACKAGE.rglob("*.py") for name in imported(ast.parse(path.read_text("utf-8")))}
    others = used - sys.stdlib_module_names - {"velib_assets"} - PROVIDED
    assert {"dagster", "pyarrow", "duckdb", "vl_convert"} <= others
    missing = [
        name for name in others if {canonical(by) for by in providers.get(name, [])}.isdisjoint(RUNTIME)
    ]
    assert missing == []


def test_tools_of_developers_are_not_part_of_the_pipeline() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    tools = {Requirement(text).name for text in (*extras["dev"], *extras["bench"])}
    assert {"mypy", "selenium", "polars"} <= tools
    assert tools & RUNTIME.keys() == {"packaging", "markdown-it-py"}  # Dagster needs them too


def plan(folder: Path, *targets: str) -> list[str]:
    """What make would install, in order: the requirements of each call of pip."""
    make = ["make", "--dry-run", f"PYTHON={sys.executable}", *targets]
    output = subprocess.run(make, cwd=folder, capture_output=True, text=True, check=True).stdout
    return re.findall(r"pip install .*--editable (\S+)", output)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what make reads of a fresh clone."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


def install(folder: Path, *stamps: str, at: int) -> None:
    """Set the stamps that make leaves after an installation."""
    (folder / ".venv").mkdir(exist_ok=True)
    for stamp in stamps:
        (folder / ".venv" / stamp).touch()
        os.utime(folder / ".venv" / stamp, (at, at))


@pytest.mark.parametrize("target", ["setup", "demo", "dev", "package"])
def test_running_the_pipeline_installs_the_pipeline_alone(clone: Path, target: str) -> None:
    assert plan(clone, target) == ["."]


@pytest.mark.parametrize("target", ["unit", "test", "lint", "format", "guarantees", "aws-local"])
def test_developing_installs_the_rest_as_well(clone: Path, target: str) -> None:
    assert plan(clone, target) == [".", "'.[dev,bench,postgres]'"]


def test_tests_after_the_demo_add_the_rest(clone: Path) -> None:
    install(clone, ".ready", at=2)
    assert plan(clone, "demo") == []
    assert plan(clone, "test") == ["'.[dev,bench,postgres]'"]


def test_the_demo_after_tests_installs_and_removes_nothing(clone: Path) -> None:
    install(clone, ".ready", at=2)
    install(clone, ".ready-dev", at=3)
    assert plan(clone, "demo", "dev", "test", "lint") == []


@pytest.mark.parametrize("changed", ["constraints.txt", "pyproject.toml"])
def test_changed_pins_are_installed_by_the_next_command(clone: Path, changed: str) -> None:
    install(clone, ".ready", ".ready-dev", at=2)
    os.utime(clone / changed, (3, 3))
    assert plan(clone, "dev") == ["."]
    assert plan(clone, "test") == [".", "'.[dev,bench,postgres]'"]
