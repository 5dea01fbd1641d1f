"""The numbers behind each chart of the report, as tables to download in CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.network import IS_VELIB
from velib_assets.lake.schema import COLUMNS
from velib_assets.query.frames import ARROW, iso_texts
from velib_assets.query.kpis import VIEWS
from velib_assets.query.lake_tables import LAKE_TABLES, STATION_EVENTS
from velib_assets.report.day_numbers import DAY_COLUMNS, STATION_COLUMNS
from velib_assets.report.model import TOTALS, episodes, last_day
from velib_assets.report.report_data import ReportData, Row

_TYPES = {**ARROW, "timestamp": pa.timestamp("ms", "UTC")}  # as in the table `source_velib`
_EVENTS = next(table for table in LAKE_TABLES if table.name == STATION_EVENTS)
_STATION = {c.name: c.type for c in COLUMNS if c.name not in ("ingested_ts", "is_stale")}
_COLUMNS = {
    **{view.name: {column.name: column.type for column in view.schema} for view in VIEWS},
    "stations": {**_STATION, "state": "string"},
    "network": {"ingested_ts": "timestamp", **dict.fromkeys(TOTALS, "bigint"), "mean_fill_rate": "double"},
    "today": {"hour": "int", "mean_fill_rate": "double"},
    "ledger": {"slot_ts": "timestamp", "state": "string"},
    "station_events": {column.name: column.type for column in _EVENTS.schema},
    "days": DAY_COLUMNS,
    "station_days": {"period_days": "int", "kind": "string", "place": "int", **STATION_COLUMNS},
    "quarantined": {"taken_ts": "timestamp", "code": "string", "reason": "string"},
}
_FOLDER = REPORT_KEY.rpartition("/")[0] + "/"


class Export(NamedTuple):
    """A table to download; times are UTC in milliseconds."""

    name: str
    title: str
    table: pa.Table


def exports(data: ReportData) -> list[Export]:
    """Return all tables, from the same data as the report."""
    views = {**data.views, "kpi_episodes": episodes(data)}
    slots = [{"slot_ts": slot.start, "state": slot.state} for slot in data.ledger]
    quarantined = [{"taken_ts": row["ts"], **row} for row in data.quarantined]
    return [
        *(_export(view.name, view.title, views[view.name]) for view in VIEWS),
        _export("stations", "Stations now", data.stations),
        Export("station_history", "Each station's last 24 hours", _station_history(data)),
        _export("network", "The network at each snapshot of 24 hours", last_day(data.network)),
        _export("today", f"Fill rate by hour of today{' in Paris' if IS_VELIB else ''}", data.today),
        _export("days", "Each stored day of 90 days", (data.daily or {}).get("calendar", [])),
        _export("station_days", "Best and worst stations of 7 and 28 days", station_days(data.daily)),
        _export("station_events", "What happened to stations in 30 days", data.events),
        _export("ledger", "Each 15-minute slot of 14 days", slots),
        _export("quarantined", "Responses in quarantine, at most 50", quarantined),
    ]


def downloads(tables: Sequence[Export]) -> list[dict[str, Any]]:
    """Return the downloads as the report's JSON object lists them; links are relative to the page."""
    return [
        {"name": export.name, "title": export.title}
        | {form: export_key(export.name, form)[len(_FOLDER) :] for form in ("csv", "parquet")}
        | {"rows": export.table.num_rows}
        for export in tables
    ]


def parquet_bytes(table: pa.Table) -> bytes:
    """Return the table as a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def csv_bytes(table: pa.Table) -> bytes:
    """Return the table as CSV with a header: text is quoted, times are ISO 8601 with Z, null is empty."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(index, field.name, iso_texts(table.column(index)))
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    return buffer.getvalue()


def station_days(daily: Row | None) -> list[dict[str, Any]]:
    """Return the best and worst stations of each period as rows."""
    return [
        {"period_days": period["days"], "kind": kind, "place": place, **row}
        for period in (daily or {}).get("periods", [])
        for kind in ("worst", "best")
        for place, row in enumerate(period[kind], 1)
    ]


def _export(name: str, title: str, rows: Sequence[Row]) -> Export:
    schema = pa.schema([(column, _TYPES[kind]) for column, kind in _COLUMNS[name].items()])
    return Export(name, title, pa.Table.from_pylist(rows, schema))


def _station_history(data: ReportData) -> pa.Table:
    """One row per station per snapshot; counts are null if unknown or if the snapshot lacks the station."""
    times = [row["ingested_ts"] for row in last_day(data.network)]
    ids = [row["station_id"] for row in data.stations for _ in times]
    bikes, docks = (
        pa.array(chain.from_iterable(row[name] for row in data.stations), _TYPES["int"])
        for name in ("past_bikes", "past_docks")
    )
    return pa.table(
        {
            "ingested_ts": pa.array(times * len(data.stations), _TYPES["timestamp"]),
            "station_id": pa.array(ids, pa.string()),
            "bikes": bikes,
            "docks": docks,
        }
    )
