"""The asset of the report: one HTML page about the whole lake, built after the views."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.defs import checks
from velib_assets.defs.asset_keys import PREFIX, asset_key
from velib_assets.defs.checks import specs_of
from velib_assets.defs.graphs import OWNERS, code_of, composition, log_check, outs_of
from velib_assets.lake.keys import REPORT
from velib_assets.lake.listing import utc_now
from velib_assets.lake.store import LakeStore
from velib_assets.query.engine import QueryEngine, QueryError
from velib_assets.query.kpis import VIEWS
from velib_assets.report.model import TOTALS
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import EmptyReportError, WrittenReport, write_report

_SPECS = specs_of(REPORT)


@dg.op(name=f"{REPORT}_page", ins={"upstream": dg.In(dg.Nothing)}, out=outs_of(["result"], _SPECS))
def build_report(
    context: dg.OpExecutionContext,
    query_engine: dg.ResourceParam[QueryEngine],
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[LakeStore],
) -> Iterator[dg.DagsterEvent]:
    """Write the report and log its materialization and its check."""
    start = time.perf_counter()
    try:
        written = write_report(lake, load_report_data(query_engine, catalog, lake, utc_now()))
    except (QueryError, CatalogError, EmptyReportError, OSError, ValueError) as error:
        log_check(context, REPORT, "report_written", checks.report_written(str(error)))
    else:
        log_check(context, REPORT, "report_written", checks.report_written())
        metadata = {**_metadata(written), "seconds": round(time.perf_counter() - start, 3)}
        context.log_event(dg.AssetMaterialization(asset_key(REPORT), metadata=metadata))
    yield from context.consume_events()


def _metadata(written: WrittenReport) -> dict[str, Any]:
    report = written.report
    newest, now = report["newest_ts"], report["totals"]["now"] or {}
    metadata = {
        "page": dg.MetadataValue.path(written.address),
        "bytes": written.size,
        **{name: now[name] for name in TOTALS if now.get(name) is not None},
        "episodes": len(report["episodes"]),
    }
    if newest:
        metadata["newest_snapshot"] = dg.TimestampMetadataValue(datetime.fromisoformat(newest).timestamp())
    return metadata


velib_report: dg.AssetsDefinition = dg.graph_asset(
    name=REPORT,
    key_prefix=PREFIX or None,
    ins={view.name: dg.AssetIn(asset_key(view.name), dagster_type=dg.Nothing) for view in VIEWS},
    group_name="report",
    description="The insights report: one HTML page with the network now, its last 24 hours, its days and "
    "its typical week. The data of each chart is beside it as CSV and Parquet. Open it with "
    "`velib report --open`.",
    kinds={"html"},
    check_specs=_SPECS,
    owners=OWNERS,
    metadata=code_of(write_report),
)(composition(build_report, REPORT, "kpi_views_read"))
