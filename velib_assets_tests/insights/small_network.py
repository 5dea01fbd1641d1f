"""A lake of six stations over three local days, with what stations can be: gone, stale, closed, renamed."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.lake.daily_schema import DAILY_COLUMNS
from velib_assets.lake.keys import daily_kpi_key
from velib_assets.query.frames import ARROW
from velib_assets_tests.kpi_lake import at, engine_over, row, stretch, write_register
from velib_assets_tests.publish.history_lakes import add_daily_layer

FIRST, LAST = at("2022-06-03 22:00"), at("2022-06-06 06:00")  # from midnight in Paris on
GAP = (at("2022-06-05 12:00"), at("2022-06-05 15:00"))
SHORT = (at("2022-06-04 10:00"), at("2022-06-04 12:00"))
HOSTILE = "Œuvre \x1b[31m\u202e'; DROP TABLE stations; --"
QUOTED = "1'5"

Row = dict[str, Any]


def write_network(lake: Path) -> None:
    """Fill a folder: clean files, the register, and the daily layer."""
    moments = [FIRST + n * timedelta(minutes=30) for n in range((LAST - FIRST) // timedelta(minutes=30) + 1)]
    taken = [moment for moment in moments if not GAP[0] <= moment < GAP[1]]
    engine_over(lake, [values for moment in taken for values in _rows(moment)])
    names = {"1001": "Gare de Lyon - Châlon", "1002": "Gare de Lyon - Diderot", "1003": "Hôpital Saint-Louis"}
    gone, renamed = at("2022-06-04 20:00"), at("2022-06-04 08:00")
    write_register(
        lake,
        *(stretch(code, 0, None, valid_from=FIRST, name=name) for code, name in names.items()),
        stretch("1006", 0, 0, valid_from=FIRST, valid_to=renamed, name="Vieux Moulin"),
        stretch("1006", 0, 0, valid_from=renamed, valid_to=gone, name="Moulin"),
    )
    add_daily_layer(lake)


def store_day(lake: Path, day: date, network: Row, stations: Iterable[Row] = ()) -> None:
    """Store invented rows of the daily KPIs with all their columns; unknown ones are null."""
    rows = {"kpi_daily_network": [network], "kpi_daily_station": [*stations], "kpi_station_quality": []}
    for name, columns in DAILY_COLUMNS.items():
        schema = pa.schema([(column.name, ARROW[column.type]) for column in columns])
        path = lake / daily_kpi_key(name, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows[name], schema), path)


def _rows(moment: datetime) -> list[Row]:
    when = f"{moment:%Y-%m-%d %H:%M}"
    short = SHORT[0] <= moment < SHORT[1]
    rows = [
        row("1001", 0 if short else 10, 20 if short else 10, when, name="Gare de Lyon - Châlon"),
        row("1002", 20, 0, when, name="Gare de Lyon - Diderot"),
        row("1003", 5, 15, when, name="Hôpital Saint-Louis", is_stale=True, reported_ts=FIRST),
        row("1004", 0, 0, when, name=HOSTILE, is_installed=False, is_renting=False, is_returning=False),
        row(QUOTED, 7, 13, when, name="Place d'Italie"),
    ]
    if moment < at("2022-06-04 20:00"):
        rows.append(row("1006", 3, 17, when, name="Moulin"))
    return rows
