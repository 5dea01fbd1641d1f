"""`velib tick` prints each failed attempt when it happens, on a terminal and in a pipe."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.defs.test_graph import EXPORT
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.samples import body, records

SECRET = "s3cret"  # noqa: S105 - of the URL, which no message may repeat


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_failed_attempt_is_printed_while_the_next_one_waits(tmp_path: Path, *, terminal: bool) -> None:
    reading, writing = pty.openpty() if terminal else os.pipe()
    with LocalServer() as portal:
        portal.queue(EXPORT, Reply(503), Reply(429), Reply(body=body(records()), fault="held"))
        url = portal.url.replace("//", f"//user:{SECRET}@")
        folders = {"VELIB_LAKE": str(tmp_path / "lake"), "DAGSTER_HOME": str(tmp_path / "home")}
        process = subprocess.Popen(
            [sys.executable, "-m", "velib_assets.cli.commands", "tick"],
            cwd=CHECKOUT,
            env=os.environ | folders | {"VELIB_OPENDATA_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=writing,
        )
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as messages:
            attempts = (line for line in iter(messages.readline, "") if "attempt" in line)
            first, second = next(attempts), next(attempts)
            assert process.poll() is None
            portal.released.set()
            assert process.wait(60) == 0
    address = f"{portal.url}{EXPORT}"
    assert first.startswith(f"{address}: attempt 1 failed: HTTP 503 Scripted. Attempt 2 in ")
    assert second.startswith(f"{address}: attempt 2 failed: HTTP 429 Scripted. Attempt 3 in ")
    assert SECRET not in first + second
