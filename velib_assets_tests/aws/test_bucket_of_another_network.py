"""A bucket holds one network, as a folder does: commands, ticks and the function refuse another one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from velib_assets.aws.package import LAMBDA_ZIP
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.test_network_lambda import Function, keys
from velib_assets_tests.http_server import LocalServer
from velib_assets_tests.ingest.gbfs_city import serve

RAW = "raw/source=lyon/date=2022-06-04/hour=10/lyon_20220604_100000.json.gz"
COMMANDS = (["status"], ["tick"], ["query", "SELECT 1"], ["report"], ["verify"], ["reconcile"])


@pytest.fixture
def of_lyon(emulator: Emulator, bucket: str) -> str:
    """Return a bucket with raw of the network lyon."""
    emulator.client("s3").put_object(Bucket=bucket, Key=RAW, Body=b"")
    return bucket


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command_refuses_the_bucket(
    command: list[str], emulator: Emulator, of_lyon: str, tmp_path: Path
) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VELIB_")}
    settings = {"VELIB_TARGET": "aws", "VELIB_BUCKET": of_lyon, "DAGSTER_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "velib_assets.cli.commands", *command],
        env={**inherited, **emulator.env(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"velib: VELIB_NETWORK: the lake s3://{of_lyon} holds the network lyon, so it cannot hold velib too. "
        "Set VELIB_NETWORK=lyon to work with it, or set VELIB_BUCKET to another lake\n"
    )
    assert not (tmp_path / "home").exists()


def test_function_refuses_the_bucket_and_stores_nothing(
    emulator: Emulator, environments: Environments, artefacts: Path, of_lyon: str
) -> None:
    function = Function(emulator, environments, artefacts / LAMBDA_ZIP, of_lyon)
    with LocalServer() as server:
        done = function.call({}, VELIB_NETWORK="rouen", VELIB_GBFS_URL=serve(server))
    assert done.returncode == 1
    assert f"SourceMismatchError: the lake s3://{of_lyon} holds the network lyon" in done.stderr
    assert keys(emulator, of_lyon) == [RAW]
