"""The function of another network: its settings are those of every process, its keys the network's own."""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from velib_assets.aws.package import LAMBDA_ZIP
from velib_assets.lake.keys import SLOT
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.http_server import LocalServer, Reply
from velib_assets_tests.ingest.gbfs_city import file, serve
from velib_assets_tests.waiting import wait_for_room

CALL = """
import json, sys
from velib_assets.ingest.lambda_handler import handler
print(json.dumps(handler(json.loads(sys.argv[1]))))
"""


class Function:
    """The packaged handler in the Lambda's own Python, which has neither pyarrow nor tzdata."""

    def __init__(self, emulator: Emulator, environments: Environments, package: Path, bucket: str) -> None:
        self._python = str(environments.lambda_python)
        self._env = {
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(package),
            "VELIB_BUCKET": bucket,
            "VELIB_SOURCE": "gbfs",
        }

    def call(self, event: dict[str, Any], **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, "-c", CALL, json.dumps(event)],
            env={**self._env, **settings},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def function(emulator: Emulator, environments: Environments, artefacts: Path, bucket: str) -> Function:
    return Function(emulator, environments, artefacts / LAMBDA_ZIP, bucket)


def keys(emulator: Emulator, bucket: str) -> list[str]:
    return [item["Key"] for item in emulator.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_function_stores_the_snapshot_and_the_network_of_its_settings(
    function: Function, emulator: Emulator, bucket: str
) -> None:
    at = wait_for_room(SLOT, timedelta(minutes=2)).replace(microsecond=0)
    with LocalServer() as server:
        settings = {
            "VELIB_NETWORK": "rouen",
            "VELIB_TIMEZONE": "Europe/Paris",
            "VELIB_GBFS_URL": serve(server),
        }
        event = {"scheduled_at": at.isoformat(), "network": "rouen"}
        first, again = (function.call(event, **settings) for _ in range(2))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    results = [json.loads(done.stdout.splitlines()[-1]) for done in (first, again)]
    assert [(result["state"], result["records"]) for result in results] == [("stored", 2), ("present", 0)]
    raw = f"raw/source=rouen/date={at:%Y-%m-%d}/hour={at:%H}/rouen_{at:%Y%m%d_%H%M%S}.json.gz"
    assert keys(emulator, bucket) == ["network/source=rouen/network.json", raw]
    network = emulator.client("s3").get_object(Bucket=bucket, Key="network/source=rouen/network.json")
    assert json.loads(network["Body"].read())["timezone"] == "Europe/Paris"


WRONG: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "works for the network velib, and the caller for rouen": ({}, {"network": "rouen"}),
    "VELIB_GBFS_URL: is required for the network rouen": ({"VELIB_NETWORK": "rouen"}, {}),
    "for example bay_wheels": ({"VELIB_NETWORK": "Bay-Wheels"}, {}),
}


@pytest.mark.parametrize("said", WRONG)
def test_function_with_settings_of_another_network_stores_nothing(
    function: Function, emulator: Emulator, bucket: str, said: str
) -> None:
    settings, event = WRONG[said]
    done = function.call(event, **settings)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]
    assert keys(emulator, bucket) == []


def test_function_quarantines_what_is_not_usable(function: Function, emulator: Emulator, bucket: str) -> None:
    replies: dict[str, Reply] = {"station_status": file({"stations": []})}
    with LocalServer() as server:
        done = function.call({}, VELIB_NETWORK="rouen", VELIB_GBFS_URL=serve(server, replies))
    assert (
        "QuarantinedError: the response is not usable (empty): station_status lists no stations"
        in done.stderr
    )
    assert {key.partition("/date=")[0] for key in keys(emulator, bucket)} == {"quarantine/source=rouen"}
