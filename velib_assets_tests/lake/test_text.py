"""Text of messages."""

import pytest

from velib_assets.lake.text import counted


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1450, "1,450 rows")]
)
def test_one_thing_is_singular(number: int, shown: str) -> None:
    assert counted(number, "row") == shown


def test_plural_may_be_given() -> None:
    assert counted(1, "hour was", "hours were") == "1 hour was"
    assert counted(3, "hour was", "hours were") == "3 hours were"
