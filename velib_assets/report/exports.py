"""The numbers behind each picture of the report, as tables to download."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.schema import COLUMNS
from velib_assets.query.kpis import VIEWS
from velib_assets.report import network
from velib_assets.report.json_values import Row, utc
from velib_assets.report.model import episodes
from velib_assets.report.report_data import ReportData
from velib_assets.report.station_columns import history

_STATION = {c.name: c.type for c in COLUMNS if c.name not in ("ingested_ts", "is_stale")}
_FOLDER = REPORT_KEY.rpartition("/")[0] + "/"


class Export(NamedTuple):
    """A table: the name, the type (as in `schema.Column`) and the values of each column."""

    name: str
    title: str
    columns: tuple[tuple[str, str, list[Any]], ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0][2])


def exports(data: ReportData) -> list[Export]:
    """Return all tables, from the same data as the report."""
    views = {**data.views, "kpi_episodes": episodes(data)}
    return [
        *(
            _export(view.name, view.title, views[view.name], {c.name: c.type for c in view.schema})
            for view in VIEWS
        ),
        _export("stations", "Stations now", data.stations, {**_STATION, "state": "string"}),
        _station_history(data),
        _network(data),
        _export(
            "today",
            "Fill rate by hour of today in Paris",
            network.today(data.network),
            {"hour": "int", "mean_fill_rate": "double"},
        ),
        _export(
            "ledger",
            "Each 15-minute slot of 14 days",
            [{"slot_ts": slot.start, "state": slot.state} for slot in data.ledger],
            {"slot_ts": "timestamp", "state": "string"},
        ),
        _export(
            "quarantined",
            "Responses in quarantine, at most 50",
            [
                {"taken_ts": entry.taken, "code": entry.code, "reason": entry.reason}
                for entry in data.quarantined
            ],
            {"taken_ts": "timestamp", "code": "string", "reason": "string"},
        ),
    ]


def listed(tables: Sequence[Export]) -> list[dict[str, Any]]:
    """Return the list of tables for the report's object; links are relative to the page."""
    return [
        {"name": table.name, "title": table.title}
        | {form: export_key(table.name, form)[len(_FOLDER) :] for form in ("csv", "parquet")}
        | {"rows": table.rows}
        for table in tables
    ]


def _network(data: ReportData) -> Export:
    names = dict.fromkeys(network.TOTALS, "bigint")
    rows = [network.named(row) for row in network.last_day(data.network)]
    columns = {"ingested_ts": "timestamp", **names, "mean_fill_rate": "double"}
    return _export("network", "The network at each snapshot of 24 hours", rows, columns)


def _station_history(data: ReportData) -> Export:
    """One row per station per snapshot; counts are null if unknown or if the snapshot lacks the station."""
    day = network.last_day(data.network)
    times = [utc(row["ingested_ts"]) for row in day]
    bikes, docks = history(data.stations, network.seconds_before(day))
    return Export(
        "station_history",
        "Each station's last 24 hours",
        (
            ("ingested_ts", "timestamp", times * len(data.stations)),
            ("station_id", "string", [row["station_id"] for row in data.stations for _ in times]),
            ("bikes", "int", list(chain.from_iterable(bikes))),
            ("docks", "int", list(chain.from_iterable(docks))),
        ),
    )


def _export(name: str, title: str, rows: Sequence[Row], columns: dict[str, str]) -> Export:
    return Export(
        name, title, tuple((column, kind, [row[column] for row in rows]) for column, kind in columns.items())
    )
