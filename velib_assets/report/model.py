"""The report's JSON object, which the page shows. `VERSION` changes when its keys do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from velib_assets.ingest.response import SIMULATOR
from velib_assets.lake.keys import SLOT, iso_z
from velib_assets.lake.ledger import Slot
from velib_assets.publish.licences import feed_licence
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.report.report_data import ReportData, Row

VERSION = 3
_STATION_NAMES = (
    "name commune arrondissement lat lon capacity bikes mechanical ebikes docks fill_rate is_renting "
    "is_returning reported_ts state"
)
_STATION = {"id": "station_id"} | {name: name for name in _STATION_NAMES.split()}
_SERIES = ["bikes", "ebikes", "docks", "in_operation", "short", "saturated", "stale", "mean_fill_rate"]
_EPISODE = ["station_id", "name", "arrondissement", "kind", "start_ts", "end_ts", "minutes", "is_open"]
_WEEK = ["day", "hour", "mean_fill_rate", "snapshots"]
_EVENT = ["event_ts", "event", "station_id", "name", "arrondissement", "before", "after"]
_OWN_KEYS = ("episodes", "week")  # charts whose data has a key of its own
TOTALS = ["stations", "bikes", "mechanical", "ebikes", "docks", "in_operation", "short", "saturated", "stale"]
_DAY = timedelta(hours=24)
_EARLIER = {"hour_ago": timedelta(hours=1), "day_ago": _DAY}
_TOLERANCE = timedelta(minutes=30)
_SLOTS_PER_DAY = _DAY // SLOT
_MOST_COUNTS = 160_000  # of bikes, and as many of docks: a page of 5,000 stations is to be below 5 MB
_STEPS = (1, 2, 4)
_MOST_EPISODES = 4000


def report_object(data: ReportData, exports: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Build the report from JSON types only; times are ISO 8601 in UTC with Z.

    Args:
        data: What was read from the lake.
        exports: What `exports.downloads` returns.
    """
    day = last_day(data.network)
    newest = data.network[-1]["ingested_ts"] if data.network else None
    tables = [view for view in VIEWS if view.chart not in _OWN_KEYS]
    return {
        "version": VERSION,
        "made_at": iso_z(data.made_at),
        "newest_ts": json_value(newest),
        "source": {"feed": data.feed, "simulated": data.feed == SIMULATOR},
        "system": system(data),
        "totals": totals(data.network),
        "stations": _columns(data.stations, _STATION | _optional(data.stations)),
        "areas": list(data.areas),
        "history": _history(data.stations, day),
        "network": _columns(day, {"ts": "ingested_ts"} | {name: name for name in _SERIES}),
        "kpis": {view.name: _table(view, data.views[view.name]) for view in tables},
        "charts": [{"name": view.name, "title": view.title, "chart": view.chart} for view in tables],
        "typical_week": _objects(data.views["kpi_typical_week"], _WEEK),
        "today": list(data.today),
        "episodes": _objects(episodes(data)[:_MOST_EPISODES], _EPISODE),
        "ledger": ledger_days(data.ledger, data.days),
        "quarantined": _objects(data.quarantined, ["ts", "code", "reason"]),
        "station_changes": data.station_changes,
        "events": _objects(data.events, _EVENT),
        "daily": data.daily,
        "inspections": list(data.inspections),
        "exports": list(exports),
    }


def system(data: ReportData) -> dict[str, Any]:
    """Return what the page says of the network: key, name, time zone, and what its feed says of it.

    `licence` is what the feed names (`feed_licence`), null if it names none. For Vélib' the page has the
    sources and licences itself.
    """
    licence = feed_licence(data.network_facts)
    return {
        **data.system._asdict(),
        "operator": data.network_facts.get("attribution_organization_name")
        or data.network_facts.get("operator"),
        "url": data.network_facts.get("attribution_url") or data.network_facts.get("url"),
        "licence": licence and licence._asdict(),
    }


def last_day(rows: Sequence[Row]) -> list[Row]:
    """Return the snapshots less than 24 hours older than the newest, oldest first."""
    return [row for row in rows if rows[-1]["ingested_ts"] - row["ingested_ts"] < _DAY]


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the totals of the newest snapshot, and of the snapshots one hour and one day earlier.

    The earlier snapshot is the newest one at or before that time; null if it is over 30 minutes older.
    """
    if not rows:
        return dict.fromkeys(["now", *_EARLIER])
    return {"now": _total(rows[-1])} | {name: _total_before(rows, ago) for name, ago in _EARLIER.items()}


def episodes(data: ReportData) -> list[Row]:
    """Return the rows of kpi_episodes that overlap the last 24 hours, longest first."""
    if not data.network:
        return []
    since = data.network[-1]["ingested_ts"] - _DAY
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


def _total_before(rows: Sequence[Row], ago: timedelta) -> dict[str, Any] | None:
    latest = rows[-1]["ingested_ts"] - ago
    matches = [row for row in rows if latest - _TOLERANCE <= row["ingested_ts"] <= latest]
    return _total(matches[-1]) if matches else None


def _total(row: Row) -> dict[str, Any]:
    return {"ts": iso_z(row["ingested_ts"])} | {name: row[name] for name in TOTALS}


def _history(stations: Sequence[Row], day: Sequence[Row]) -> dict[str, Any]:
    """Return each station's counts of the day: of every snapshot, or of each `step` in a large network."""
    counts = len(stations) * len(day)
    step = next((step for step in _STEPS if counts <= step * _MOST_COUNTS), _STEPS[-1])
    newest_first = slice(None, None, -step)

    def thinned(values: Sequence[Any]) -> list[Any]:
        return list(values[newest_first])[::-1]

    return {
        "step": step,
        "ts": [iso_z(row["ingested_ts"]) for row in thinned(day)],
        "bikes": [thinned(row["past_bikes"]) for row in stations],
        "docks": [thinned(row["past_docks"]) for row in stations],
    }


def _optional(rows: Sequence[Row]) -> dict[str, str]:
    """Return the columns of stations that some networks have."""
    return {name: name for name in ("is_virtual",) if rows and name in rows[0]}


def _objects(rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: json_value(row[name]) for name in names} for row in rows]


def _columns(rows: Sequence[Row], sources: Mapping[str, str]) -> dict[str, list[Any]]:
    """Turn rows into one list per column; `sources` maps a new column name to its name in the rows."""
    return {name: [json_value(row[source]) for row in rows] for name, source in sources.items()}


def _table(kpi: Kpi, rows: Sequence[Row]) -> dict[str, Any]:
    names = [column.name for column in kpi.schema]
    return {"columns": names, "rows": [[json_value(row[name]) for name in names] for row in rows]}
