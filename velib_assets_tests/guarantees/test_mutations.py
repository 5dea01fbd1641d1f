"""Every promise has a mutation that breaks it, and every mutation applies to the current code."""

from pathlib import Path

import pytest

from velib_assets_tests.guarantees.mutations import MUTATIONS, Mutation, broken_copy
from velib_assets_tests.guarantees.promises import PROMISES


def test_every_promise_has_a_mutation() -> None:
    assert {mutation.promise for mutation in MUTATIONS} == set(PROMISES)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_applies_to_the_code(mutation: Mutation, tmp_path: Path) -> None:
    copy = broken_copy(mutation, tmp_path)
    compile((copy / mutation.file).read_text(encoding="utf-8"), mutation.file, "exec")
