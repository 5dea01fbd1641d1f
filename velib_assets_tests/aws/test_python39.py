"""The tests of what Lambda and Glue run pass on Python 3.9, the version of Glue's Python shell."""

import os
import subprocess

import pytest

from velib_assets.settings import CHECKOUT
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.emulator.interpreters import version_of

SUITES = [
    f"velib_assets_tests/{name}" for name in ("lake", "ingest", "clean", "catalog", "history", "stations")
]


@pytest.mark.timeout(900)  # of hundreds of tests
def test_steps_of_lambda_and_glue_pass_on_python_39(environments: Environments) -> None:
    if version_of(environments.python39) != "3.9":
        missing = "THE TESTS ON PYTHON 3.9 DO NOT RUN: there is no Python 3.9 on this machine"
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    command = [str(environments.python39), "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
