"""The contenders of the clean benchmark do the same work; its other benchmarks are run by hand."""

import runpy
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT

HOURS = 2


CLEAN = runpy.run_path(str(CHECKOUT / "benchmarks" / "bench_clean.py"))


@pytest.mark.parametrize("name", CLEAN["CONTENDERS"])
def test_each_contender_reads_all_records(tmp_path: Path, name: str) -> None:
    """Theirs are typing or parsing alone, ours is the whole contract; all of the same hours."""
    records = CLEAN["make_raw"](tmp_path, HOURS)
    folder, contender = CLEAN["CONTENDERS"][name]
    assert contender(tmp_path / folder) == records
