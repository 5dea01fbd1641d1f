"""The one JSON object of the report, from the answers of a lake.

Belongs here: its keys. Does not: what stands under them (the other modules), or asking the lake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from velib_assets.ingest.response import SIMULATOR
from velib_assets.lake.ledger import Slot
from velib_assets.query.kpis import KPIS, Kpi
from velib_assets.report import network, slots, station_columns
from velib_assets.report.json_values import Row, iso, plain, utc

VERSION = 1
_EPISODE = ["station_id", "name", "arrondissement", "kind", "start_ts", "end_ts", "minutes", "is_open"]
_WEEK = ["day", "hour", "mean_fill_rate", "snapshots"]


class ReportData(NamedTuple):
    """What a lake told: the newest state of each view, the report's own question, ledger and quarantine.

    `stations` are ordered by their code, `network` by time, `quarantined` newest first; `days` are the first
    hours of the ledger's days.
    """

    made_at: datetime
    feed: str | None
    views: Mapping[str, Sequence[Row]]
    stations: Sequence[Row]
    network: Sequence[Row]
    ledger: Sequence[Slot]
    days: Sequence[datetime]
    quarantined: Sequence[QuarantineReason]


class QuarantineReason(NamedTuple):
    """Why an answer lies in quarantine, and when it was taken."""

    taken: datetime
    code: str
    reason: str


def report_object(found: ReportData, exports: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The report: JSON's types only, times in ISO 8601 with Z. `exports` say what lies beside the page."""
    day = network.last_day(found.network)
    bikes, docks = station_columns.history(found.stations, network.seconds_before(day))
    newest = found.network[-1]["ingested_ts"] if found.network else None
    return {
        "version": VERSION,
        "made_at": iso(found.made_at),
        "newest_ts": iso(newest),
        "source": {"feed": found.feed, "simulated": found.feed == SIMULATOR},
        "totals": network.totals(found.network),
        "stations": station_columns.stations(found.stations),
        "history": {"ts": [iso(row["ingested_ts"]) for row in day], "bikes": bikes, "docks": docks},
        "network": network.series(day),
        "kpis": {kpi.name: _table(kpi, found.views[kpi.name]) for kpi in KPIS},
        "typical_week": [{name: row[name] for name in _WEEK} for row in found.views["kpi_typical_week"]],
        "today": network.today(found.network),
        "episodes": [_picked(row, _EPISODE) for row in episodes(found)],
        "ledger": slots.ledger_days(found.ledger, found.days),
        "quarantined": [
            {"ts": iso(entry.taken), "code": entry.code, "reason": entry.reason}
            for entry in found.quarantined
        ],
        "exports": list(exports),
    }


def episodes(found: ReportData) -> list[Row]:
    """The rows of kpi_episodes that reach into the last 24 hours, longest first."""
    if not found.network:
        return []
    since = utc(found.network[-1]["ingested_ts"]) - network.DAY
    return [row for row in found.views["kpi_episodes"] if utc(row["end_ts"]) > since]


def _table(kpi: Kpi, rows: Sequence[Row]) -> dict[str, Any]:
    names = [column.name for column in kpi.schema]
    return {
        "columns": names,
        "rows": [[plain(row[name]) for name in names] for row in rows],
    }


def _picked(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: plain(row[name]) for name in names}
