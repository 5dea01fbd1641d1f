"""Reads the stored daily KPIs of local days, and whether they are current and as they were stored."""

from __future__ import annotations

import hashlib
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
from velib_assets.query.daily_file import read_daily_footer
from velib_assets.query.daily_kpis import DAILY_KPIS


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
    rows = {day: _read_day(lake, day) for day in days if day not in found}
    damaged = [day for day, tables in rows.items() if tables is None]
    if outdated or damaged:
        built_from = {day for local in (*outdated, *damaged) for day in utc_days_overlapped(local)}
        registered = [day for day in sorted(built_from) if catalog.partitions(hours_of_day(day))]
        states = {"without current daily KPIs": outdated, "damaged in the daily KPIs": damaged}
        raise UnpublishableError(incomplete(lake, days[0], states, registered or [*outdated, *damaged]))
    return {
        table.name: pa.concat_tables(
            [_empty(table), *(tables[table.name] for tables in rows.values() if tables)]
        )
        for table in DAILY
    }


def _read_day(lake: LakeStore, day: date) -> Mapping[str, pa.Table] | None:
    """Return the rows of a day by KPI; None if a file cannot be decoded, or has not the hash that was stored.

    The footer of the last file, which completes the day, has the hashes of the others.
    """
    footer = read_daily_footer(lake, daily_kpi_key(DAILY_KPIS[-1].name, day))
    hashes = {name: sha256 for name, (_, sha256) in footer.files.items()} if footer else {}
    tables: dict[str, pa.Table] = {}
    for table in DAILY:
        data = lake.read(daily_kpi_key(table.name, day))
        if hashes.get(table.name) not in (None, hashlib.sha256(data).hexdigest()):
            return None
        try:
            rows = pq.read_table(pa.BufferReader(data))
            rows = rows.append_column("date", pa.repeat(pa.scalar(day_text(day)), len(rows)))
            schema = _empty(table).schema
            tables[table.name] = rows.select(schema.names).cast(schema)
        except (pa.ArrowException, OSError, KeyError, ValueError):  # pyarrow raises all for damaged bytes
            return None
    return tables


def _empty(table: PublishedTable) -> pa.Table:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns]).empty_table()
