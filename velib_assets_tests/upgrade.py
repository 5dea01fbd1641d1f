"""`make upgrade-check`: do the tests pass with the newest Dagster, DuckDB, sqlglot and pyarrow?

    python -m velib_assets_tests.upgrade FOLDER

It installs the newest version of every requirement into a virtual environment in FOLDER, compares these
four with their pins in constraints.txt, and runs the tests that touch them. The pins do not change. The exit
status is pytest's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RAISED = ("dagster", "dagster-webserver", "dagster-aws", "dagster-postgres", "duckdb", "sqlglot", "pyarrow")
SUITES = ("defs", "cli", "query", "report", "clean", "catalog", "test_frozen_lake.py")


def requirements() -> list[str]:
    """What the tests need, without upper limits: the newest versions may exceed them.

    The lower limits keep pip from pairing a new Dagster with an ancient integration that fits it by accident.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = (*project["dependencies"], *extras["dev"], *extras["postgres"])
    return [re.sub(r",?<[^,]*", "", text) for text in texts]


def pinned_versions() -> dict[str, str]:
    """The versions in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def install(folder: Path) -> Path:
    """Make the environment from nothing; returns its Python.

    Raises:
        subprocess.CalledProcessError: pip failed; its output is on the terminal.
    """
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements()], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(ROOT)], check=True)
    return python


def changes(python: Path) -> list[str]:
    """A line per raised package: its pin and the installed version."""
    command = [str(python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    installed = {package["name"].lower(): package["version"] for package in listed}
    pins = pinned_versions()
    return [
        f"{name:20} {pins[name]:>12} -> {installed[name]}"
        + ("" if pins[name] != installed[name] else "  (the pin is the newest)")
        for name in RAISED
    ]


def main() -> None:
    """Install, print the versions, run the tests."""
    python = install(Path(sys.argv[1]).resolve())
    sys.stdout.write("\n".join(changes(python)) + "\n")
    sys.stdout.flush()
    suites = [str(ROOT / "velib_assets_tests" / name) for name in SUITES]
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-m",
        "not browser and not daemon",
        "-n",
        "auto",
        "--dist",
        "loadgroup",
        *suites,
    ]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
