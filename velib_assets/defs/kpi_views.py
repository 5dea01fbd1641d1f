"""The assets of the KPI views: one per view, all read by one op, because each step costs seconds."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import Catalog
from velib_assets.defs import checks
from velib_assets.defs.asset_keys import PREFIX, asset_key
from velib_assets.defs.checks import specs_of
from velib_assets.defs.graphs import (
    OWNERS,
    blocking_output,
    code_reference,
    column_schema,
    composition,
    log_check,
    outs_of,
)
from velib_assets.lake.schema import TABLE
from velib_assets.lake.store import LakeStore
from velib_assets.lake.text import one_line
from velib_assets.query import sql
from velib_assets.query.cached_state import newest_states
from velib_assets.query.engine import KpiState, QueryEngine
from velib_assets.query.kpis import VIEWS, Kpi
from velib_assets.query.view_sql import code_version, standalone_sql

PREVIEW_ROWS = 10
PREVIEW_WIDTH = 40
_SPECS = [spec for view in VIEWS for spec in specs_of(view.name)]


@dg.op(
    name="kpi_views_read",
    ins={"upstream": dg.In(dg.Nothing)},
    out=outs_of([view.name for view in VIEWS], _SPECS),
)
def read_views(
    context: dg.OpExecutionContext,
    query_engine: dg.ResourceParam[QueryEngine],
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[LakeStore],
) -> Iterator[dg.DagsterEvent | dg.Output[None]]:
    """Refresh the selected views and log the newest state and the check of each.

    If a view failed, the others are read all the same, but nothing downstream runs.
    """
    selected = context.selected_output_names  # computed at each access
    views = [v for v in VIEWS if not selected.isdisjoint(outs_of([v.name], specs_of(v.name)))]
    for view, state in zip(views, newest_states(views, query_engine, catalog, lake), strict=True):
        finding = checks.view_answers(view, state)
        log_check(context, view.name, "view_answers", finding)
        if view.name in selected and not isinstance(state, Exception):  # else the check was selected alone
            tags = {"dagster/code_version": code_version(view)}
            context.log_event(
                dg.AssetMaterialization(asset_key(view.name), metadata=_metadata(state), tags=tags)
            )
        yield from context.consume_events()
        (spec,) = specs_of(view.name)
        if not finding.passed and spec.get_python_identifier() in selected:
            yield blocking_output(spec)


def _out(view: Kpi) -> dg.AssetOut:
    source = Path(sql.__file__).parent / f"{view.name}.sql"
    return dg.AssetOut(
        key_prefix=PREFIX or None,
        dagster_type=dg.Nothing,
        is_required=False,
        description=f"One row: {view.grain}.\n\n```sql\n{standalone_sql(view)}\n```\n",
        code_version=code_version(view),
        kinds={"sql"},
        owners=OWNERS,
        metadata={**column_schema(view.columns), **code_reference(str(source), 1)},
    )


kpi_views = dg.graph_multi_asset(
    name="kpi_views",
    ins={"upstream": dg.AssetIn(asset_key(TABLE), dagster_type=dg.Nothing)},
    outs={view.name: _out(view) for view in VIEWS},
    group_name="kpi",
    check_specs=_SPECS,
    can_subset=True,
)(composition(read_views, "kpi_views", f"{TABLE}_hours"))


def _metadata(state: KpiState) -> dict[str, Any]:
    return {
        **state.headline,
        "definition_changed": state.changed,
        "preview": dg.MetadataValue.md(markdown(state.newest.slice(0, PREVIEW_ROWS))),
    }


def markdown(table: pa.Table) -> str:
    """Format rows as a Markdown table. Text from the feed is shortened and cannot become markup."""
    if not table.num_rows:
        return "*No rows in the newest snapshot.*"
    rows = [[_cell(value) for value in row.values()] for row in table.to_pylist()]
    head = "| " + " | ".join(table.column_names) + " |"
    rule = "|" + " --- |" * table.num_columns
    return "\n".join([head, rule, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN does not equal itself
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = one_line(" ".join(str(value).split()), PREVIEW_WIDTH)
    return _ADDRESS.sub("\N{WORD JOINER}", text).translate(_ESCAPES)


# The UI turns plain addresses into links, whether they are escaped or not.
_ADDRESS = re.compile(r"(?=://)|(?<=www)|(?<=@)", re.IGNORECASE)
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]()<>#|!~&"}
