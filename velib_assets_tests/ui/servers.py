"""The real Dagster servers for a test: webserver, daemon and code server in one process group.

It does not import pytest, because the pictures of the documentation are taken with it as well.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import requests

from velib_assets.defs.dagster_home import SHIPPED
from velib_assets.settings import CHECKOUT
from velib_assets_tests.ports import free_port

READY_SECONDS = 180
GRACE_SECONDS = 10
LOG_TAIL = 15_000

# A script that was started in the background may ignore these signals, and so would its children.
_LAUNCH = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

_RUNS = """{ runsOrError { ... on Runs { results {
  id status creationTime endTime tags { key value } } } } }"""

_T = TypeVar("_T")


class GraphQLError(Exception):
    """The webserver returned errors."""


class Server:
    """A running Dagster: the URL of its UI, and the file that all its processes log to."""

    running: "list[Server]" = []  # noqa: RUF012 - shared: a failed test shows their logs

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send a GraphQL query and return its data.

        Raises:
            GraphQLError: The response contains errors.
        """
        answer = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30
        )
        result: dict[str, Any] = answer.json()
        if "errors" in result:
            raise GraphQLError(str(result["errors"])[:2000])
        data: dict[str, Any] = result["data"]
        return data

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs, oldest first, each with its `id`, `status` and `tags` (a dict)."""
        data = self.ask(_RUNS)
        runs = sorted(data["runsOrError"]["results"], key=lambda run: float(run["creationTime"]))
        return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in runs]

    def text(self) -> str:
        """Return the log so far."""
        return self.log.read_text(errors="replace")

    def wait(self, what: str, ask: Callable[[], _T | None], seconds: float, pause: float = 0.5) -> _T:
        """Call `ask` until it returns something true, and return that.

        Raises:
            TimeoutError: After `seconds`, or when the servers have ended; with `what` and the log.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if answer := ask():
                return answer
            if self.process.poll() is not None:
                break
            time.sleep(pause)
        status = self.process.poll()
        why = f"not within {seconds:.0f} s" if status is None else f"the servers ended with {status}"
        raise TimeoutError(f"{what}: {why}\n{self.text()[-LOG_TAIL:]}")

    def up(self) -> bool:
        """Whether the webserver responds and the definitions are loaded."""
        with suppress(requests.RequestException, ValueError):
            data = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            return bool(data["repositoriesOrError"].get("nodes"))
        return False


@contextmanager
def dagster_dev(home: Path, environ: Mapping[str, str], *target: str) -> Iterator[Server]:
    """Run `dagster dev` on a free port for the duration of the block.

    Args:
        home: DAGSTER_HOME; the shipped dagster.yaml is copied into it if it has none.
        environ: VELIB_* and other variables; the caller's own VELIB_* are removed.
        target: The arguments that say what to load: `-m module` or `-w workspace.yaml`.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(SHIPPED, home / "dagster.yaml")
    port = free_port()
    command = [sys.executable, "-c", _LAUNCH, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)]
    with serving(
        [*command, *target], port, {"DAGSTER_HOME": str(home), **environ}, home / "servers.log"
    ) as server:
        yield server


@contextmanager
def serving(command: Sequence[str], port: int, environ: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run a command that serves Dagster's UI on a port of this machine for the duration of the block.

    Args:
        command: The command; it runs in the checkout.
        port: The port.
        environ: VELIB_* and other variables; the caller's own VELIB_* are removed.
        log: The file that all its processes log to.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VELIB_")}
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**inherited, **environ},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    Server.running.append(server)
    try:
        server.wait("the UI responds", server.up, READY_SECONDS)
        yield server
    finally:
        _end(process)
        Server.running.remove(server)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt the first process, which stops the others; then kill what is left of the group."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
