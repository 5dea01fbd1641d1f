"""docs/data.md has the columns that the commands print."""

from pathlib import Path

import pytest

from velib_assets.insights.day_data import INSIGHT_COLUMNS
from velib_assets.insights.day_insights import NAMES
from velib_assets.insights.station_days import DAY_COLUMNS, MATCH_COLUMNS

DATA = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("names", [MATCH_COLUMNS, DAY_COLUMNS, INSIGHT_COLUMNS, NAMES])
def test_columns_are_documented(names: tuple[str, ...]) -> None:
    assert f"`{', '.join(names)}`" in DATA
