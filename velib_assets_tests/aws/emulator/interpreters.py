"""Finds the Pythons that AWS uses: 3.12 (Lambda), 3.9 (Glue's Python shell), 3.11 (Glue Spark)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"


class MissingInterpreterWarning(UserWarning):
    """The Python of an AWS runtime is missing, and another one is used."""


@cache
def find(version: str) -> Path:
    """Find a working Python of this version; otherwise use that of this process, with a warning."""
    for candidate in _candidates(version):
        probe = _probed(candidate)
        if probe and probe[0] == version:
            return Path(probe[1])
    own = Path(getattr(sys, "_base_executable", sys.executable))
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    if mine != version:
        message = (
            f"NO PYTHON {version} ON THIS MACHINE: what AWS runs on {version} runs on {mine} here ({own})"
        )
        warnings.warn(message, MissingInterpreterWarning, stacklevel=2)
    return own


def version_of(python: Path) -> str:
    """Return the version of an interpreter, such as `3.12`."""
    probe = _probed(python)
    return probe[0] if probe else "unknown"


def _candidates(version: str) -> Iterator[Path]:
    """Search PATH (where a pyenv shim may fail), then the folders of pyenv and uv, newest first."""
    for folder in os.get_exec_path():
        on_path = shutil.which(f"python{version}", path=folder)
        if on_path:
            yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted((pyenv / "versions").glob(f"{version}.*/bin/python"), reverse=True)
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))
    yield from sorted(uv.glob(f"cpython-{version}.*/bin/python{version}"), reverse=True)


def _probed(python: Path) -> tuple[str, str] | None:
    """Return version and path from the interpreter; None if it does not run or cannot create a venv."""
    try:
        done = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    version, _, path = done.stdout.strip().partition(" ")
    return (version, path) if done.returncode == 0 else None
