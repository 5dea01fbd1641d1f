"""Prepare DAGSTER_HOME: copy the shipped dagster.yaml into it, and replace a copy that no longer works.

`velib` calls `prepare_home` before it opens the instance, `make dev` runs this module as a script.
"""

import importlib.util
import os
import re
import sys
from pathlib import Path

from velib_assets.settings import CHECKOUT, dagster_home

_ON_POSTGRES = re.compile(r"^\s+postgres:", re.MULTILINE)
_OWN_MODULE = re.compile(r"^[^#\n]*\bmodule:\s*[\"']?(velib_assets[\w.]*)", re.MULTILINE)


def prepare_home(home: Path) -> str:
    """Make sure that `home` exists and holds a dagster.yaml that this version of the package can load.

    A dagster.yaml that names a module of this package that does not exist any more was copied by an older
    version. The shipped file for the same storage (SQLite or PostgreSQL) replaces it, and the old one is kept
    beside it as dagster.yaml.old. Other files in the folder, such as the history of runs, are not touched.

    Returns:
        A line for the user about the replacement, or "" where there was none.
    """
    home.mkdir(parents=True, exist_ok=True)
    shipped, target = CHECKOUT / "dagster.yaml", home / "dagster.yaml"
    if not target.exists():
        if shipped.exists():
            _write(target, shipped.read_bytes())
        return ""
    text = target.read_text(encoding="utf-8")
    outdated = _missing_module(text)
    if not outdated:
        return ""
    if _ON_POSTGRES.search(text):
        shipped = CHECKOUT / "deploy" / "dagster.yaml"
    _write(home / "dagster.yaml.old", target.read_bytes())
    _write(target, shipped.read_bytes())
    return (
        f"Replaced {target}: it names {outdated}, which does not exist any more. "
        f"The old file is {target.name}.old; copy your own changes from it."
    )


def _missing_module(text: str) -> str:
    """Return the first module of this package that the text names and that cannot be imported, or ""."""
    return next((name for name in _OWN_MODULE.findall(text) if not _exists(name)), "")


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step: another command may be reading it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


if __name__ == "__main__":
    if message := prepare_home(dagster_home()):
        sys.stderr.write(message + "\n")
