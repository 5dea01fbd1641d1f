"""What the report is made of, asked of the lake: the views, a question, and a look at raw and quarantine.

Belongs here: asking, the same way on this machine and on AWS. Does not: the questions and the shape of the
answers (core.report), or writing anything (report_files).
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from velib_assets.core.answers import UnusableError
from velib_assets.core.kpis import DERIVED
from velib_assets.core.layout import HOUR, hour_of, hours_between, quarantine_time, source_prefix
from velib_assets.core.ledger import Slot, ledger
from velib_assets.core.report.document import Material, Reason
from velib_assets.core.report.questions import NETWORK, STATIONS, report_sql
from velib_assets.core.report.slots import ledger_span
from velib_assets.core.snapshot import open_raw
from velib_assets.core.union import PART
from velib_assets.resources.catalog import Catalog
from velib_assets.resources.kept_state import newest_state
from velib_assets.resources.query_engine import QueryEngine
from velib_assets.runtime.lake import REASON_ENDING, days_in, raw_objects, slot_times_in
from velib_assets.runtime.store import LakeStore

if TYPE_CHECKING:
    import pandas as pd

MOST_QUARANTINED = 50
_WEEK = next(view for view in DERIVED if view.kept)


def gather(engine: QueryEngine, catalog: Catalog, store: LakeStore, now: datetime) -> Material:
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
    return Material(
        made_at=now,
        feed=_feed(store, newest),
        views={name: records(state.newest) for name, state in states.items()},
        stations=records(answer[answer[PART] == STATIONS]),
        network=records(answer[answer[PART] == NETWORK]),
        ledger=_ledger(store, days[0], last, now),
        days=days,
        quarantined=_quarantined(store, days[0], last),
    )


def records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """A frame's rows as plain values: null is None, a time is a datetime, a whole number is one."""
    columns = {str(name): _values(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(column: "pd.Series[Any]") -> list[Any]:
    import pandas as pd  # noqa: PLC0415 - takes a second to import

    if column.dtype.kind == "M":
        return [None if time is pd.NaT else time.to_pydatetime() for time in column]
    return [None if value is None or value != value else value for value in column.astype(object)]  # noqa: PLR0124 - NaN and NaT


def _feed(store: LakeStore, newest: datetime | None) -> str | None:
    """Who made the newest hour's snapshots; None where that cannot be told."""
    for item in reversed(raw_objects(store, newest) if newest else []):
        try:
            return open_raw(store.read(item.key)).feed
        except (UnusableError, FileNotFoundError):
            continue
    return None


def _ledger(store: LakeStore, first: datetime, last: datetime, now: datetime) -> list[Slot]:
    """The slots from the lake's first hour on."""
    times = slot_times_in(store, first, last)
    begun = _first_hour(store, first, times)
    if begun is None:
        return []
    return ledger(hours_between(begun, last), lambda hour: times.get(hour, (set(), set())), now)


def _first_hour(store: LakeStore, first: datetime, found: Iterable[datetime]) -> datetime | None:
    """`first`, or the lake's first hour where that is later; `found` has the hours of anything since."""
    days = [date for layer in ("raw", "quarantine") for date in store.folders(source_prefix(layer))[:1]]
    older = bool(days) and min(days) < f"date={first:%Y-%m-%d}"
    return first if older else min(found, default=None)


def _quarantined(store: LakeStore, first: datetime, last: datetime) -> list[Reason]:
    """Why answers of these hours lie in quarantine, newest first; only so many are read."""
    items = [item for found in days_in(store, "quarantine", first, last).values() for item in found]
    taken = [(when, item.key) for item in items if (when := quarantine_time(item.key))]
    keys = [entry for entry in taken if entry[1].endswith(REASON_ENDING)]
    return [_reason(store, when, key) for when, key in sorted(keys, reverse=True)[:MOST_QUARANTINED]]


def _reason(store: LakeStore, when: datetime, key: str) -> Reason:
    try:
        told = json.loads(store.read(key))
        return Reason(when, str(told["code"]), str(told["reason"]))
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        return Reason(when, "unreadable", f"{store.address(key)} cannot be read")
