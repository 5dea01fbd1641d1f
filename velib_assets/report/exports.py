"""The numbers behind each of the report's pictures, as tables to download.

Belongs here: which tables there are, their titles, columns and values. Does not: files
(resources.report_files).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from velib_assets.lake.keys import REPORT_KEY, export_key
from velib_assets.lake.schema import COLUMNS
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.report import network
from velib_assets.report.json_values import Row, utc
from velib_assets.report.model import episodes
from velib_assets.report.report_data import ReportData
from velib_assets.report.station_columns import history, state_of

TITLES = {
    "kpi_taux_remplissage": "Fill rate of each station",
    "kpi_shortage": "Stations without a bike",
    "kpi_station_saturation": "Stations without a dock, or nearly",
    "kpi_saturation_par_arrondissement": "Arrondissements",
    "kpi_top10_2hour": "The ten most critical stations of two hours",
    "kpi_episodes": "Episodes of shortage and saturation of the last 24 hours",
    "kpi_typical_week": "Fill rate by hour of the week, over 28 days",
}
_STATION = {c.name: c.type for c in COLUMNS if c.name not in ("ingested_ts", "is_stale")}
_FOLDER = REPORT_KEY.rpartition("/")[0] + "/"


class Export(NamedTuple):
    """A table: (name, type as in schema.Column, values) of each column."""

    name: str
    title: str
    columns: tuple[tuple[str, str, list[Any]], ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.columns[0][2])


def exports(found: ReportData) -> list[Export]:
    """All tables, of the same moment as the report."""
    return [
        *(_view(view, found) for view in VIEWS),
        _of_rows("stations", "Stations now", _now(found.stations), {**_STATION, "state": "string"}),
        _station_history(found),
        _network(found),
        _of_rows(
            "today",
            "Fill rate by hour of today in Paris",
            network.today(found.network),
            {"hour": "int", "mean_fill_rate": "double"},
        ),
        _of_rows(
            "ledger",
            "Each 15-minute slot of 14 days",
            [{"slot_ts": slot.start, "state": slot.state} for slot in found.ledger],
            {"slot_ts": "timestamp", "state": "string"},
        ),
        _of_rows(
            "quarantined",
            "Answers in quarantine, at most 50",
            [
                {"taken_ts": entry.taken, "code": entry.code, "reason": entry.reason}
                for entry in found.quarantined
            ],
            {"taken_ts": "timestamp", "code": "string", "reason": "string"},
        ),
    ]


def listed(tables: Sequence[Export]) -> list[dict[str, Any]]:
    """The tables as the report's object lists them; links are relative to the page."""
    return [
        {"name": table.name, "title": table.title}
        | {form: export_key(table.name, form)[len(_FOLDER) :] for form in ("csv", "parquet")}
        | {"rows": table.rows}
        for table in tables
    ]


def _view(view: Kpi, found: ReportData) -> Export:
    rows = episodes(found) if view.name == "kpi_episodes" else found.views[view.name]
    return _of_rows(view.name, TITLES[view.name], rows, {c.name: c.type for c in view.schema})


def _now(rows: Sequence[Row]) -> list[Row]:
    return [{**row, "state": state_of(row)} for row in rows]


def _network(found: ReportData) -> Export:
    names = dict.fromkeys(network.TOTALS, "bigint")
    rows = [network.named(row) for row in network.last_day(found.network)]
    columns = {"ingested_ts": "timestamp", **names, "mean_fill_rate": "double"}
    return _of_rows("network", "The network at each snapshot of 24 hours", rows, columns)


def _station_history(found: ReportData) -> Export:
    """A row a station and snapshot; counts are null where it was not seen, or told none."""
    day = network.last_day(found.network)
    times = [utc(row["ingested_ts"]) for row in day]
    bikes, docks = history(found.stations, network.seconds_before(day))
    return Export(
        "station_history",
        "Each station's last 24 hours",
        (
            ("ingested_ts", "timestamp", times * len(found.stations)),
            ("station_id", "string", [row["station_id"] for row in found.stations for _ in times]),
            ("bikes", "int", list(chain.from_iterable(bikes))),
            ("docks", "int", list(chain.from_iterable(docks))),
        ),
    )


def _of_rows(name: str, title: str, rows: Sequence[Row], columns: dict[str, str]) -> Export:
    return Export(
        name, title, tuple((column, kind, [row[column] for row in rows]) for column, kind in columns.items())
    )
