"""Two workers collect the same tests: pytest-xdist runs none if an id of one is another's by a second."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider")


def test_ids_depend_neither_on_the_clock_nor_on_the_process() -> None:
    first, second = (
        subprocess.run(
            COLLECT,
            cwd=PROJECT,
            env=os.environ | {"PYTEST_ADDOPTS": "", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    )
    ids = [line for line in first if "::" in line]
    assert ids == [line for line in second if "::" in line]
    assert any(line.startswith("velib_assets_tests/ingest/") for line in ids)
