"""Wheels of `make package`, installed as a Glue run installs them: without an index."""

import subprocess
from collections.abc import Iterable
from pathlib import Path


def install(python: Path, wheels: Iterable[Path], target: Path, *options: str) -> None:
    """Install wheels into a folder with the pip of an environment."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--target", str(target), *options, *map(str, wheels)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def for_python(wheels: Iterable[Path], tag: str) -> list[Path]:
    """Select the wheels for a Python, such as `cp39`, as infra/glue.tf does."""
    return [wheel for wheel in wheels if f"-{tag}-" in wheel.name or "-none-any" in wheel.name]
