"""The unit of fill rates, wherever a column is described: up to 1 for Vélib', without a bound elsewhere."""

import os
import subprocess
import sys

import pytest

UNITS = """
from velib_assets.insights.day_insights import NUMBERS
from velib_assets.lake import schema
from velib_assets.publish.published_tables import TABLES
from velib_assets.query import daily_kpis, kpis
tables = [schema.COLUMNS, schema.HISTORY_COLUMNS, *(table.columns for table in TABLES)]
tables += [kpi.schema for kpi in (*kpis.VIEWS, *daily_kpis.DAILY_KPIS)]
units = [column.unit for table in tables for column in table if "fill_rate" in column.name]
units += [unit for name, _, unit in NUMBERS if "fill_rate" in name]
print(len(units) > 20, set(units))
"""


@pytest.mark.parametrize(("network", "unit"), [("velib", "ratio 0..1"), ("rouen", "ratio, 0 or more")])
def test_fill_rates_have_no_upper_bound_in_other_networks(network: str, unit: str) -> None:
    """More bikes than the capacity are a rate over 1 where docks are unknown."""
    settings = {"VELIB_NETWORK": network, "VELIB_TIMEZONE": "Europe/Paris"}
    command = [sys.executable, "-c", UNITS]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
    assert done.stdout == f"True {{{unit!r}}}\n"
