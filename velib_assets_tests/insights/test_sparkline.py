"""A sparkline shows gaps as gaps, and zero apart from little."""

import pytest

from velib_assets.insights.sparkline import binned, sparkline


def test_gap_is_blank_and_only_zero_is_lowest() -> None:
    assert sparkline([0, None, 0.001, 0.5, 1], 1) == "▁ ▂▅█"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "no-such-encoding"])
def test_encoding_without_blocks_gets_ascii(encoding: str) -> None:
    line = sparkline([0, None, 0.001, 0.5, 1], 1, encoding)
    assert line == "_ .=#"
    assert line.isascii()


def test_values_of_a_period_without_any_are_lowest() -> None:
    assert sparkline([0, 0, None], 0) == "▁▁ "


def test_bin_without_known_values_is_a_gap() -> None:
    assert binned([(0, 1), (0.1, 3), (0.6, None), (0.99, 5)], 4) == [2, None, None, 5]
