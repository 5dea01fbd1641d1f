"""The report's JSON object, which the page shows. `VERSION` changes when its keys do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from velib_assets.ingest.response import SIMULATOR
from velib_assets.lake.keys import SLOT, iso_z
from velib_assets.lake.ledger import Slot
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.report import network
from velib_assets.report.report_data import ReportData, Row

VERSION = 1
_STATION_NAMES = (
    "name commune arrondissement lat lon capacity bikes mechanical ebikes docks fill_rate is_renting "
    "is_returning reported_ts state"
)
_STATION = {"id": "station_id"} | {name: name for name in _STATION_NAMES.split()}
_SERIES = ["bikes", "ebikes", "docks", "in_operation", "short", "saturated", "stale", "mean_fill_rate"]
_EPISODE = ["station_id", "name", "arrondissement", "kind", "start_ts", "end_ts", "minutes", "is_open"]
_WEEK = ["day", "hour", "mean_fill_rate", "snapshots"]
_OWN_KEYS = ("episodes", "week")  # pictures whose data has a key of its own
_SLOTS_PER_DAY = timedelta(days=1) // SLOT


def report_object(data: ReportData, exports: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Build the report from JSON types only; times are ISO 8601 in UTC with Z.

    Args:
        data: What was read from the lake.
        exports: What `exports.downloads` returns.
    """
    day = network.last_day(data.network)
    newest = data.network[-1]["ingested_ts"] if data.network else None
    tables = [view for view in VIEWS if view.picture not in _OWN_KEYS]
    return {
        "version": VERSION,
        "made_at": iso_z(data.made_at),
        "newest_ts": json_value(newest),
        "source": {"feed": data.feed, "simulated": data.feed == SIMULATOR},
        "totals": network.totals(data.network),
        "stations": _columns(data.stations, _STATION),
        "history": {
            "ts": [iso_z(row["ingested_ts"]) for row in day],
            "bikes": [row["past_bikes"] for row in data.stations],
            "docks": [row["past_docks"] for row in data.stations],
        },
        "network": _columns(day, {"ts": "ingested_ts"} | {name: name for name in _SERIES}),
        "kpis": {view.name: _table(view, data.views[view.name]) for view in tables},
        "pictures": [{"name": view.name, "title": view.title, "picture": view.picture} for view in tables],
        "typical_week": [{name: row[name] for name in _WEEK} for row in data.views["kpi_typical_week"]],
        "today": list(data.today),
        "episodes": [{name: json_value(row[name]) for name in _EPISODE} for row in episodes(data)],
        "ledger": ledger_days(data.ledger, data.days),
        "quarantined": [
            {"ts": iso_z(entry.taken), "code": entry.code, "reason": entry.reason}
            for entry in data.quarantined
        ],
        "exports": list(exports),
    }


def episodes(data: ReportData) -> list[Row]:
    """Return the rows of kpi_episodes that overlap the last 24 hours, longest first."""
    if not data.network:
        return []
    since = data.network[-1]["ingested_ts"] - network.DAY
    return [row for row in data.views["kpi_episodes"] if row["end_ts"] > since]


def ledger_days(slots: Sequence[Slot], days: Sequence[datetime]) -> list[dict[str, Any]]:
    """Group slots by day, 96 per day; null for slots not over yet or before the lake's first hour."""
    states = {slot.start: slot.state for slot in slots}
    return [
        {"date": f"{day:%Y-%m-%d}", "slots": [states.get(day + n * SLOT) for n in range(_SLOTS_PER_DAY)]}
        for day in days
    ]


def json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a query result
    """Return a value as JSON holds it: times as text, everything else unchanged."""
    return iso_z(value) if isinstance(value, datetime) else value


def _columns(rows: Sequence[Row], sources: Mapping[str, str]) -> dict[str, list[Any]]:
    """Turn rows into one list per column; `sources` maps a new column name to its name in the rows."""
    return {name: [json_value(row[source]) for row in rows] for name, source in sources.items()}


def _table(kpi: Kpi, rows: Sequence[Row]) -> dict[str, Any]:
    names = [column.name for column in kpi.schema]
    return {"columns": names, "rows": [[json_value(row[name]) for name in names] for row in rows]}
