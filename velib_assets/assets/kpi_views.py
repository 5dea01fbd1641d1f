"""The layer of the views: an asset each, from one factory.

Belongs here: what is told of a view. Does not: the SQL (velib_assets/sql) or running it (query engine).
"""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from velib_assets.assets.hourly import BLOCKED_BY, log_check, outs_of, waiting_for
from velib_assets.checks import evaluation, specs_of
from velib_assets.core import findings
from velib_assets.core.findings import Finding
from velib_assets.core.kpis import Kpi, code_version, sql_template
from velib_assets.core.words import one_line
from velib_assets.resources.catalog import CatalogError
from velib_assets.resources.kept_state import newest_state
from velib_assets.resources.query_engine import QueryError

PREVIEW_ROWS = 10
PREVIEW_WIDTH = 40


def kpi_asset(kpi: Kpi, **attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of the asset
    """The asset of one KPI view: refreshes its definition where it changed, and reads its newest state."""
    specs = specs_of(kpi.name)
    outs = outs_of(specs)

    @dg.op(
        name=f"{kpi.name}_view",
        ins={"upstream": dg.In(dg.Nothing)},
        out=outs,
        required_resource_keys={"query_engine", "catalog", "lake"},
    )
    def view(context: dg.OpExecutionContext) -> Iterator[dg.DagsterEvent]:
        finding, metadata = read_view(context.resources, kpi)
        # Dagster plans the check for the run's hour, though the view has none.
        partition = context.partition_key if context.has_partition_key else None
        key, tags = dg.AssetKey(kpi.name), {"dagster/code_version": code_version(kpi)}
        log_check(context, evaluation(key, "view_answers", finding, partition))
        if metadata is not None:
            context.log_event(dg.AssetMaterialization(key, metadata=metadata, tags=tags))
        yield from context.consume_events()
        if metadata is None:
            raise dg.Failure(finding.message, metadata={BLOCKED_BY: "view_answers"}, allow_retries=False)

    wait = waiting_for(kpi.name)

    @dg.graph_asset(
        name=kpi.name,
        ins={"upstream": dg.AssetIn("source_velib", dagster_type=dg.Nothing)},
        group_name="kpi",
        description=f"One row: {kpi.row_is}.\n\n```sql\n{sql_template(kpi).strip()}\n```\n",
        code_version=code_version(kpi),
        kinds={"sql"},
        check_specs=specs,
        **attributes,
    )
    def asset(upstream: Any) -> dict[str, Any]:  # noqa: ANN401 - a composition handle
        handles = view(wait(upstream))
        return {out: getattr(handles, out) for out in outs}

    return asset


def read_view(resources: Any, kpi: Kpi) -> tuple[Finding, dict[str, Any] | None]:  # noqa: ANN401 - Dagster's
    """Refresh the view and read its newest state: whether it answers, and what is told of it."""
    declared = [column[0] for column in kpi.columns]
    try:
        changed, newest, headline = newest_state(
            kpi, resources.query_engine, resources.catalog, resources.lake
        )
    except (QueryError, CatalogError, OSError) as error:
        return findings.view_answers(declared, None, str(error)), None
    return findings.view_answers(declared, list(newest.columns)), {
        **headline,
        "definition_changed": changed,
        "preview": dg.MetadataValue.md(markdown(newest.head(PREVIEW_ROWS))),
    }


def markdown(frame: Any) -> str:  # noqa: ANN401 - a pandas frame, which is not imported at load
    """A frame as a Markdown table; text from the feed is cut short and cannot become markup."""
    if frame.empty:
        return "*No rows in the newest snapshot.*"
    rows = [[_cell(value) for value in row] for row in frame.astype(object).itertuples(index=False)]
    head = "| " + " | ".join(str(name) for name in frame.columns) + " |"
    rule = "|" + " --- |" * len(frame.columns)
    return "\n".join([head, rule, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT are unlike themselves
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = one_line(" ".join(str(value).split()), PREVIEW_WIDTH)
    return _LINKED.sub("\N{WORD JOINER}", text).translate(_ESCAPES)


_LINKED = re.compile(
    r"(?=://)|(?<=www)|(?<=@)", re.IGNORECASE
)  # the UI makes links of bare addresses, escaped or not
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]()<>#|!~&"}
