"""The one JSON object of the report, from the answers of a lake.

Belongs here: its keys. Does not: what stands under them (the other modules), or asking the lake.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from velib_assets.core.answers import SIMULATOR
from velib_assets.core.kpis import KPIS, VIEWS, Kpi
from velib_assets.core.ledger import Slot
from velib_assets.core.report import network, slots, stations
from velib_assets.core.report.questions import VIEW
from velib_assets.core.report.values import Row, iso, plain, utc

VERSION = 1
_EPISODE = ["station_id", "name", "arrondissement", "kind", "start_ts", "end_ts", "minutes", "is_open"]
_WEEK = ["day", "hour", "mean_fill_rate", "snapshots"]


class Material(NamedTuple):
    """What a lake told: the answers to `questions`, the typical week, the ledger and the quarantine.

    `quarantined` are (time, reason) pairs, newest first; `days` the first hours of the ledger's days.
    """

    made_at: datetime
    feed: Optional[str]
    views: Sequence[Row]
    stations: Sequence[Row]
    network: Sequence[Row]
    week: Sequence[Row]
    ledger: Sequence[Slot]
    days: Sequence[datetime]
    quarantined: Sequence[Reason]


class Reason(NamedTuple):
    """Why an answer lies in quarantine, and when it was taken."""

    taken: datetime
    code: str
    reason: str


def report_object(found: Material, exports: Sequence[Dict[str, Any]] = ()) -> Dict[str, Any]:
    """The report: JSON's types only, times in ISO 8601 with Z. `exports` say what lies beside the page."""
    day = network.last_day(found.network)
    bikes, docks = stations.history(found.stations, network.seconds_before(day))
    newest = found.network[-1]["ingested_ts"] if found.network else None
    return {
        "version": VERSION,
        "made_at": iso(found.made_at),
        "newest_ts": iso(newest),
        "source": {"feed": found.feed, "simulated": found.feed == SIMULATOR},
        "totals": network.totals(found.network),
        "stations": stations.stations(found.stations),
        "history": {"ts": [iso(row["ingested_ts"]) for row in day], "bikes": bikes, "docks": docks},
        "network": network.series(day),
        "kpis": {kpi.name: _table(kpi, found.views) for kpi in KPIS},
        "typical_week": [{name: row[name] for name in _WEEK} for row in found.week],
        "today": network.today(found.network),
        "episodes": [_picked(row, _EPISODE) for row in episodes(found)],
        "ledger": slots.ledger_days(found.ledger, found.days),
        "quarantined": [
            {"ts": iso(entry.taken), "code": entry.code, "reason": entry.reason}
            for entry in found.quarantined
        ],
        "exports": list(exports),
    }


def episodes(found: Material) -> List[Row]:
    """The rows of kpi_episodes that reach into the last 24 hours, longest first."""
    rows = rows_of(next(view for view in VIEWS if view.name == "kpi_episodes"), found.views)
    if not rows:
        return []
    since = utc(found.network[-1]["ingested_ts"]) - timedelta(hours=24)
    return [row for row in rows if utc(row["end_ts"]) > since]


def rows_of(view: Kpi, rows: Sequence[Row]) -> List[Row]:
    """A view's own rows among those of all, in its order."""
    return [row for row in rows if row[VIEW] == view.name]


def _table(kpi: Kpi, rows: Sequence[Row]) -> Dict[str, Any]:
    names = [column.name for column in kpi.schema]
    return {
        "columns": names,
        "rows": [[plain(row[name]) for name in names] for row in rows_of(kpi, rows)],
    }


def _picked(row: Row, names: Sequence[str]) -> Dict[str, Any]:
    return {name: plain(row[name]) for name in names}
