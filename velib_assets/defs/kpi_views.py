"""The layer of the views: an asset each, read by one op.

Belongs here: what is told of a view. Does not: the SQL (velib_assets/query/sql) or running it (query engine).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from velib_assets.catalog.catalog import CatalogError
from velib_assets.defs import findings
from velib_assets.defs.checks import evaluation, specs_of
from velib_assets.defs.findings import Finding
from velib_assets.defs.hourly import BLOCKED_BY, all_of, log_check, outs_of, waiting_for
from velib_assets.lake.text import one_line
from velib_assets.query.cached_state import newest_state
from velib_assets.query.engine import QueryError
from velib_assets.query.kpis import Kpi
from velib_assets.query.view_sql import code_version, standalone_sql

PREVIEW_ROWS = 10
PREVIEW_WIDTH = 40


def kpi_assets(views: Sequence[Kpi], attributes: Callable[[Kpi], dict[str, Any]]) -> dg.AssetsDefinition:
    """The assets of the views, one step for those of them that a run selects: a step each costs seconds.

    It refreshes the definitions that changed and reads the newest states. `attributes` are an asset's own.
    """
    specs = [spec for view in views for spec in specs_of(view.name)]
    outs = outs_of([view.name for view in views], specs)

    @dg.op(
        name="kpi_views_read",
        ins={"upstream": dg.In(dg.Nothing)},
        out=outs,
        required_resource_keys={"query_engine", "catalog", "lake"},
    )
    def read(context: dg.OpExecutionContext) -> Iterator[dg.DagsterEvent]:
        silent, selected = [], context.selected_output_names  # worked out at each look
        for view in views:
            if selected & {*outs_of([view.name], specs_of(view.name))}:
                finding = _log_view(context, view, made=view.name in selected)
                silent += [] if finding.passed else [f"{view.name}: {finding.message}"]
                yield from context.consume_events()
        if silent:
            facts = {BLOCKED_BY: "view_answers"}
            raise dg.Failure("; ".join(silent), metadata=facts, allow_retries=False)

    wait = waiting_for("kpi_views")

    @dg.graph_multi_asset(
        name="kpi_views",
        ins={"upstream": dg.AssetIn("source_velib", dagster_type=dg.Nothing)},
        outs={view.name: _out(view, **attributes(view)) for view in views},
        group_name="kpi",
        check_specs=specs,
        can_subset=True,
    )
    def assets(upstream: Any) -> dict[str, Any]:  # noqa: ANN401 - a composition handle
        return all_of(read(wait(upstream)), outs)

    return assets


def _out(view: Kpi, **attributes: Any) -> dg.AssetOut:  # noqa: ANN401 - of the asset
    return dg.AssetOut(
        dagster_type=dg.Nothing,
        is_required=False,
        description=f"One row: {view.grain}.\n\n```sql\n{standalone_sql(view)}\n```\n",
        code_version=code_version(view),
        kinds={"sql"},
        **attributes,
    )


def _log_view(context: dg.OpExecutionContext, view: Kpi, *, made: bool) -> Finding:
    """Read a view and log its check and, unless the check alone runs (not `made`), its materialization."""
    finding, metadata = read_view(context.resources, view)
    # Dagster plans the check for the run's hour, though the view has none.
    partition = context.partition_key if context.has_partition_key else None
    key, tags = dg.AssetKey(view.name), {"dagster/code_version": code_version(view)}
    log_check(context, evaluation(key, "view_answers", finding, partition))
    if metadata is not None and made:
        context.log_event(dg.AssetMaterialization(key, metadata=metadata, tags=tags))
    return finding


def read_view(resources: Any, kpi: Kpi) -> tuple[Finding, dict[str, Any] | None]:  # noqa: ANN401 - Dagster's
    """Refresh the view and read its newest state: whether it answers, and what is told of it."""
    declared = [column[0] for column in kpi.columns]
    try:
        changed, newest, headline = newest_state(
            kpi, resources.query_engine, resources.catalog, resources.lake
        )
    except (QueryError, CatalogError, OSError) as error:
        return findings.view_answers(declared, None, str(error)), None
    return findings.view_answers(declared, newest.column_names), {
        **headline,
        "definition_changed": changed,
        "preview": dg.MetadataValue.md(markdown(newest.slice(0, PREVIEW_ROWS))),
    }


def markdown(table: pa.Table) -> str:
    """Rows as a Markdown table; text from the feed is cut short and cannot become markup."""
    if not table.num_rows:
        return "*No rows in the newest snapshot.*"
    rows = [[_cell(value) for value in row.values()] for row in table.to_pylist()]
    head = "| " + " | ".join(table.column_names) + " |"
    rule = "|" + " --- |" * table.num_columns
    return "\n".join([head, rule, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is unlike itself
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = one_line(" ".join(str(value).split()), PREVIEW_WIDTH)
    return _LINKED.sub("\N{WORD JOINER}", text).translate(_ESCAPES)


_LINKED = re.compile(
    r"(?=://)|(?<=www)|(?<=@)", re.IGNORECASE
)  # the UI makes links of bare addresses, escaped or not
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]()<>#|!~&"}
