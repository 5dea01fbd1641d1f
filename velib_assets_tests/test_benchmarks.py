"""The contenders of the clean benchmark read the same records. The other benchmarks are run by hand."""

import runpy
from pathlib import Path

import pytest

from velib_assets.settings import CHECKOUT

HOURS = 2


CLEAN = runpy.run_path(str(CHECKOUT / "benchmarks" / "bench_clean.py"))


@pytest.mark.parametrize("name", CLEAN["CONTENDERS"])
def test_each_contender_reads_all_records(tmp_path: Path, name: str) -> None:
    """Other contenders only type or parse; ours does everything. All read the same hours."""
    records = CLEAN["make_raw"](tmp_path, HOURS)
    folder, contender = CLEAN["CONTENDERS"][name]
    assert contender(tmp_path / folder) == records


def test_each_lake_with_an_undeclared_field_has_all_records(tmp_path: Path) -> None:
    records = CLEAN["make_raw"](tmp_path, 1)
    CLEAN["add_undeclared"](tmp_path)
    rows = {
        name: contender(tmp_path / folder) for name, (folder, contender) in CLEAN["WITH_UNDECLARED"].items()
    }
    assert rows == dict.fromkeys(CLEAN["WITH_UNDECLARED"], records)
