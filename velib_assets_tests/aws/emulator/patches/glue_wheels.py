"""The wheels of a Glue run, installed in a fresh folder without any index.

A folder serves all runs with the same wheels, because installing pyarrow takes seconds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from velib_assets_tests.aws.emulator.patches import patching

_installing = threading.Lock()


def installation(python: str, wheels: Sequence[Path], *options: str, one_by_one: bool = False) -> Path:
    """Return a folder with these wheels installed.

    Args:
        python: the interpreter whose pip installs them.
        wheels: files; a name without a file is left to pip, which finds nothing here.
        options: of pip, such as --no-index.
        one_by_one: install each with a pip of its own, as the Python shell does: none satisfies another.

    Raises:
        RuntimeError: pip failed, for example because a wheel requires another one.
    """
    digest = hashlib.sha256(repr((python, options)).encode())
    for wheel in wheels:
        digest.update(wheel.name.encode() + (wheel.read_bytes() if wheel.is_file() else b""))
    folder = Path(patching.SETTINGS["VELIB_EMULATOR_SCRATCH"], f"wheels-{digest.hexdigest()[:16]}")
    with _installing:
        if not folder.exists():
            target = folder.with_suffix(".part")
            shutil.rmtree(target, ignore_errors=True)
            for batch in [[wheel] for wheel in wheels] if one_by_one else [wheels]:
                _install(python, batch, target, options)
            target.rename(folder)
    return folder


def _install(python: str, wheels: Sequence[Path], target: Path, options: Sequence[str]) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    command += ["--no-index", "--target", str(target), *map(str, wheels)]
    isolated = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "HOME": str(target.parent)}
    done = subprocess.run(command, env=isolated, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ModuleInstallException: {done.stderr.strip()[-2000:]}")
