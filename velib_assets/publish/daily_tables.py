"""Reads the stored daily KPIs of local days, and whether they are current and as they were stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from velib_assets.catalog.catalog import Catalog
from velib_assets.clean.typed_snapshot import ARROW_TYPES
from velib_assets.lake.keys import daily_kpi_key, day_text, hours_of_day
from velib_assets.lake.local_days import utc_days_overlapped
from velib_assets.lake.store import LakeStore
from velib_assets.publish.month_history import UnpublishableError, incomplete
from velib_assets.publish.published_tables import DAILY, PublishedTable
from velib_assets.query.daily_currency import outdated_local_days
from velib_assets.query.daily_verification import damaged_daily_files


def daily_tables(
    lake: LakeStore, catalog: Catalog, days: Sequence[date], now: datetime
) -> Mapping[str, pa.Table]:
    """Return the rows of each daily KPI on these local days, by its name.

    Args:
        lake: has the rows.
        catalog: knows the history that they are computed from.
        days: the local days, in order, of which the history has a snapshot.
        now: the current time.

    Raises:
        UnpublishableError: The rows of a day are missing, outdated or damaged.
    """
    found = outdated_local_days(catalog, lake, now, days[0], days[-1]) if days else []
    outdated = [day for day in days if day in found]
    damaged = [day for day in days if day not in found and any(damaged_daily_files(lake, day))]
    if outdated or damaged:
        built_from = {day for local in (*outdated, *damaged) for day in utc_days_overlapped(local)}
        registered = [day for day in sorted(built_from) if catalog.partitions(hours_of_day(day))]
        states = {"without current daily KPIs": outdated, "damaged in the daily KPIs": damaged}
        raise UnpublishableError(incomplete(lake, days[0], states, registered or [*outdated, *damaged]))
    return {table.name: pa.concat_tables([_empty(table), *_days(lake, table, days)]) for table in DAILY}


def _days(lake: LakeStore, table: PublishedTable, days: Sequence[date]) -> list[pa.Table]:
    tables, schema = [], _empty(table).schema
    for day in days:
        source = pa.BufferReader(lake.read(daily_kpi_key(table.name, day)))
        rows = pq.ParquetFile(source).read(use_threads=False)
        rows = rows.append_column("date", pa.repeat(pa.scalar(day_text(day)), len(rows)))
        tables.append(rows.select(schema.names).cast(schema))
    return tables


def _empty(table: PublishedTable) -> pa.Table:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns]).empty_table()
