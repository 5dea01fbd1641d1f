"""The assets of the daily KPIs: one per KPI, all stored by one op, because a day is stored as a whole."""

import functools
import operator
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from velib_assets.catalog.catalog import Catalog, CatalogError
from velib_assets.defs import checks
from velib_assets.defs.asset_keys import PREFIX, asset_key
from velib_assets.defs.checks import Finding, specs_of
from velib_assets.defs.graphs import OWNERS, code_reference, column_schema, composition, outs_of, provenance
from velib_assets.defs.kpi_views import PREVIEW_ROWS, markdown
from velib_assets.defs.partitioned import Event, Outcome, log_outcomes
from velib_assets.defs.partitions import DAILY, days_of
from velib_assets.lake.keys import daily_kpi_key, day_text, parse_day
from velib_assets.lake.listing import utc_now
from velib_assets.lake.local_days import DAY
from velib_assets.lake.network import DECLARED_ZONE
from velib_assets.lake.schema import DATABASE
from velib_assets.lake.store import LakeStore
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_file import read_daily_footer, read_daily_rows
from velib_assets.query.daily_kpis import DAILY_KPIS, DailyKpi
from velib_assets.query.daily_sql import (
    daily_code_version,
    daily_sql_path,
    day_sql,
    history_days,
    local_days_computed_from,
)
from velib_assets.query.daily_store import DailyKpiResult, prepare_daily_kpis, store_daily_kpis
from velib_assets.query.engine import QueryEngine, QueryError
from velib_assets.query.network_sql import UNDECLARED_ZONE

_EXAMPLE, _WINTER = date(2022, 6, 4), date(2022, 12, 4)
_HISTORY_NODE = asset_key("station_history").to_python_identifier()
_SPECS = [spec for kpi in DAILY_KPIS for spec in specs_of(kpi.name)]


@dg.op(
    name="daily_kpis_days",
    ins={"upstream": dg.In(dg.Nothing)},
    out=outs_of([kpi.name for kpi in DAILY_KPIS], _SPECS),
)
def store_days(
    context: dg.OpExecutionContext,
    query_engine: dg.ResourceParam[QueryEngine],
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[LakeStore],
) -> Iterator[Event]:
    """Store the local days of the run, and those beside it that are computed from the same history.

    Of the latter those that are outdated, or stored and not known to Dagster, as in a new home.
    """
    selected = context.selected_output_names  # computed at each access
    names = [kpi.name for kpi in DAILY_KPIS if kpi.name in selected]
    days = days_of(context)
    builds_history = any(node.name == _HISTORY_NODE for node in context.job_def.nodes)
    known = context.instance.get_materialized_partitions(asset_key(DAILY_KPIS[-1].name))
    before, after = _beside(lake, catalog, days, known)
    outcomes = compute_days([*before, *days, *after], query_engine, lake, catalog)
    of_assets = (outcome for outcome in outcomes if outcome.asset in names)
    yield from log_outcomes(context, names, of_assets, is_reported=builds_history)


def _out(kpi: DailyKpi) -> dg.AssetOut:
    description = (
        f"One row: {kpi.grain}. A partition is a local day ({DECLARED_ZONE or UNDECLARED_ZONE}), stored as "
        f"one Parquet file; the view `{kpi.name}` reads all of them."
    )
    if DECLARED_ZONE:
        query = f"```sql\n{day_sql(kpi, _EXAMPLE)}\n```\n"
        description += f" The query of {day_text(_EXAMPLE)}:\n\n{query}"
    return dg.AssetOut(
        key_prefix=PREFIX or None,
        dagster_type=dg.Nothing,
        is_required=False,
        description=description,
        code_version=daily_code_version(kpi, DECLARED_ZONE),
        kinds={"sql", "parquet"},
        owners=OWNERS,
        metadata={**column_schema(kpi.columns), **code_reference(str(daily_sql_path(kpi.name)), 1)},
    )


def _history_of_a_day() -> dg.TimeWindowPartitionMapping:
    """Return the mapping from a local day to the UTC days that it may be computed from, in any season."""
    offsets = [(day - local).days for local in (_EXAMPLE, _WINTER) for day in history_days(local)]
    first, last = (min(offsets), max(offsets)) if DECLARED_ZONE else (-2, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.TimeWindowPartitionMapping(first, last, allow_nonexistent_upstream_partitions=True)


daily_kpis = dg.graph_multi_asset(
    name="daily_kpis",
    ins={
        "upstream": dg.AssetIn(
            asset_key("station_history"),
            dagster_type=dg.Nothing,
            partition_mapping=_history_of_a_day(),
        )
    },
    outs={kpi.name: _out(kpi) for kpi in DAILY_KPIS},
    group_name="daily",
    partitions_def=DAILY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=_SPECS,
    can_subset=True,
)(composition(store_days, "daily_kpis", "station_history_days"))


def compute_days(
    days: Sequence[date], engine: QueryEngine, store: LakeStore, catalog: Catalog
) -> Iterator[Outcome]:
    """Compute and store the daily KPIs of local days; yield what became of each day and KPI."""
    try:
        prepare_daily_kpis(engine, catalog)
    except (QueryError, CatalogError) as error:
        failed = [DailyKpiResult(kpi.name, day, error=str(error)) for day in days for kpi in DAILY_KPIS]
        yield from (_outcome(store, result) for result in failed)
        return
    for day in days:
        yield from (_outcome(store, result) for result in store_daily_kpis(day, engine, store, catalog))


def _beside(
    store: LakeStore, catalog: Catalog, days: Sequence[date], known: Collection[str]
) -> tuple[list[date], list[date]]:
    """Return the local days before and after `days` that share their history, and need to be computed.

    They are outdated or not known. West of Greenwich a local day ends in the next UTC day, with whose history
    it is complete.
    """
    before = [day for day in local_days_computed_from(days[0]) if day < days[0]]
    after = [day for day in local_days_computed_from(days[-1]) if day > days[-1]]
    return _needed(store, catalog, before, known), _needed(store, catalog, after, known)


def _needed(store: LakeStore, catalog: Catalog, days: Sequence[date], known: Collection[str]) -> list[date]:
    if days:
        with suppress(OSError, CatalogError):  # healing finds them
            outdated = outdated_local_days(catalog, store, utc_now(), days[0], days[-1])
            footers = {day: read_daily_footer(store, daily_kpi_key(DAILY_KPIS[-1].name, day)) for day in days}
            stored = {day for day, footer in footers.items() if footer and footer.rows}
            return sorted({*outdated} | (stored - {*map(parse_day, known)}))
    return []


def _outcome(store: LakeStore, result: DailyKpiResult) -> Outcome:
    day, text = result.day, day_text(result.day)

    def outcome(metadata: Mapping[str, Any] | None, findings: Mapping[str, Finding], summary: str) -> Outcome:
        return Outcome(result.name, text, day, text, metadata, findings, summary)

    if result.absent:  # with a digest, files say so: nothing failed, and the day is not requested again
        checked = {"day_computed": checks.day_computed(absent=result.error)} if result.digest else {}
        return outcome(None, checked, result.error)._replace(is_removed=result.changed)
    if result.error:
        # The KPIs of a day fail together: one alert, that of the first.
        finding = checks.day_computed(result.error, is_alerted=result.name == DAILY_KPIS[0].name)
        return outcome(None, {} if result.waits else {"day_computed": finding}, result.error)
    rows = read_daily_rows(store, result.name, day)
    findings = {"day_computed": checks.day_computed()}
    if result.name == checks.QUALITY:
        findings |= _quality(rows, read_daily_rows(store, result.name, day - DAY))
    metadata = {
        "dagster/row_count": result.rows,
        "bytes": result.bytes,
        **result.headline,
        "digest": result.digest,
        "dagster/table_name": f"{DATABASE}.{result.name}",
        "file": dg.MetadataValue.path(store.address(daily_kpi_key(result.name, day))),
        "preview": dg.MetadataValue.md(markdown(_notable(result.name, rows).slice(0, PREVIEW_ROWS))),
    }
    (version,) = (daily_code_version(kpi, DECLARED_ZONE) for kpi in DAILY_KPIS if kpi.name == result.name)
    tags = provenance("station_history", result.digest, version)
    return outcome(metadata, findings, f"{result.rows:,} rows")._replace(tags=tags)


@functools.cache
def _doubts() -> Mapping[str, pc.Expression]:
    """Return which rows of `kpi_station_quality` a check counts. Constants make pyarrow import pandas."""
    return {
        "frozen_stations": pc.field("is_frozen"),
        "never_reported": pc.field("never_reported"),
        "moved_stations": pc.field("is_moved"),
        "within_capacity": pc.field("max_over_capacity") > checks.MAX_OVER_CAPACITY,
        "equal_bike_types": pc.field("types_differ_snapshots") > 0,
    }


def _quality(rows: pa.Table, before: pa.Table) -> dict[str, Finding]:
    codes, known = (
        {name: table.filter(doubt)["station_id"].to_pylist() for name, doubt in _doubts().items()}
        for table in (rows, before)
    )
    return {
        "frozen_stations": checks.frozen_stations(codes["frozen_stations"], known["frozen_stations"]),
        "never_reported": checks.never_reported(codes["never_reported"], known["never_reported"], len(rows)),
        "moved_stations": checks.moved_stations(codes["moved_stations"]),
        "within_capacity": checks.within_capacity(codes["within_capacity"]),
        "equal_bike_types": checks.equal_bike_types(codes["equal_bike_types"]),
    }


def _notable(name: str, rows: pa.Table) -> pa.Table:
    """Return the rows of a day that deserve a look: the worst or the doubtful stations."""
    if name == checks.QUALITY:
        return rows.filter(functools.reduce(operator.or_, _doubts().values()))
    if "rank" in rows.column_names:
        return rows.filter(pc.field("rank") <= PREVIEW_ROWS).sort_by("rank")
    return rows
