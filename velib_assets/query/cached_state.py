"""The newest states of the views; the state of a cached view is stored in the lake until it is outdated."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import pyarrow as pa

from velib_assets.catalog.catalog import DAMAGED, Catalog, CatalogError, newest_hour
from velib_assets.history.currency import current_days
from velib_assets.lake.keys import hour_text
from velib_assets.lake.store import LakeStore
from velib_assets.query.engine import KpiState, QueryEngine, QueryError
from velib_assets.query.frames import ARROW
from velib_assets.query.kpis import KPIS, Kpi
from velib_assets.query.stored_state import stored_state
from velib_assets.query.view_sql import hours_read, render

FAILURES = (QueryError, CatalogError, OSError)


def newest_states(
    views: Sequence[Kpi], engine: QueryEngine, catalog: Catalog, store: LakeStore
) -> list[KpiState | Exception]:
    """Return the newest state of each view, or the exception that it fails with, in the given order.

    The KPIs are read together; if one of them fails, each alone.
    """
    kpis = [view for view in views if view in KPIS]
    states: dict[str, KpiState | Exception] = {}
    with suppress(*FAILURES):
        if kpis:
            states |= {view.name: state for view, state in zip(kpis, engine.read(kpis), strict=True)}
    for view in views:
        if view.name not in states:
            try:
                states[view.name] = newest_state(view, engine, catalog, store)
            except FAILURES as error:
                states[view.name] = error
    return [states[view.name] for view in views]


def newest_state(view: Kpi, engine: QueryEngine, catalog: Catalog, store: LakeStore) -> KpiState:
    """Return the view's newest state.

    A cached view is read again only if its statement or one of its partitions changed, or if the stored state
    is missing or damaged. It is then read from the history, as far as that has the rows of the partitions:
    a day is one file, and not 24.

    Raises:
        QueryError: If the view fails.
        CatalogError: If the catalog cannot be read.
    """
    if not view.cached:
        return engine.read([view])[0]
    changed = False

    def read() -> dict[str, Any]:
        nonlocal changed
        state = _read(view, engine, catalog, store)
        changed = state.changed
        return {"headline": state.headline, "rows": [list(row.values()) for row in state.newest.to_pylist()]}

    content = stored_state(store, view.name, _digest(view, catalog), read)
    return KpiState(changed, _table(view, content["rows"]), content["headline"])


def _read(view: Kpi, engine: QueryEngine, catalog: Catalog, store: LakeStore) -> KpiState:
    """Read a view from the history where that is current; from the hours alone if it cannot be read."""
    hours = hours_read(view, newest_hour(catalog))
    days: list[date] = []
    if hours:
        days = current_days(store, catalog, hours[0].date(), hours[-1].date())
    try:
        return engine.read([view], days)[0]
    except QueryError:
        if not days:
            raise
    return engine.read([view])[0]


def _digest(view: Kpi, catalog: Catalog) -> str:
    """Return a digest of the statement and of the partitions that the state is read from."""
    newest = newest_hour(catalog)
    parts = catalog.partitions(hours_read(view, newest))
    lines = [f"{hour_text(p.hour)} {p.digest} {p.rows} {p.bytes}" for p in parts]
    lines += [f"{hour_text(p.hour)} {DAMAGED}" for p in parts if p.sha256 == DAMAGED]
    return hashlib.sha256("\n".join([render(view, newest), *lines]).encode()).hexdigest()


def _table(view: Kpi, rows: list[list[Any]]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW[column.type]) for column in view.schema])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
