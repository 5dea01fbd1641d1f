"""Invented rows of the daily KPIs, and files of them in a lake. Does not import pytest."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.lake.keys import daily_kpi_key

Row = dict[str, Any]


def network_day(**changes: Any) -> Row:
    """Return a complete day of 100 stations: short for 36 minutes per station, saturated for 72."""
    return {
        "stations": 100,
        "stations_opened": 1,
        "stations_closed": 0,
        "stations_silent": 2,
        "slots_stored": 96,
        "slots": 96,
        "coverage": 1.0,
        "snapshots": 96,
        "minutes_covered": 144_000.0,
        "minutes_in_operation": 144_000.0,
        "minutes_short": 3600.0,
        "minutes_saturated": 7200.0,
        "avg_fill_rate": 0.4,
        "min_fill_rate": 0.3,
        "max_fill_rate": 0.5,
        "ebike_share": 0.35,
        "arrivals_at_least": 1000,
        "departures_at_least": 990,
        "worst_stations": "10001, 1002, gone",
    } | changes


def station_day(code: str, short: float = 0, saturated: float = 0, moves: int = 20, **changes: Any) -> Row:
    """Return a station's day, in operation for 24 hours."""
    return {
        "station_id": code,
        "name": f"Station {code}",
        "arrondissement": "Paris 1er",
        "minutes_in_operation": 1440.0,
        "minutes_short": float(short),
        "minutes_saturated": float(saturated),
        "arrivals_at_least": moves,
        "departures_at_least": moves,
    } | changes


def write_day(lake: Path, day: date, network: Row | None = None, stations: Iterable[Row] = ()) -> None:
    """Store a day: the network's row and the stations' rows, each if given."""
    for name, rows in (("kpi_daily_network", [network] if network else []), ("kpi_daily_station", stations)):
        if rows := list(rows):
            path = lake / daily_kpi_key(name, day)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), path)
