"""What the report is made of, asked of the lake: the views, a question, and a look at raw and quarantine.

Belongs here: asking, the same way on this machine and on AWS. Does not: the questions and the shape of the
answers (core.report), or writing anything (report_files).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from velib_assets.catalog.catalog import Catalog
from velib_assets.ingest.raw_object import open_raw
from velib_assets.ingest.response import UnusableError
from velib_assets.lake.keys import HOUR, hour_of, hours_between, quarantine_time, source_prefix
from velib_assets.lake.ledger import Slot, ledger
from velib_assets.lake.listing import REASON_ENDING, days_in, slot_times_in
from velib_assets.lake.store import LakeStore, Stored
from velib_assets.query.cached_state import newest_state
from velib_assets.query.duckdb_engine import QueryEngine
from velib_assets.query.frames import rows_of_part
from velib_assets.query.kpis import DERIVED
from velib_assets.report.model import QuarantineReason, ReportData
from velib_assets.report.report_query import NETWORK, STATIONS, report_sql
from velib_assets.report.slots import ledger_span

Times = Mapping[datetime, tuple[set[datetime], set[datetime]]]
MOST_QUARANTINED = 50
_WEEK = next(view for view in DERIVED if view.cached)


def load_report_data(engine: QueryEngine, catalog: Catalog, store: LakeStore, now: datetime) -> ReportData:
    """All that the report is made of; `now` is the clock, UTC. What it costs does not grow with the history.

    Raises:
        QueryError: where a question was refused or could not be answered.
        CatalogError: where the catalog cannot be read.
    """
    newest = next(iter(catalog.newest_hours(1)), None)
    days = ledger_span(newest, now)
    last = min(days[-1] + 23 * HOUR, hour_of(now))
    states = {**engine.read_all(), _WEEK.name: newest_state(_WEEK, engine, catalog, store)}
    answer = engine.query_recent(report_sql(newest))
    raw, quarantine = (days_in(store, layer, days[0], last) for layer in ("raw", "quarantine"))
    return ReportData(
        made_at=now,
        feed=_feed(store, raw.get(newest, []) if newest else []),
        views={name: state.newest.to_pylist() for name, state in states.items()},
        stations=rows_of_part(answer, STATIONS).to_pylist(),
        network=rows_of_part(answer, NETWORK).to_pylist(),
        ledger=_ledger(store, slot_times_in(store, raw, quarantine), days[0], last, now),
        days=days,
        quarantined=_quarantined(store, quarantine),
    )


def _feed(store: LakeStore, objects: Sequence[Stored]) -> str | None:
    """Who made the newest hour's raw objects; None where that cannot be told."""
    for item in reversed(objects):
        try:
            return open_raw(store.read(item.key)).feed
        except (UnusableError, FileNotFoundError):
            continue
    return None


def _ledger(store: LakeStore, times: Times, first: datetime, last: datetime, now: datetime) -> list[Slot]:
    """The slots from `first` on, or from the lake's first hour where that is later."""
    older = any(date < f"date={first:%Y-%m-%d}" for date in store.folders(source_prefix("raw"))[:1])
    begun = first if older else min(times, default=None)
    if begun is None:
        return []
    return ledger(hours_between(begun, last), lambda hour: times.get(hour, (set(), set())), now)


def _quarantined(store: LakeStore, listed: Mapping[datetime, Sequence[Stored]]) -> list[QuarantineReason]:
    """Why these answers lie in quarantine, newest first; only so many are read."""
    items = [item for found in listed.values() for item in found if item.key.endswith(REASON_ENDING)]
    taken = [(when, item.key) for item in items if (when := quarantine_time(item.key))]
    return [_reason(store, when, key) for when, key in sorted(taken, reverse=True)[:MOST_QUARANTINED]]


def _reason(store: LakeStore, when: datetime, key: str) -> QuarantineReason:
    try:
        told = json.loads(store.read(key))
        return QuarantineReason(when, str(told["code"]), str(told["reason"]))
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        return QuarantineReason(when, "unreadable", f"{store.address(key)} cannot be read")
