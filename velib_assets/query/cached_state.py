"""The newest state of a view; a cached view's state is stored in the lake and read again when outdated."""

import hashlib
import json
from typing import Any

import pyarrow as pa

from velib_assets.catalog.catalog import Catalog, newest_hour
from velib_assets.lake.keys import hour_text, state_key
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.engine import KpiState, QueryEngine
from velib_assets.query.frames import ARROW
from velib_assets.query.kpis import Kpi
from velib_assets.query.view_sql import hours_read, render


def newest_state(view: Kpi, engine: QueryEngine, catalog: Catalog, store: LakeStore) -> KpiState:
    """Return the view's newest state, as `QueryEngine.read` does.

    A cached view is read again only if its statement or one of its partitions changed, or if somebody deleted
    the stored state.

    Raises:
        QueryError: If the view fails.
        CatalogError: If the catalog cannot be read.
    """
    if not view.cached:
        return engine.read(view)
    digest = _digest(view, catalog)
    stored = _stored(view, store)
    if stored.get("digest") == digest:
        return KpiState(False, _table(view, stored["rows"]), stored["headline"])
    state = engine.read(view)
    rows = [list(row.values()) for row in state.newest.to_pylist()]
    content = {"digest": digest, "headline": state.headline, "rows": rows}
    store.publish([Change(state_key(view.name), json.dumps(content).encode())], lambda: True)
    return state


def _digest(view: Kpi, catalog: Catalog) -> str:
    """Return a digest of the statement and of the partitions that the state is read from."""
    newest = newest_hour(catalog)
    parts = catalog.partitions(hours_read(view, newest))
    lines = [f"{hour_text(p.hour)} {p.digest} {p.rows} {p.bytes}" for p in parts]
    return hashlib.sha256("\n".join([render(view, newest), *lines]).encode()).hexdigest()


def _stored(view: Kpi, store: LakeStore) -> dict[str, Any]:
    try:
        content = json.loads(store.read(state_key(view.name)))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _table(view: Kpi, rows: list[list[Any]]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW[column.type]) for column in view.schema])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
