"""The report: a page over the whole lake, made anew after the views.

Belongs here: what is told of it. Does not: its data (resources.report_data), its files
(resources.report_files) or its looks (velib_assets/report).
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from velib_assets.catalog.catalog import CatalogError
from velib_assets.defs import findings
from velib_assets.defs.checks import evaluation, specs_of
from velib_assets.defs.findings import Finding
from velib_assets.defs.hourly import all_of, log_check, outs_of, waiting_for
from velib_assets.lake.listing import utc_now
from velib_assets.query.engine import QueryError
from velib_assets.report.network import TOTALS
from velib_assets.report.report_data import load_report_data
from velib_assets.report.writer import WrittenReport, write_report

NAME = "velib_report"
DESCRIPTION = """\
The insights report: one HTML page of the network now, its last 24 hours and its typical week. The numbers
behind each picture lie beside it as CSV and Parquet. `velib report --open` shows it.
"""


def velib_report_asset(upstream: Sequence[str], **attributes: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of the asset
    """The asset; it waits for all of `upstream`."""
    specs = specs_of(NAME)
    outs = outs_of(["result"], specs)

    @dg.op(
        name=f"{NAME}_page",
        ins={"upstream": dg.In(dg.Nothing)},
        out=outs,
        required_resource_keys={"query_engine", "catalog", "lake"},
    )
    def page(context: dg.OpExecutionContext) -> Iterator[dg.DagsterEvent]:
        finding, metadata = make_report(context.resources)
        # As with the views: the check is planned for the run's hour.
        partition = context.partition_key if context.has_partition_key else None
        key = dg.AssetKey(NAME)
        log_check(context, evaluation(key, "report_written", finding, partition))
        if metadata is not None:
            context.log_event(dg.AssetMaterialization(key, metadata=metadata))
        yield from context.consume_events()

    wait = waiting_for(NAME)

    @dg.graph_asset(
        name=NAME,
        ins={name: dg.AssetIn(name, dagster_type=dg.Nothing) for name in upstream},
        group_name="report",
        description=DESCRIPTION,
        kinds={"html"},
        check_specs=specs,
        **attributes,
    )
    def asset(**views: Any) -> dict[str, Any]:  # noqa: ANN401 - composition handles
        return all_of(page(wait(list(views.values()))), outs)

    return asset


def make_report(resources: Any) -> tuple[Finding, dict[str, Any] | None]:  # noqa: ANN401 - Dagster's
    """Make the report anew: whether it was written, and what is told of it; None where it was not."""
    start = time.perf_counter()
    try:
        found = load_report_data(resources.query_engine, resources.catalog, resources.lake, utc_now())
        written = write_report(resources.lake, found)
    except (QueryError, CatalogError, OSError, ValueError) as error:
        return findings.report_written(str(error)), None
    return findings.report_written(), _metadata(written, time.perf_counter() - start)


def _metadata(written: WrittenReport, seconds: float) -> dict[str, Any]:
    report = written.report
    newest, now = report["newest_ts"], report["totals"]["now"] or {}
    when = {"newest_snapshot": dg.TimestampMetadataValue(_seconds(newest))} if newest else {}
    return {
        "page": dg.MetadataValue.path(written.address),
        "bytes": written.size,
        "seconds": round(seconds, 3),
        **when,
        **{name: now[name] for name in TOTALS if now.get(name) is not None},
        "episodes": len(report["episodes"]),
    }


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
