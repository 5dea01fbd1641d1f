"""The emulator's Python environments, created once in a cache folder and named after their contents."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from velib_assets_tests.aws.emulator import interpreters

ROOT = Path(__file__).resolve().parents[3]
GLUE_MODULES = ROOT / "infra" / "glue_modules.txt"
# The Python shell has 1.21.21; this is the oldest that finds the emulator. Neither knows conditional writes.
SHELL_BOTO3 = "boto3==1.28.0"
SPARK_MODULES = Path(__file__).with_name("spark_modules.txt")


class EnvironmentFailedError(RuntimeError):
    """An environment could not be created; the message has pip's output."""


@dataclass(frozen=True)
class Environments:
    """The interpreters of one emulator, each created at its first use."""

    home: Path
    glue_modules_file: Path = GLUE_MODULES

    @classmethod
    def default(cls, home: Path | None = None) -> Environments:
        """Use VELIB_EMULATOR_HOME, by default `.emulator` in the checkout."""
        return cls(home or Path(os.environ.get("VELIB_EMULATOR_HOME") or ROOT / ".emulator"))

    @cached_property
    def server(self) -> Path:
        """Ministack's environment, which is separate because it pins botocore."""
        return self._made("server", "3.12", _lines(ROOT / "constraints-emulator.txt"))

    @cached_property
    def lambda_python(self) -> Path:
        """AWS's Python 3.12 runtime: only boto3."""
        pinned = [pin for pin in _lines(ROOT / "constraints.txt") if pin.startswith("boto3==")]
        return self._made("lambda", "3.12", pinned)

    @cached_property
    def glue_python(self) -> Path:
        """The Python 3.9 of a Python shell job, with its old boto3. A run installs the job's wheels."""
        return self._made("glue", "3.9", [SHELL_BOTO3])

    @cached_property
    def spark_python(self) -> Path:
        """Glue Spark 5.x: Python 3.11 and Spark 3.5. A run installs the job's wheels."""
        if shutil.which("java") is None:
            raise EnvironmentFailedError("Glue Spark needs Java 17 on the PATH")
        return self._made("spark", "3.11", _lines(SPARK_MODULES))

    @cached_property
    def python39(self) -> Path:
        """Glue's Python and pyarrow, with the test dependencies of lake, ingest, clean and catalog.

        Without boto3, which would bring urllib3 1.26 to 3.9: the feeds, which run in the Lambda, want 2.
        """
        arrow = [pin for pin in self.glue_modules if pin.startswith("pyarrow")]
        own = _lines(Path(__file__).with_name("python39_modules.txt"))
        return self._made("python39", "3.9", [*arrow, *own])

    @cached_property
    def checkov(self) -> Path:
        """The command of checkov, which has many pins."""
        python = self._made("checkov", "3.11", _lines(ROOT / "constraints-checkov.txt"))
        return python.with_name("checkov")

    @cached_property
    def trino(self) -> Path:
        """Trino's grammar, whose antlr4 runtime is older than that of the project."""
        return self._made("trino", "3.11", _lines(ROOT / "constraints-trino.txt"))

    @cached_property
    def formats(self) -> Path:
        """The libraries of the formats that `velib publish` writes, and a DuckDB with httpfs."""
        return self._made("formats", "3.11", _lines(ROOT / "constraints-formats.txt"))

    @cached_property
    def glue_modules(self) -> list[str]:
        """Read the pins of infra/glue_modules.txt, without their hashes."""
        return [line.split()[0] for line in _lines(self.glue_modules_file)]

    def _made(self, kind: str, version: str, requirements: Sequence[str]) -> Path:
        base = interpreters.find(version)
        recipe = "\n".join([str(base), *requirements])
        folder = self.home / f"{kind}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
        python = folder / "bin" / "python"
        self.home.mkdir(parents=True, exist_ok=True)
        with _lock(self.home / f".{kind}.lock"):
            if not (folder / ".ready").exists():
                shutil.rmtree(folder, ignore_errors=True)
                _run([str(base), "-m", "venv", str(folder)])
                if requirements:
                    _run(
                        [
                            str(python),
                            "-m",
                            "pip",
                            "install",
                            "--quiet",
                            "--disable-pip-version-check",
                            *requirements,
                        ]
                    )
                (folder / ".ready").write_text(recipe)
        return python


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one process at a time create an environment."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> None:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    done = subprocess.run(command, capture_output=True, text=True, env=clean, check=False)
    if done.returncode:
        raise EnvironmentFailedError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def _lines(path: Path) -> list[str]:
    """Read the lines of a requirements file, without comments and blanks."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]
