"""The asset `velib_report`: one HTML page about the whole lake, built after the views."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.defs import checks
from velib_assets.defs.checks import Finding, specs_of
from velib_assets.defs.graphs import OWNERS, code_of, composition, log_check, outs_of
from velib_assets.lake.listing import utc_now
from velib_assets.lake.store import LakeStore
from velib_assets.query.engine import QueryEngine, QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets.report.model import TOTALS
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import write_report

NAME = "velib_report"
_SPECS = specs_of(NAME)
Metadata = dict[str, Any]


@dg.op(name=f"{NAME}_page", ins={"upstream": dg.In(dg.Nothing)}, out=outs_of(["result"], _SPECS))
def build_report(
    context: dg.OpExecutionContext,
    query_engine: dg.ResourceParam[QueryEngine],
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[LakeStore],
) -> Iterator[dg.DagsterEvent]:
    """Write the report and log its materialization and its check."""
    finding, metadata = make_report(query_engine, catalog, lake)
    log_check(context, NAME, "report_written", finding)
    if metadata is not None:
        context.log_event(dg.AssetMaterialization(NAME, metadata=metadata))
    yield from context.consume_events()


def make_report(engine: QueryEngine, catalog: Catalog, store: LakeStore) -> tuple[Finding, Metadata | None]:
    """Write the report; return its finding and, unless it failed, its metadata."""
    start = time.perf_counter()
    try:
        written = write_report(store, load_report_data(engine, catalog, store, utc_now()))
    except (QueryError, CatalogError, OSError, ValueError) as error:
        return checks.report_written(str(error)), None
    report = written.report
    newest, now = report["newest_ts"], report["totals"]["now"] or {}
    metadata: Metadata = {
        "page": dg.MetadataValue.path(written.address),
        "bytes": written.size,
        "seconds": round(time.perf_counter() - start, 3),
        **{name: now[name] for name in TOTALS if now.get(name) is not None},
        "episodes": len(report["episodes"]),
    }
    if newest:
        metadata["newest_snapshot"] = dg.TimestampMetadataValue(datetime.fromisoformat(newest).timestamp())
    return checks.report_written(), metadata


velib_report: dg.AssetsDefinition = dg.graph_asset(
    name=NAME,
    ins={view.name: dg.AssetIn(view.name, dagster_type=dg.Nothing) for view in VIEWS},
    group_name="report",
    description="The insights report: one HTML page with the network now, its last 24 hours and its typical "
    "week. The data of each chart is beside it as CSV and Parquet. Open it with `velib report --open`.",
    kinds={"html"},
    check_specs=_SPECS,
    owners=OWNERS,
    metadata=code_of(make_report),
)(composition(build_report, NAME))
