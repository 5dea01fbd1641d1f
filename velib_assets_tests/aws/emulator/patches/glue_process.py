"""The process of a Glue run: a bare Python 3.9 or local Spark, with the run's arguments and permissions."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching
from velib_assets_tests.aws.emulator.patches.glue_logs import LogStream
from velib_assets_tests.aws.emulator.patches.glue_wheels import installation
from velib_assets_tests.aws.emulator.patches.role_session import download, role_environment

GIB = 2**30
OUT_OF_MEMORY = "Command Failed due to Out of Memory"
_ERROR_LINES = 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Job:
    """The definition of a run."""

    name: str
    run_id: str
    role: str
    script: str
    spark: bool
    arguments: dict[str, str]
    memory: int

    @classmethod
    def of(cls, job: dict[str, Any], run: dict[str, Any]) -> Job:
        """Combine the job's definition and the run's record, whose arguments override."""
        spark = job["Command"].get("Name") == "glueetl"
        own = {"--JOB_NAME": job["Name"], "--JOB_RUN_ID": run["Id"]} if spark else {}
        arguments = {**(job.get("DefaultArguments") or {}), **own, **run["Arguments"]}
        arguments |= job.get("NonOverridableArguments") or {}
        memory = 64 * GIB if spark else max(1, int(run["MaxCapacity"] * 16)) * GIB
        return cls(
            job["Name"], run["Id"], job["Role"], job["Command"]["ScriptLocation"], spark, arguments, memory
        )


class JobProcess:
    """Runs a job once; another thread can `kill` it at any time."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: subprocess.Popen[str] | None = None
        self._killed = threading.Event()
        self._peak = 0
        atexit.register(self.kill)

    def kill(self) -> None:
        """End the process and its children."""
        self._killed.set()
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def run(self, deadline: float) -> tuple[str, str]:
        """Run the job; return its final state and error message."""
        with tempfile.TemporaryDirectory(
            prefix="glue-", dir=patching.SETTINGS["VELIB_EMULATOR_SCRATCH"]
        ) as folder:
            command, environment = self._prepared(Path(folder))
            if self._killed.is_set():
                return "STOPPED", ""
            return self._watched(command, environment, Path(folder), deadline)

    def _prepared(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        """Fetch script and libraries with the role's permissions; return the command and its environment."""
        environment = role_environment(self._job.role, "GlueJobRunnerSession") | {
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }
        script = download(environment, self._job.script, folder)
        extra = [download(environment, url, folder) for url in self._listed("--extra-py-files")]
        arguments = [word for pair in self._job.arguments.items() for word in pair]
        if self._job.spark:
            return [*self._submit(environment, extra), str(script), *arguments], environment
        if unknown := self._listed("--additional-python-modules"):
            # As documented: the Python shell takes them from the index alone, which is not reached here.
            raise RuntimeError(f"ModuleInstallException: no index to take {', '.join(unknown)} from")
        python = patching.SETTINGS["VELIB_EMULATOR_GLUE_PYTHON"]
        wheels = [path for path in extra if path.suffix == ".whl"]
        # The folder of a zip is on the path, not the zip in it. The shell's own boto3 is loaded already.
        folders = [str(path.parent) for path in extra if path.suffix != ".whl"]
        installed = [str(installation(python, wheels, one_by_one=True))] if wheels else []
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*folders, *installed]))
        return [python, str(script), *arguments], environment

    def _submit(self, environment: dict[str, str], libraries: list[Path]) -> list[str]:
        """Install the job's wheels, complete the environment, and return the command of Spark."""
        python = patching.SETTINGS.get("VELIB_EMULATOR_SPARK_PYTHON")
        if not python:
            raise RuntimeError("this emulator was started without Spark: Emulator(spark=True)")
        folder = Path(environment["TMPDIR"])
        wheels = [
            download(environment, name, folder) if name.startswith("s3:") else Path(name)
            for name in self._listed("--additional-python-modules")
        ]
        options = self._job.arguments.get("--python-modules-installer-option", "").split()
        installed = [installation(python, wheels, *options)] if wheels else []
        environment |= {
            "PYTHONPATH": os.pathsep.join(map(str, [*installed, *libraries])),
            "PYSPARK_PYTHON": python,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_DRIVER_PYTHON": python,
        }
        command = [str(Path(python).with_name("spark-submit")), "--master", "local[2]"]
        command += ["--conf", "spark.ui.enabled=false"]
        return [*command, *(["--py-files", ",".join(map(str, libraries))] if libraries else [])]

    def _listed(self, argument: str) -> list[str]:
        """Return the parts of an argument that commas separate."""
        parts = self._job.arguments.get(argument, "").split(",")
        return [part.strip() for part in parts if part.strip()]

    def _watched(
        self, command: list[str], environment: dict[str, str], folder: Path, deadline: float
    ) -> tuple[str, str]:
        group = "/aws-glue/jobs" if self._job.spark else "/aws-glue/python-jobs"
        self._process = process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        output = LogStream(f"{group}/output", self._job.run_id, process.stdout)
        errors = LogStream(f"{group}/error", self._job.run_id, process.stderr)
        if self._killed.is_set():
            self.kill()
        verdict = self._verdict(process, deadline)
        output.close()
        errors.write(f"[emulator] peak resident memory {self._peak // 2**20} MB")
        # Spark's launcher merges both streams of the driver's Python into standard output.
        lines = output.lines if self._job.spark else errors.lines
        return verdict or _ended(process.returncode, lines)

    def _verdict(self, process: subprocess.Popen[str], deadline: float) -> tuple[str, str] | None:
        """Wait for the end; return the state from the watch, or None if the exit status decides."""
        while process.poll() is None:
            self._peak = max(self._peak, _resident(process.pid))
            if self._peak > self._job.memory:
                self.kill()
                process.wait()
                return "FAILED", OUT_OF_MEMORY
            if time.time() > deadline:
                self.kill()
                process.wait()
                return "TIMEOUT", "Job run timed out"
            time.sleep(0.02)
        return None


def _resident(pid: int) -> int:
    """Return the memory of a process in bytes, 0 after its end."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _ended(status: int, lines: list[str]) -> tuple[str, str]:
    if status == 0:
        return "SUCCEEDED", ""
    starts = [n for n, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if not starts:
        return "FAILED", f"Command failed with exit code {status}"
    message = [line for line in lines[starts[-1] + 1 :] if line and not line.startswith((" ", "[emulator]"))]
    return "FAILED", "\n".join(message[:_ERROR_LINES])
