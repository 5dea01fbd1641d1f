"""A small lake of history files for the tests of the daily KPIs."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from velib_assets.catalog.catalog import HistoryFile
from velib_assets.catalog.sqlite_catalog import LocalCatalog
from velib_assets.history.history_file import HISTORY_SCHEMA, encode_history
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import date_hour, day_text, history_day_key
from velib_assets.lake.store import Change
from velib_assets.query.daily_kpis import DAILY_KPIS
from velib_assets.query.daily_sql import day_sql
from velib_assets.query.daily_store import DailyKpiResult, store_daily_kpis
from velib_assets.query.duckdb_engine import LocalQueryEngine
from velib_assets_tests.kpi_lake import engine_over
from velib_assets_tests.query import daily_reference as reference

REFERENCE = {
    "kpi_daily_station": reference.daily_station,
    "kpi_daily_network": reference.daily_network,
    "kpi_station_quality": reference.station_quality,
}


class DailyLake:
    """A lake of these rows, with the history of all their days and without hours."""

    def __init__(self, lake: Path, rows: Iterable[dict[str, Any]]) -> None:
        self.engine: LocalQueryEngine = engine_over(lake)
        self.store, self.catalog = FolderStore(lake), LocalCatalog(lake)
        days: dict[date, list[dict[str, Any]]] = {}
        for values in rows:
            days.setdefault(values["ingested_ts"].date(), []).append(values)
        for day, day_rows in days.items():
            self.write_day(day, day_rows)

    def write_day(self, day: date, rows: Sequence[dict[str, Any]]) -> None:
        """Write and register the history of a UTC day, in place of the one that is there."""
        ordered = sorted(rows, key=lambda values: (values["station_id"], values["ingested_ts"]))
        keys = [
            dict(zip(("date", "hour"), date_hour(values["ingested_ts"]), strict=True)) for values in ordered
        ]
        table = pa.Table.from_pylist([a | b for a, b in zip(ordered, keys, strict=True)], HISTORY_SCHEMA)
        digest = hashlib.sha256(repr(ordered).encode()).hexdigest()
        data = encode_history([table], digest, {})
        self.store.publish([Change(history_day_key(day), data)], lambda: True)
        self.catalog.register_history(
            [HistoryFile(day_text(day), history_day_key(day), len(ordered), len(data), digest)]
        )

    def rows(self, name: str, day: date) -> list[dict[str, Any]]:
        """Compute the rows of a daily KPI without storing them."""
        (kpi,) = (kpi for kpi in DAILY_KPIS if kpi.name == name)
        rows: list[dict[str, Any]] = self.engine.query_table(day_sql(kpi, day)).to_pylist()
        return rows

    def store_day(self, day: date) -> list[DailyKpiResult]:
        """Store the daily KPIs of a local day."""
        return store_daily_kpis(day, self.engine, self.store, self.catalog)

    def view(self, name: str, day: date) -> list[dict[str, Any]]:
        """Return a day's rows of a view, without `date`, by station."""
        sql = f"SELECT * FROM {name} WHERE \"date\" = '{day}' ORDER BY 1"  # noqa: S608 - our own names
        rows: list[dict[str, Any]] = self.engine.query_table(sql).drop_columns(["date"]).to_pylist()
        return rows


def differences(actual: Sequence[dict[str, Any]], expected: Sequence[dict[str, Any]]) -> list[str]:
    """Describe how rows differ, beyond the rounding of floats."""
    if len(actual) != len(expected):
        return [f"{len(actual)} rows, expected {len(expected)}"]
    return [
        f"{row.get('station_id', '')} {name}: {row.get(name)!r}, expected {wanted.get(name)!r}"
        for row, wanted in zip(actual, expected, strict=True)
        for name in sorted({*row, *wanted})
        if name not in row or name not in wanted or not _same(row[name], wanted[name])
    ]


def _same(actual: Any, expected: Any) -> bool:
    if isinstance(actual, float) and isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-5)
    return type(actual) is type(expected) and bool(actual == expected)
