"""The emulator keeps its state, ends with its parent, and refuses an unknown ministack."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from velib_assets_tests.aws.emulator import interpreters
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.patches import patching
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.waiting import wait_for


def test_state_survives_a_restart(environments: Environments, tmp_path: Path) -> None:
    with Emulator(environments=environments, state=tmp_path / "state") as emulator:
        emulator.client("s3").create_bucket(Bucket="kept")
        emulator.client("s3").put_object(Bucket="kept", Key="a", Body=b"1")
        emulator.client("glue").create_database(DatabaseInput={"Name": "kept"})
    with Emulator(environments=environments, state=tmp_path / "state") as emulator:
        assert emulator.client("s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"1"
        assert emulator.client("glue").get_database(Name="kept")["Database"]["Name"] == "kept"


def test_repeated_request_is_executed_once(environments: Environments) -> None:
    """A client repeats a request whose response was lost, with the same id."""
    scope = "test/20260101/us-east-1/iam/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    call = {
        "Action": "CreateRole",
        "Version": "2010-05-08",
        "RoleName": "a",
        "AssumeRolePolicyDocument": "{}",
    }

    def create(request: str) -> requests.Response:
        headers = {"Authorization": authorization, "amz-sdk-invocation-id": request}
        return requests.post(emulator.endpoint, call, headers=headers, timeout=30)

    with Emulator(environments=environments) as emulator:
        first, repeated, other = create("1"), create("1"), create("2")
    assert (first.status_code, repeated.status_code, other.status_code) == (200, 200, 409)
    assert repeated.content == first.content
    assert "EntityAlreadyExists" in other.text


def test_emulator_ends_when_its_parent_is_killed(environments: Environments) -> None:
    """Otherwise it would keep its port and memory after a killed test run."""
    command = [sys.executable, "-m", "velib_assets_tests.aws.emulator", "--port", "0"]
    environment = {**os.environ, "VELIB_EMULATOR_HOME": str(environments.home)}
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert starter.stdout is not None
    printed = [starter.stdout.readline() for _ in range(9)]
    port = int(printed[0].strip().rsplit(":", 1)[1])
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    wait_for(lambda: not _listening(port))


def test_missing_ministack_name_is_reported_at_start() -> None:
    class Module:
        __name__ = "ministack.services.x"

    with pytest.raises(patching.PatchError, match=r"ministack\.services\.x has no _gone"):
        patching.replace(Module(), "_gone", None)


def test_missing_interpreter_is_reported() -> None:
    with pytest.warns(interpreters.MissingInterpreterWarning, match="NO PYTHON 3.1 ON THIS MACHINE"):
        python = interpreters.find("3.1")
    assert python.exists()


def test_emulator_starts_quickly_on_loopback_only(environments: Environments) -> None:
    began = time.monotonic()
    with Emulator(environments=environments) as emulator:
        assert time.monotonic() - began < 20
        assert emulator.endpoint.startswith("http://127.0.0.1:")
        port = int(emulator.endpoint.rsplit(":", 1)[1])
        assert _listening(port) == [f"0100007F:{port:04X}"]


def _listening(port: int) -> list[str]:
    """Find the addresses (hexadecimal, as in /proc) that are listened on at this port."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        address for _, address, _, state, *_ in sockets if state == "0A" and address.endswith(f":{port:04X}")
    ]
