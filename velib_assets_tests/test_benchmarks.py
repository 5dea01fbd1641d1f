"""The contenders of the clean benchmark do the same work; its other benchmarks are run by hand."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from velib_assets.settings import CHECKOUT

HOURS = 2


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLEAN = loaded("bench_clean")


@pytest.mark.parametrize("name", CLEAN.CONTENDERS)
def test_each_contender_reads_all_records(tmp_path: Path, name: str) -> None:
    """Theirs are typing or parsing alone, ours is the whole contract; all of the same hours."""
    records = CLEAN.make_raw(tmp_path, HOURS)
    folder, contender = CLEAN.CONTENDERS[name]
    assert contender(tmp_path / folder) == records
