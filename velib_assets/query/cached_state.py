"""The newest state of a view, asked anew or, of a view over weeks, kept in the lake while it holds.

Belongs here: when a kept state holds. Does not: asking (query_engine).
"""

import hashlib
import json
from typing import Any

import pyarrow as pa

from velib_assets.catalog.catalog import Catalog
from velib_assets.lake.keys import hour_text, state_key
from velib_assets.lake.store import Change, LakeStore
from velib_assets.query.duckdb_engine import KpiState, QueryEngine
from velib_assets.query.frames import ARROW
from velib_assets.query.kpis import Kpi, hours_read, render


def newest_state(view: Kpi, engine: QueryEngine, catalog: Catalog, store: LakeStore) -> KpiState:
    """The view's newest state, as `QueryEngine.read` gives it.

    That of a `kept` view is read anew only where its statement or one of its partitions is another than when
    it was read last. What is kept may vanish at any time: then it is read again.

    Raises:
        QueryError: where the view does not answer.
        CatalogError: where the catalog cannot be read.
    """
    if not view.cached:
        return engine.read(view)
    digest = _digest(view, catalog)
    kept = _kept(view, store)
    if kept.get("digest") == digest:
        return KpiState(False, _table(view, kept["rows"]), kept["headline"])
    state = engine.read(view)
    rows = [list(row.values()) for row in state.newest.to_pylist()]
    found = {"digest": digest, "headline": state.headline, "rows": rows}
    store.publish([Change(state_key(view.name), json.dumps(found).encode())], lambda: True)
    return state


def _digest(view: Kpi, catalog: Catalog) -> str:
    """Of all that goes into the state: the statement, and what each registered partition was made of."""
    newest = next(iter(catalog.newest_hours(1)), None)
    parts = catalog.partitions(hours_read(view, newest))
    told = [f"{hour_text(p.hour)} {p.digest} {p.rows} {p.bytes}" for p in parts]
    return hashlib.sha256("\n".join([render(view, newest), *told]).encode()).hexdigest()


def _kept(view: Kpi, store: LakeStore) -> dict[str, Any]:
    try:
        found = json.loads(store.read(state_key(view.name)))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _table(view: Kpi, rows: list[list[Any]]) -> pa.Table:
    schema = pa.schema([(column.name, ARROW[column.type]) for column in view.schema])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
